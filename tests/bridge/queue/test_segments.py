"""The queue as files."""

import os
import resource
from contextlib import contextmanager

import pytest

from fructosa_bridge.model.points import Batch, Paths, Points
from fructosa_bridge.queue.records import Position
from fructosa_bridge.queue.segments import Segments
from fructosa_service.errors import ServiceError


def batch(number, points=10):
    """Return a batch with so many points."""
    return Batch(number, 10, [(f"a.b{n}", float(n)) for n in range(points)])


class Clock:
    """A clock that a test sets."""

    now_s = 1_800_000_000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    """The clock of the files."""
    return Clock()


@pytest.fixture
def files(tmp_path, clock):
    """A function that opens the queue in the test's folder."""
    opened = []

    def make(limit_bytes=2**20, age_s=3600):
        opened.append(Segments(tmp_path / "queue", limit_bytes, age_s, clock))
        opened[-1].open()
        return opened[-1]

    yield make
    for made in opened:
        made.close()


def times(segments):
    """Return the times of all batches that are queued."""
    found, start = [], segments.start
    while start < segments.end:
        taken, start = segments.read(start, segments.end, 10**6)
        found += [got.time_s for got, _ in taken]
    return found


def test_what_was_appended_is_there_after_the_next_start(files):
    """Over many segments, with the count of its points."""
    first = files(16 * 1000)
    for number in range(40):
        first.append(batch(number))
    end = first.end
    first.close()

    second = files(16 * 1000)

    assert list(range(40)) == times(second)
    assert (end, 400) == (second.end, second.end.points - second.start.points)
    second.append(batch(40))
    assert list(range(41)) == times(second)


def test_who_was_killed_is_told_from_who_ended(files, tmp_path, caplog):
    """By a note that only who ends takes away; the log tells, too."""
    first = files()
    first.append(batch(0))
    first.close()

    ended = files()
    lock = ended._lock
    was_killed = ended.was_killed
    ended._lock = None  # as the kernel does for one that is killed
    os.close(lock)
    after = files()

    assert (False, False, True) == (first.was_killed, was_killed, after.was_killed)
    assert 1 == caplog.text.count("the previous lmaster was killed")


@pytest.mark.parametrize("cut", [1, 8, 50, 104])
def test_a_torn_tail_is_cut_off_and_counted(files, tmp_path, cut):
    """What stands before it is whole; what comes after is, too."""
    first = files()
    for number in range(3):
        first.append(batch(number))
    first.close()
    (path,) = (tmp_path / "queue").glob("*.segment")
    path.write_bytes(path.read_bytes()[:-cut])

    second = files()
    second.append(batch(7))

    assert [0, 1, 7] == times(second)
    assert second.torn_bytes == 9 + 28 + 80 - cut
    assert second.end.points == 30


def test_what_follows_a_torn_tail_is_there_after_one_more_start(files, tmp_path):
    """The cut lasts, and so does what was appended behind it."""
    first = files()
    first.append(batch(0))
    first.append(batch(1))
    first.close()
    (path,) = (tmp_path / "queue").glob("*.segment")
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-5])
    second = files()
    second.append(batch(2))
    second.close()

    third = files()

    assert [0, 2] == times(third)
    assert path.stat().st_size < whole - 5
    assert third.end.points == 20


def test_what_could_not_be_cut_off_hides_nothing(files, tmp_path):
    """A disk that refuses the cut leaves half a record behind, and the next segment whole."""
    first = files()
    first.append(batch(0))
    first.finish()
    first.append(batch(1))
    first.close()
    torn = min((tmp_path / "queue").glob("*.segment"))
    torn.write_bytes(torn.read_bytes() + b"half a record" * 20)

    second = files()

    assert [0, 1] == times(second)
    assert second.end.points == 20


def test_what_was_never_whole_is_removed(files, tmp_path):
    """A segment torn within its first bytes holds nothing."""
    (tmp_path / "queue").mkdir()
    (tmp_path / "queue" / f"{0:020}.segment").write_bytes(b"FrUCT")

    made = files()

    assert (5, []) == (made.torn_bytes, list((tmp_path / "queue").glob("*.segment")))


def test_the_oldest_segments_go_when_there_is_no_room(files):
    """Until all fits again."""
    made, dropped = files(16 * 1000), []
    for number in range(400):
        made.append(batch(number))
        dropped += made.drop_overdue()

    assert {"full"} == {why for _, why in dropped}
    assert dropped[-1][0] == made.start
    assert 14_000 < made.size_bytes <= 17_000
    assert list(range(400))[-len(times(made)) :] == times(made)


def test_what_is_too_old_goes(files, clock):
    """Segments last written before the limit."""
    made = files(age_s=160)
    made.append(batch(1))
    clock.now_s += 100
    made.append(batch(2))
    assert [] == made.drop_overdue()

    clock.now_s += 100

    assert ["old"] == [why for _, why in made.drop_overdue()]
    assert [2] == times(made)


def test_what_all_have_got_is_removed_but_for_the_newest_segment(files):
    """That one is still written."""
    made = files(16 * 1000)
    for number in range(40):
        made.append(batch(number))

    made.drop_delivered(made.end)

    assert made.size_bytes < 1200


def test_a_damaged_part_is_passed_over(files, tmp_path):
    """The rest of its segment can't be read; the next one can."""
    made = files(16 * 1000)
    for number in range(20):
        made.append(batch(number))
    first = min((tmp_path / "queue").glob("*.segment"))
    data = bytearray(first.read_bytes())
    data[500] ^= 1
    first.write_bytes(data)

    found = times(made)

    whole = [number for number in range(20) if number in found]
    assert whole == found
    assert 0 in found
    assert 19 in found
    assert 10 < len(found) < 20


def test_new_batches_stand_behind_what_a_destination_has_got(files, tmp_path, clock):
    """Else a power cut that lost the end of the queue would make new points look delivered."""
    made = Segments(tmp_path / "other", 2**20, 3600, clock)
    made.open(Position(5000, 70))

    start, _ = made.append(batch(1))
    made.close()
    again = Segments(tmp_path / "other", 2**20, 3600, clock)
    again.open(Position(9000, 90))
    later, _ = again.append(batch(2))
    again.close()

    assert start.offset > 5000
    assert start.points == 70
    assert later.offset > 9000
    assert later.points == 90


def test_one_lmaster_has_the_folder(files):
    """A second one is told so, and what to do."""
    files()

    with pytest.raises(ServiceError, match=r"another lmaster uses the queue in .*data directory"):
        files()


def test_others_may_not_look_into_it(files, tmp_path):
    """Points may name users."""
    files().append(batch(1))

    assert (tmp_path / "queue").stat().st_mode & 0o777 == 0o700


def test_several_batches_are_written_at_once(files):
    """Each has its own place, one behind the other, and is there after the next start."""
    first = files()

    places = first.extend([batch(number) for number in range(5)])

    assert [start for start, _ in places[1:]] == [end for _, end in places[:-1]]
    assert (first.end, 50) == (places[-1][1], first.end.points)
    assert [[3]] == [[got.time_s for got, _ in first.read(*places[3], 1)[0]]]
    first.close()
    assert list(range(5)) == times(files())


def test_no_batches_are_nothing(files):
    """And the next ones are written as ever."""
    made = files()

    assert [] == made.extend([])
    made.extend([batch(1)])

    assert [1] == times(made)


@contextmanager
def files_of_at_most(size):
    """Let no file become larger; what is written is cut there, as it is on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 1, 200, 400])
def test_of_several_batches_all_are_written_or_none(files, tmp_path, room):
    """A disk that fills up amid them leaves those before, and takes those after."""
    made = files()
    made.extend([batch(0)])
    before = made.end
    (path,) = (tmp_path / "queue").glob("*.segment")
    size = path.stat().st_size

    with files_of_at_most(size + room), pytest.raises(OSError, match="File too large"):
        made.extend([batch(number) for number in range(1, 5)])

    assert (before, [0], size) == (made.end, times(made), path.stat().st_size)
    made.extend([batch(7), batch(8)])
    assert [0, 7, 8] == times(made)
    made.close()
    assert [0, 7, 8] == times(files())


def test_a_batch_that_can_not_be_written_leaves_no_paths_behind(files):
    """Else those after it would name paths that stand nowhere."""
    made = files()
    paths = Paths(("a", "b"))
    good = Batch(1, 10, Points("n1.", paths, "", [1.0, 2.0]))
    bad = Batch(1, 10, Points("n" * 2**17, paths, "", [1.0, 2.0]))
    made.extend([batch(0)])

    with pytest.raises(Exception, match="format"):
        made.extend([good, bad])
    made.extend([good])

    assert [0, 1] == times(made)
