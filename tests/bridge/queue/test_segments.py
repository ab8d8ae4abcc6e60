"""The files of the queue on disk."""

import os
import re
import resource
from contextlib import contextmanager

import pytest

from fructosa_bridge.model.points import Batch, Paths, Points
from fructosa_bridge.queue.records import Position
from fructosa_bridge.queue.segments import CANNOT_READ, IN_USE, Segments, sync
from fructosa_service.errors import ServiceError


def batch(number, points=10):
    """Return a batch with so many points."""
    return Batch(number, 10, [(f"a.b{n}", float(n)) for n in range(points)])


class Clock:
    """A clock that a test sets."""

    now_s = 1_800_000_000.0
    set_by_s = 0.0

    def __call__(self):
        return self.now_s + self.set_by_s

    def monotonic(self):
        """Return the time of the clock that nobody sets."""
        return self.now_s


@pytest.fixture
def clock():
    """The clock that sets the age of segments."""
    return Clock()


@pytest.fixture
def open_segments(tmp_path, clock):
    """A function that opens the queue in the folder of the test."""
    opened = []

    def open_queue(limit_bytes=2**20, age_s=3600):
        opened.append(Segments(tmp_path / "queue", limit_bytes, age_s, clock, clock.monotonic))
        opened[-1].open()
        return opened[-1]

    yield open_queue
    for segments in opened:
        segments.close()


def times(segments):
    """Return the times of all batches in the queue."""
    result, start = [], segments.start
    while start < segments.end:
        batches, start = segments.read(start, segments.end, 10**6)
        result += [batch.time_s for batch, _ in batches]
    return result


def test_appended_batches_are_still_there_after_a_restart(open_segments):
    """Over many segments, with the right number of points."""
    first = open_segments(16 * 1000)
    for number in range(40):
        first.append(batch(number))
    end = first.end
    first.close()

    second = open_segments(16 * 1000)

    assert list(range(40)) == times(second)
    assert (end, 400) == (second.end, second.end.points - second.start.points)
    second.append(batch(40))
    assert list(range(41)) == times(second)


def test_a_killed_lmaster_is_recognised_by_the_next_one(open_segments, tmp_path, caplog):
    """It leaves a mark that a clean exit removes; the log reports it."""
    first = open_segments()
    first.append(batch(0))
    first.close()

    ended = open_segments()
    lock = ended._lock
    was_killed = ended.was_killed
    ended._lock = None  # so that it is unlocked as if the process was killed
    os.close(lock)
    after = open_segments()

    assert (False, False, True) == (first.was_killed, was_killed, after.was_killed)
    assert 1 == caplog.text.count("the previous lmaster was killed")


@pytest.mark.parametrize("cut", [1, 130])
def test_a_torn_tail_is_left_out_and_counted(open_segments, tmp_path, cut):
    """What was before it, and what is appended later, is undamaged."""
    first = open_segments()
    for number in range(3):
        first.append(batch(number))
    first.close()
    (path,) = (tmp_path / "queue").glob("*.segment")
    path.write_bytes(path.read_bytes()[:-cut])

    second = open_segments()
    second.append(batch(7))

    assert [0, 1, 7] == times(second)
    assert second.torn_bytes == 37 + 28 + 80 - cut
    assert second.end.points == 30


def test_what_is_appended_after_a_torn_tail_survives_a_restart(open_segments, tmp_path):
    """It is in another file."""
    first = open_segments()
    first.append(batch(0))
    first.append(batch(1))
    first.close()
    (path,) = (tmp_path / "queue").glob("*.segment")
    path.write_bytes(path.read_bytes()[:-5])
    second = open_segments()
    second.append(batch(2))
    second.close()

    third = open_segments()

    assert [0, 2] == times(third)
    assert third.end.points == 20


def test_a_torn_tail_hides_nothing(open_segments, tmp_path):
    """Half a record is followed by another, undamaged segment."""
    first = open_segments()
    first.append(batch(0))
    first.finish()
    first.append(batch(1))
    first.close()
    torn = min((tmp_path / "queue").glob("*.segment"))
    torn.write_bytes(torn.read_bytes() + b"half a record" * 20)

    second = open_segments()

    assert [0, 1] == times(second)
    assert second.end.points == 20


def test_a_segment_with_a_torn_header_is_removed(open_segments, tmp_path):
    """It contains nothing."""
    (tmp_path / "queue").mkdir()
    (tmp_path / "queue" / f"{0:020}.segment").write_bytes(b"FrUCT")

    segments = open_segments()

    assert (5, []) == (segments.torn_bytes, list((tmp_path / "queue").glob("*.segment")))


def test_the_oldest_segments_are_dropped_when_the_queue_is_full(open_segments):
    """Until the queue is below its limit again."""
    segments, dropped = open_segments(16 * 1000), []
    for number in range(400):
        segments.append(batch(number))
        dropped += segments.drop_overdue()

    assert {"full"} == {reason for _, reason in dropped}
    assert dropped[-1][0] == segments.start
    assert 14_000 < segments.size_bytes <= 17_000
    assert list(range(400))[-len(times(segments)) :] == times(segments)


def test_segments_that_are_too_old_are_dropped(open_segments, clock):
    """The time of their last write counts."""
    segments = open_segments(age_s=1600)
    segments.append(batch(1))
    clock.now_s += 1000
    segments.append(batch(2))
    assert [] == segments.drop_overdue()

    clock.now_s += 1000

    assert ["old"] == [reason for _, reason in segments.drop_overdue()]
    assert [2] == times(segments)


def test_a_clock_that_is_wrong_for_a_while_makes_nothing_old(open_segments, clock):
    """Neither at a start, before it is set right, nor while lmaster runs; the size counts on."""
    first = open_segments(16 * 1000)
    for number in range(10):
        first.append(batch(number))
    first.close()
    clock.set_by_s = 30 * 86400.0
    second = open_segments(16 * 1000)

    at_start = second.drop_overdue()
    clock.now_s, clock.set_by_s = clock.now_s + 300, 0.0
    set_right = second.drop_overdue()
    clock.now_s += 3000
    second.append(batch(10))
    clock.set_by_s = 30 * 86400.0
    stepped = second.drop_overdue()
    for number in range(11, 400):
        second.append(batch(number))
    full = second.drop_overdue()

    assert ([], [], []) == (at_start, set_right, stepped)
    assert {"full"} == {reason for _, reason in full}


def test_what_is_old_by_a_clock_that_stays_as_it_is_is_dropped(open_segments, clock):
    """After ten minutes it is trusted."""
    first = open_segments(16 * 1000)
    first.append(batch(0))
    first.close()
    clock.now_s += 86400
    second = open_segments(16 * 1000)
    assert [] == second.drop_overdue()

    clock.now_s += 600

    assert ["old"] == [reason for _, reason in second.drop_overdue()]


def test_delivered_segments_are_removed_except_the_newest(open_segments):
    """It is still being written."""
    segments = open_segments(16 * 1000)
    for number in range(40):
        segments.append(batch(number))

    segments.drop_delivered(segments.end)

    assert segments.size_bytes < 1200


def test_a_damaged_part_is_skipped(open_segments, tmp_path):
    """The rest of its segment is read, and the next segments are."""
    segments = open_segments(16 * 1000)
    for number in range(20):
        segments.append(batch(number))
    first = min((tmp_path / "queue").glob("*.segment"))
    data = bytearray(first.read_bytes())
    data[500] ^= 1
    first.write_bytes(data)

    result = times(segments)

    assert 19 == len(result)
    assert sorted(result) == result


def test_a_segment_that_is_gone_is_skipped(open_segments, tmp_path, caplog):
    """The log has the reason."""
    segments = open_segments()
    segments.append(batch(1))
    (path,) = (tmp_path / "queue").glob("*.segment")
    path.unlink()

    assert ([], segments.end) == segments.read(segments.start, segments.end, 10)
    assert CANNOT_READ % (path, "it is gone") in caplog.messages


def _folder(path):
    path.unlink()
    path.mkdir()


def _link(path):
    path.unlink()
    path.symlink_to("/etc/passwd")


def _pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "replace",
    [_folder, _link, _pipe, lambda path: path.write_bytes(os.urandom(900))],
    ids=["folder", "link", "pipe", "other bytes"],
)
def test_what_is_no_segment_is_set_aside(open_segments, tmp_path, replace):
    """It is neither read nor removed; the other segments are used."""
    first = open_segments(16 * 1000)
    for number in range(20):
        first.append(batch(number))
    first.close()
    path = min((tmp_path / "queue").glob("*.segment"))
    replace(path)

    second = open_segments(16 * 1000)

    assert 0 < len(times(second)) < 20
    assert not os.path.lexists(path)
    assert os.path.lexists(tmp_path / "queue" / "damaged" / path.name)


def test_damaged_files_are_kept_until_the_queue_needs_their_room(open_segments, tmp_path):
    """They count towards the limit of the queue."""
    segments, kept = open_segments(16 * 1000), tmp_path / "queue" / "damaged"
    for number in range(20):
        segments.append(batch(number))
    path = min((tmp_path / "queue").glob("*.segment"))
    path.write_bytes(path.read_bytes()[:200] + bytes(100) + path.read_bytes()[300:])
    times(segments)

    segments.drop_delivered(segments.end)
    assert [path.name] == [each.name for each in kept.iterdir()]
    for number in range(400):
        segments.append(batch(number))
        segments.drop_overdue()

    assert [] == list(kept.iterdir())


@pytest.mark.parametrize("fails", [1, 2])
def test_a_segment_that_cannot_be_begun_leaves_no_file_behind(open_segments, tmp_path, fails):
    """A disk that stays full is tried every second."""
    segments = open_segments()

    for _ in range(fails):
        with file_size_limit(10), pytest.raises(OSError, match="File too large"):
            segments.append(batch(1))

    assert [] == list((tmp_path / "queue").glob("*.segment"))


def test_all_files_are_closed_if_one_cannot_be_synced(tmp_path):
    """A disk that fails for days must not use up the open files."""
    unsyncable, syncable = os.pipe()[0], os.open(tmp_path, os.O_RDONLY)

    with pytest.raises(OSError, match="Invalid argument"):
        sync([unsyncable, syncable])

    for file in (unsyncable, syncable):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(file)


def test_new_batches_are_after_the_furthest_position_of_a_destination(
    open_segments, tmp_path, clock
):
    """Otherwise, if a power failure lost the end of the queue, new points would look delivered."""
    first = Segments(tmp_path / "other", 2**20, 3600, clock)
    first.open(Position(5000, 70))

    start, _ = first.append(batch(1))
    first.close()
    second = Segments(tmp_path / "other", 2**20, 3600, clock)
    second.open(Position(9000, 90))
    later, _ = second.append(batch(2))
    second.close()

    assert start.offset > 5000
    assert start.points == 70
    assert later.offset > 9000
    assert later.points == 90


def test_only_one_lmaster_can_use_the_folder(open_segments):
    """The error of the second one says what to do."""
    in_use = IN_USE.format(folder=open_segments().folder)

    with pytest.raises(ServiceError, match=re.escape(in_use)):
        open_segments()


def test_other_users_cannot_read_the_queue(open_segments, tmp_path):
    """Labels may contain names of users."""
    open_segments().append(batch(1))

    assert (tmp_path / "queue").stat().st_mode & 0o777 == 0o700


def test_several_batches_are_written_together(open_segments):
    """Their ranges adjoin, and all are there after a restart."""
    first = open_segments()

    ranges = first.extend([batch(number) for number in range(5)])

    assert [start for start, _ in ranges[1:]] == [end for _, end in ranges[:-1]]
    assert (first.end, 50) == (ranges[-1][1], first.end.points)
    assert [3] == [batch.time_s for batch, _ in first.read(*ranges[3], 1)[0]]
    first.close()
    assert list(range(5)) == times(open_segments())


def test_an_empty_list_of_batches_writes_nothing(open_segments):
    """The next batches are written as usual."""
    segments = open_segments()

    assert [] == segments.extend([])
    segments.extend([batch(1)])

    assert [1] == times(segments)


@contextmanager
def file_size_limit(size):
    """Let no file grow beyond *size*; writes stop there as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("free_bytes", [0, 1, 200, 400])
def test_either_all_batches_of_a_write_are_written_or_none(open_segments, tmp_path, free_bytes):
    """If the disk is full in between, earlier and later batches are undamaged."""
    segments = open_segments()
    segments.extend([batch(0)])
    before = segments.end
    (path,) = (tmp_path / "queue").glob("*.segment")
    size = path.stat().st_size

    with file_size_limit(size + free_bytes), pytest.raises(OSError, match="File too large"):
        segments.extend([batch(number) for number in range(1, 5)])

    assert (before, [0], size) == (segments.end, times(segments), path.stat().st_size)
    segments.extend([batch(7), batch(8)])
    assert [0, 7, 8] == times(segments)
    segments.close()
    assert [0, 7, 8] == times(open_segments())


def test_a_batch_that_cannot_be_encoded_leaves_no_paths_behind(open_segments):
    """Otherwise later batches would refer to paths that were never written."""
    segments = open_segments()
    paths = Paths(("a", "b"))
    valid = Batch(1, 10, Points("n1.", paths, "", [1.0, 2.0]))
    too_long = Batch(1, 10, Points("n" * 2**17, paths, "", [1.0, 2.0]))
    segments.extend([batch(0)])

    with pytest.raises(Exception, match="format"):
        segments.extend([valid, too_long])
    segments.extend([valid])

    assert [0, 1] == times(segments)


def test_a_clock_that_is_set_back_makes_no_negative_age(open_segments, clock):
    """Nor one that is set ahead and back."""
    segments = open_segments()
    segments.append(batch(1))

    clock.now_s += 7
    assert segments.age_s == 7
    clock.set_by_s = -3600.0
    assert segments.age_s == 0
