"""The embedded store: real Whisper files."""

import logging
import resource
import signal
import struct
import time
from collections import Counter
from contextlib import contextmanager

import pytest
import whisper
from hypothesis import given, settings
from hypothesis import strategies as st

from fructosa_bridge.model.errors import DeliveryError
from fructosa_bridge.model.points import Batch, Paths, Points
from fructosa_bridge.translate.translator import Translator
from fructosa_bridge.whisper.resize import Resizing, resize
from fructosa_bridge.whisper.retentions import archives
from fructosa_bridge.whisper.store import WhisperStore
from fructosa_bridge.whisper.whisper_file import Whole


@pytest.fixture
def store(tmp_path):
    """A store in an empty folder."""
    return WhisperStore(tmp_path)


@pytest.fixture
def now_s():
    """A time on a slot of ten seconds, not long ago."""
    return int(time.time()) // 10 * 10 - 100


def test_points_come_back_at_their_slots(store, now_s):
    """A later point of the same slot takes the place of the earlier one."""
    store.write(
        [
            Batch(now_s + 3, 10, [("c.n1.load", 1.0)]),
            Batch(now_s + 13, 10, [("c.n1.load", 2.0), ("c.n1.disk.:", 5.0)]),
            Batch(now_s + 14, 10, [("c.n1.load", 3.0)]),
        ]
    )

    found = store.fetch("c.n1.load", now_s - 10, now_s + 20)
    assert [(now_s, 1.0), (now_s + 10, 3.0)] == found
    assert [(now_s + 10, 5.0)] == store.fetch("c.n1.disk.:", now_s - 10, now_s + 20)


def test_series_are_found_by_patterns(store, now_s):
    """A star is one part, two are any number of them."""
    paths = ["c.n1.up.all", "c.n1.cpu.0.idle", "c.n1.cpu.1.idle", "c.n2.up.all"]
    store.write([Batch(now_s, 10, [(path, 1.0) for path in paths])])

    assert ["c.n1.cpu.0.idle", "c.n1.cpu.1.idle"] == store.find("c.n1.cpu.*.idle")
    assert ["c.n1.up.all", "c.n2.up.all"] == store.find("c.*.up.*")
    assert ["c.n1.cpu.0.idle", "c.n1.cpu.1.idle"] == store.find("c.n1.cpu.**.*")
    assert [] == store.find("c.n1.cpu")


def test_a_file_has_slots_of_its_interval_and_the_method_of_its_kind(store, tmp_path, now_s):
    """Counters are thinned out by their last value, whatever the node is called."""
    paths = Paths(("reads_total.sda", "load"))
    store.write([Batch(now_s, 2, Points("up.n_total.", paths, "", [1.0, 1.0]))])

    reads = whisper.info(str(tmp_path / "up/n_total/reads_total/sda.wsp"))
    load = whisper.info(str(tmp_path / "up/n_total/load.wsp"))
    assert ("last", "average") == (reads["aggregationMethod"], load["aggregationMethod"])
    assert [2, 60, 3600] == [archive["secondsPerPoint"] for archive in load["archives"]]
    assert load["xFilesFactor"] == 0


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\0" * 4096])
def test_a_damaged_file_costs_only_its_own_past(store, tmp_path, now_s, damage, caplog):
    """It is put aside, said so, and begun anew."""
    caplog.set_level(logging.ERROR)
    (tmp_path / "n").mkdir()
    (tmp_path / "n/load.wsp").write_bytes(damage)

    store.write([Batch(now_s, 10, [("n.load", 1.0), ("n.other", 2.0)])])

    assert [(now_s, 1.0)] == store.fetch("n.load", now_s - 10, now_s + 10)
    assert [(now_s, 2.0)] == store.fetch("n.other", now_s - 10, now_s + 10)
    assert damage == (tmp_path / "n/load.broken").read_bytes()
    assert "is damaged" in caplog.text


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\0" * 4096])
def test_a_damaged_file_has_no_points(store, tmp_path, now_s, damage):
    """Nor has one that is gone since it was found: a plot is drawn all the same."""
    (tmp_path / "load.wsp").write_bytes(damage)

    assert [] == store.fetch("load", now_s - 10, now_s + 10)
    assert [] == store.fetch("gone", now_s - 10, now_s + 10)


async def test_the_longest_series_of_a_hostile_page_is_stored(store, now_s):
    """One that no file system takes would hold up the points of all other nodes for ever."""
    labels = ",".join(f'l{number}="{"x" * 240}"' for number in range(40))
    found = Translator().translate(f"{'m' * 300}{{{labels}}} 1\n", "n", 10)

    await store.send([Batch(now_s, 10, found.points)])

    ((path, _),) = found.points
    assert [(now_s, 1.0)] == store.fetch(path, now_s - 10, now_s + 10)


async def test_a_folder_that_cannot_be_written_keeps_the_points_queued(tmp_path, now_s):
    """The error says which."""
    (tmp_path / "file").write_text("in the way")
    store = WhisperStore(tmp_path / "file")

    with pytest.raises(DeliveryError, match=r"Whisper files in .*file: Not a directory"):
        await store.send([Batch(now_s, 10, [("n.load", 1.0)])])


class Turns:
    """A clock for Resizing that goes on by so many seconds a look."""

    def __init__(self, by_s=0.0):
        self.now_s, self.by_s = 1000.0, by_s

    def __call__(self):
        self.now_s += self.by_s
        return self.now_s


def slots(store, path):
    """Return the seconds a slot of a series' archives."""
    header = whisper.info(str(store.folder / f"{path.replace('.', '/')}.wsp"))
    return [archive["secondsPerPoint"] for archive in header["archives"]]


def fill(store, path, times, interval_s):
    """Let a series come at *times*, each point with its time as value, one send each."""
    for time_s in times:
        store.write([Batch(time_s, interval_s, [(path, float(time_s))])])


_TIMES = st.one_of(
    st.integers(-3600, 60),
    st.integers(-800 * 86400, 10 * 86400),
    st.sampled_from([-8 * 86400, -6 * 3600, -6 * 3600 - 1, -1, 0, 1]),
)
_SENT = st.lists(st.tuples(_TIMES, st.floats(allow_nan=True, allow_infinity=True)), max_size=4)


@settings(max_examples=60)
@given(sends=st.lists(_SENT.filter(bool), min_size=1, max_size=12), step_s=st.sampled_from([1, 10]))
def test_a_file_is_what_whisper_itself_would_write(tmp_path_factory, sends, step_s):
    """Byte for byte: late, repeated, out of order, of the future, of long ago, no numbers.

    What is still to come it would write in a send of its own, and not what has no slot.
    """
    folder, now_s = tmp_path_factory.mktemp("store"), 1_800_000_007
    store = WhisperStore(folder, clock=lambda: now_s)
    peer = folder / "peer.wsp"
    whisper.create(str(peer), archives(step_s), 0, "average", sparse=True)
    oldest_s = (now_s // 3600 - 730 * 24 + 1) * 3600
    end_s = (now_s // step_s + 1) * step_s

    for send in sends:
        points = [(now_s + ago_s, value) for ago_s, value in send]
        store.write([Batch(time_s, step_s, [("n.load", value)]) for time_s, value in points])
        for times in (range(oldest_s, end_s), range(end_s, end_s + 6 * 3600)):
            whisper.update_many(str(peer), [one for one in points if one[0] in times], end_s)

    assert peer.read_bytes() == (folder / "n/load.wsp").read_bytes()


_NUMBERS = st.sampled_from([0, 1, 2, 3, 5, 10, 28, 40, 52, 60, 2160, 10**6, 2**31, 2**32 - 1])


@settings(max_examples=300)
@given(
    head=st.tuples(_NUMBERS, _NUMBERS, st.sampled_from([0.0, 0.5, 1.0, 7.0]), _NUMBERS),
    found=st.lists(st.tuples(_NUMBERS, _NUMBERS, _NUMBERS), max_size=9),
)
def test_no_damage_to_a_header_ends_the_store(tmp_path_factory, head, found):
    """The other series go on, and so does this one, in a new file."""
    folder = tmp_path_factory.mktemp("store")
    now_s = int(time.time()) // 10 * 10 - 100
    store = WhisperStore(folder)
    (folder / "n").mkdir()
    header = struct.pack("!2LfL", *head) + b"".join(struct.pack("!3L", *one) for one in found)
    (folder / "n/load.wsp").write_bytes(header + bytes(30_000))

    assert [] == store.fetch("n.load", now_s - 10, now_s + 20)
    store.write([Batch(now_s, 10, [("n.load", 1.0), ("n.other", 2.0)])])

    assert [(now_s, 1.0)] == store.fetch("n.load", now_s - 10, now_s + 20)
    assert [(now_s, 2.0)] == store.fetch("n.other", now_s - 10, now_s + 20)


@pytest.mark.parametrize(
    ("head", "found", "size"),
    [
        ((1, 21600, 0.0, 0), [], 25_948),
        ((1, 21600, 0.0, 1), [(28, 0, 2160)], 25_948),
        ((1, 21600, 0.0, 1), [(28, 10, 0)], 25_948),
        ((1, 21600, 0.0, 1), [(28, 10, 2160)], 25_947),
        ((1, 21601, 0.0, 1), [(28, 10, 2160)], 25_948),
        ((1, 21600, 0.0, 1), [(40, 10, 2160)], 25_960),
        ((1, 21600, 0.0, 2**32 - 1), [(28, 10, 2160)], 25_948),
        ((1, 43200, 0.0, 2), [(40, 10, 2160), (25_960, 15, 2880)], 60_520),
        ((9, 21600, 0.0, 1), [(28, 10, 2160)], 25_948),
        ((1, 21600, 2.0, 1), [(28, 10, 2160)], 25_948),
    ],
)
def test_a_header_that_makes_no_sense_is_damage(store, now_s, head, found, size):
    """Whisper itself would write to such a file, somewhere, or fail in many ways."""
    header = struct.pack("!2LfL", *head) + b"".join(struct.pack("!3L", *one) for one in found)
    file = store.folder / "load.wsp"
    file.write_bytes(header.ljust(size, b"\0"))

    assert [] == store.fetch("load", now_s - 10, now_s)
    fill(store, "load", [now_s], 10)

    assert [(now_s, float(now_s))] == store.fetch("load", now_s - 10, now_s)
    assert file.with_suffix(".broken").exists()


@pytest.mark.parametrize(
    ("time_s", "reason"),
    [(-1, "expired"), (0, "expired"), (1, "expired"), (2**32, "future"), (2**40, "future")],
)
def test_a_time_that_whisper_cannot_keep_damages_no_file(store, now_s, time_s, reason):
    """A clock gone wild costs its own points, which are counted."""
    fill(store, "n.load", [now_s], 10)

    lost = store.write([Batch(time_s, 10, [("n.load", 1.0), ("n.other", 2.0)])])

    assert Counter({reason: 2}) == lost
    assert [(now_s, float(now_s))] == store.fetch("n.load", now_s - 10, now_s)
    assert [] == list(store.folder.rglob("*.broken"))


_HOUR, _DAY = 3600, 86400
_NOW_S = 1_800_000_007


def stored(store, path):
    """Return the values in all slots of a series' file, whatever their times."""
    file = store.folder / f"{path.replace('.', '/')}.wsp"
    if not file.exists():
        return set()
    header, data = whisper.info(str(file)), file.read_bytes()
    slots = (
        struct.iter_unpack("!Ld", data[each["offset"] : each["offset"] + each["size"]])
        for each in header["archives"]
    )
    return {value for archive in slots for time_s, value in archive if time_s}


def served(store, hours, interval_s=10):
    """Let points come in one send, each with the number of its hour as value; return the losses."""
    return store.write(
        [Batch(hour * _HOUR + 7, interval_s, [("n.load", float(hour))]) for hour in hours]
    )


_PAST = st.one_of(st.integers(0, 13), st.integers(0, 900 * 24), st.integers(729 * 24, 731 * 24))
_BACK = st.integers(1, 13) | st.sampled_from([0, 30 * 24])


@settings(max_examples=80)
@given(
    sends=st.lists(st.lists(_PAST, min_size=1, max_size=6), max_size=6),
    interval_s=st.sampled_from([1, 10, 60, 3600]),
    into_s=st.sampled_from([0, 1, 7, 1800, 3599]),
)
def test_every_point_of_the_past_is_stored_or_counted(tmp_path_factory, sends, interval_s, into_s):
    """However old, in whatever order, at whatever moment of the hour; a point an hour comes."""
    hour = _NOW_S // _HOUR
    store = WhisperStore(tmp_path_factory.mktemp("store"), clock=lambda: hour * _HOUR + into_s + 7)

    lost: Counter[str] = Counter()
    for send in sends:
        lost += served(store, [hour - ago for ago in send], interval_s)

    came = [hour - ago for send in sends for ago in send]
    step_s, slots = archives(interval_s)[-1]
    oldest_s = ((hour * _HOUR + into_s + 7) // step_s - slots + 1) * step_s
    old = [one for one in came if one * _HOUR + 7 < oldest_s]
    assert Counter({"expired": len(old)} if old else {}) == lost
    assert set(came) - set(old) == stored(store, "n.load")


@settings(max_examples=120)
@given(
    before=st.lists(st.integers(0, 13), max_size=5),
    back_h=_BACK,
    sends=st.lists(st.lists(st.integers(-40 * 24, 13) | _PAST, max_size=6), max_size=4),
)
def test_every_point_is_stored_or_counted_when_the_clock_was_set_back(
    tmp_path_factory, before, back_h, sends
):
    """What waited is now of times to come: of the next hours it is stored, further on counted."""
    hour = _NOW_S // _HOUR
    now_s = [hour * _HOUR + 7]
    store = WhisperStore(tmp_path_factory.mktemp("store"), clock=lambda: now_s[0])
    served(store, [hour - ago for ago in before])
    now_s[0] -= back_h * _HOUR

    lost: Counter[str] = Counter()
    # Not the last hours of the retention: for a point of an hour to come one of them ends early.
    hours = [[hour - back_h - min(ago, 690 * 24) for ago in send] for send in sends]
    for send in hours:
        lost += served(store, send)

    came = [one for send in hours for one in send]
    ahead = [one for one in came if one - (hour - back_h) > 6]
    assert Counter({"future": len(ahead)} if ahead else {}) == lost
    assert {hour - ago for ago in before} | (set(came) - set(ahead)) == stored(store, "n.load")


@pytest.mark.parametrize(
    ("age_s", "lost"),
    [
        (-6 * _HOUR - 3, {"future": 1}),
        (-6 * _HOUR - 2, {}),
        (-1, {}),
        (0, {}),
        (730 * _DAY - _HOUR + 7, {}),
        (730 * _DAY - _HOUR + 8, {"expired": 1}),
        (730 * _DAY - _HOUR // 2, {"expired": 1}),
        (730 * _DAY, {"expired": 1}),
        (10**9, {"expired": 1}),
    ],
)
@pytest.mark.parametrize("is_alone", [True, False])
def test_what_no_slot_is_for_is_counted(tmp_path, age_s, lost, is_alone):
    """To the second, alone or beside others, which are stored."""
    store = WhisperStore(tmp_path, clock=lambda: _NOW_S)
    points = [(_NOW_S - age_s, 1.0)] if is_alone else [(_NOW_S - 20, 5.0), (_NOW_S - age_s, 1.0)]

    found = store.write([Batch(time_s, 10, [("n.load", value)]) for time_s, value in points])

    assert lost == found
    assert {value for _, value in points} - ({1.0} if lost else set()) == stored(
        store, "n.load"
    ) & {1.0, 5.0}


def test_points_of_six_hours_ago_take_no_place_of_new_ones(tmp_path):
    """The backlog is written after what is fresh, and its oldest points have other slots."""
    store = WhisperStore(tmp_path, clock=lambda: _NOW_S)
    fill(store, "n.load", [_NOW_S], 10)

    fill(store, "n.load", [_NOW_S - 6 * _HOUR + offset_s for offset_s in (-7, 0, 2)], 10)

    _, values = whisper.fetch(str(tmp_path / "n/load.wsp"), _NOW_S - 10, _NOW_S, _NOW_S)
    assert [float(_NOW_S)] == values


async def test_what_is_sent_again_is_counted_once(tmp_path):
    """A disk that gets full in the middle of a send costs no point."""
    store = WhisperStore(tmp_path, clock=lambda: _NOW_S)
    batches = [
        Batch(_NOW_S - 800 * _DAY, 10, [("n.old", 1.0)]),
        Batch(_NOW_S, 10, [("n.in.way", 1.0)]),
    ]
    (tmp_path / "n").mkdir()
    (tmp_path / "n/in").write_text("in the way")
    with pytest.raises(DeliveryError):
        await store.send(batches)
    (tmp_path / "n/in").unlink()

    assert {"expired": 1} == await store.send(batches)


def test_a_series_and_those_below_it_live_side_by_side(store, now_s):
    """`a.b` is a file, `a.b.c` one in a folder of nearly the same name."""
    store.write([Batch(now_s, 10, [("a.b", 1.0), ("a.b.c", 2.0), ("a", 3.0)])])

    assert [(now_s, 1.0)] == store.fetch("a.b", now_s - 10, now_s)
    assert [(now_s, 2.0)] == store.fetch("a.b.c", now_s - 10, now_s)
    assert ["a", "a.b", "a.b.c"] == sorted(store.find("**.*"))


@pytest.mark.parametrize("path", ["../x", "..", "a...b", "/etc/x", "a/../../../x", ".hidden"])
def test_no_path_leaves_the_folder(tmp_path, now_s, path):
    """Naming lets none of these through; if it did, the store would still keep them in."""
    folder = tmp_path / "deep" / "store"
    WhisperStore(folder).write([Batch(now_s, 10, [(path, 1.0)])])

    (file,) = tmp_path.rglob("*.wsp")
    assert folder in file.resolve().parents


def test_a_shorter_interval_gets_finer_slots_and_the_old_points_stay(store, now_s):
    """Ten seconds become five."""
    old = list(range(now_s - 600, now_s - 100, 10))
    fill(store, "n.load", old, 10)

    fill(store, "n.load", [now_s - 5, now_s], 5)

    assert [5, 60, 3600] == slots(store, "n.load")
    expected = [(time_s, float(time_s)) for time_s in [*old, now_s - 5, now_s]]
    assert expected == store.fetch("n.load", now_s - 601, now_s)
    assert [] == list(store.folder.rglob("*.new"))


def test_a_longer_interval_gets_its_slots_once_it_has_come_alone_for_a_while(store, now_s):
    """Five seconds become sixty: ten points later; old ones are summed up, none is lost."""
    minute_s = now_s // 60 * 60
    fill(store, "n.load", range(minute_s - 1200, minute_s - 900, 5), 5)

    fill(store, "n.load", range(minute_s - 900, minute_s - 300, 60), 60)
    before = slots(store, "n.load")
    fill(store, "n.load", [minute_s - 300], 60)

    assert ([5, 60, 3600], [60, 3600]) == (before, slots(store, "n.load"))
    old = [(start_s, start_s + 27.5) for start_s in range(minute_s - 1200, minute_s - 900, 60)]
    new = [(time_s, float(time_s)) for time_s in range(minute_s - 900, minute_s - 299, 60)]
    assert old + new == store.fetch("n.load", minute_s - 1201, minute_s - 300)


def test_all_archives_are_carried_over(tmp_path):
    """What only the minutes or hours still know is there after the change, unchanged."""
    now_s = 1_800_000_000
    store = WhisperStore(tmp_path, clock=lambda: now_s)
    ages = {100: 10, 100_000: 60, 30 * 86400: 3600}
    fill(store, "n.load", [now_s - age_s for age_s in ages], 10)

    fill(store, "n.load", [now_s], 2)

    for age_s, step_s in ages.items():
        slot_s = (now_s - age_s) // step_s * step_s
        _, values = whisper.fetch(str(tmp_path / "n/load.wsp"), slot_s - 1, slot_s + 1, now_s)
        assert float(now_s - age_s) in values


@pytest.mark.parametrize("interval_s", [5, _HOUR])
def test_a_change_of_the_interval_forgets_nothing_of_long_ago(tmp_path, interval_s):
    """Also of a file that reaches further back than those that are made here."""
    store = WhisperStore(tmp_path, clock=lambda: _NOW_S)
    file = tmp_path / "n/load.wsp"
    file.parent.mkdir()
    whisper.create(str(file), [(10, 2160), (_HOUR, 5 * 8760)], 0, "average", sparse=True)
    fill(store, "n.load", [_NOW_S - 1500 * _DAY], 10)

    resize(file, interval_s, _NOW_S)

    assert interval_s == slots(store, "n.load")[0]
    assert {float(_NOW_S - 1500 * _DAY)} == stored(store, "n.load")


def test_what_a_clock_that_was_set_back_has_left_is_carried_over(tmp_path):
    """Points of the next hours are there when their time has come."""
    store = WhisperStore(tmp_path, clock=lambda: _NOW_S)
    times = [_NOW_S - 20, _NOW_S + 13, _NOW_S + 5 * _HOUR]
    fill(store, "n.load", times, 10)

    resize(tmp_path / "n/load.wsp", 5, _NOW_S)

    assert {float(time_s) for time_s in times} == stored(store, "n.load")


def test_a_series_of_two_sections_keeps_the_finer_slots(store, now_s):
    """Their file is made once, not again and again as points of both come."""
    fill(store, "n.load", [now_s - 900], 10)
    inode = (store.folder / "n/load.wsp").stat().st_ino

    for time_s in range(now_s - 890, now_s, 10):
        fill(store, "n.load", [time_s], 60 if time_s % 60 == 0 else 10)
        if time_s % 30 == 0:
            fill(store, "n.load", [time_s], 30)

    assert inode == (store.folder / "n/load.wsp").stat().st_ino
    assert [10, 60, 3600] == slots(store, "n.load")


def test_many_files_are_made_anew_little_by_little(tmp_path, now_s):
    """When a turn's time is over the others keep their slots, and their points are written."""
    store = WhisperStore(tmp_path, resizing=Resizing(Turns(by_s=0.2)))
    paths = [f"n.load.{number}" for number in range(6)]
    store.write([Batch(now_s - 10, 10, [(path, 1.0) for path in paths])])

    turns = []
    for time_s in (now_s, now_s + 5, now_s + 10, now_s + 15):
        store.write([Batch(time_s, 5, [(path, 2.0) for path in paths])])
        turns.append(sum(slots(store, path)[0] == 5 for path in paths))
        assert all(
            (time_s // 5 * 5, 2.0) in store.fetch(path, now_s - 20, now_s + 20)
            or slots(store, path)[0] == 10
            for path in paths
        )

    assert [2, 4, 6, 6] == turns


@pytest.mark.parametrize("is_later", [False, True])
def test_a_file_that_cannot_be_made_anew_keeps_what_it_has(tmp_path, now_s, is_later, caplog):
    """The log says so once; after a minute it is tried again."""
    clock = Turns()
    store = WhisperStore(tmp_path, resizing=Resizing(clock))
    fill(store, "n.load", [now_s - 20], 10)
    (tmp_path / "n/load.new").mkdir()

    fill(store, "n.load", [now_s - 10, now_s], 5)
    (tmp_path / "n/load.new").rmdir()
    clock.now_s += 61 if is_later else 1
    fill(store, "n.load", [now_s + 5], 5)

    assert (5 if is_later else 10) == slots(store, "n.load")[0]
    assert [now_s - 20, now_s - 10, now_s] == [
        time_s for time_s, _ in store.fetch("n.load", now_s - 21, now_s + 1)
    ][:3]
    assert 1 == caplog.text.count("can't be made anew")


def test_a_file_keeps_the_method_and_rights_that_someone_gave_it(store, now_s):
    """Whisper's own tools can set a method."""
    fill(store, "n.load", [now_s - 10], 10)
    file = store.folder / "n/load.wsp"
    whisper.setAggregationMethod(str(file), "max", 0.5)
    file.chmod(0o640)

    fill(store, "n.load", [now_s], 5)

    header = whisper.info(str(file))
    assert ("max", 0.5) == (header["aggregationMethod"], header["xFilesFactor"])
    assert 0o640 == file.stat().st_mode & 0o777


@contextmanager
def full_after(size):
    """Let no file of this process grow beyond so many bytes, as a full disk does.

    Not until the end of the test: the report of the tests may be such a file.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


async def test_a_full_disk_keeps_the_points_queued(tmp_path, now_s):
    """The error names the file and the reason; no half file is left behind."""
    store = WhisperStore(tmp_path)
    await store.send([Batch(now_s, 10, [("n.load", 1.0)])])

    with full_after(70), pytest.raises(DeliveryError, match=r"File too large \(.*n/load\.wsp\)"):
        await store.send([Batch(now_s + 10, 10, [("n.load", 2.0)])])
    with full_after(70), pytest.raises(DeliveryError, match="File too large"):
        await store.send([Batch(now_s + 10, 10, [("n.other", 2.0)])])

    assert [tmp_path / "n/load.wsp"] == list(tmp_path.rglob("*.*"))


def test_half_a_point_written_is_an_error(tmp_path):
    """A plain file tells of it by a number, at which whisper does not look."""
    with full_after(70), Whole(str(tmp_path / "load.wsp"), "w") as handle:
        handle.seek(64)
        with pytest.raises(OSError, match="File too large"):
            handle.write(bytes(12))


def test_of_two_intervals_in_one_send_the_shorter_counts(store, now_s):
    """Also for a series that is new."""
    store.write([Batch(now_s, seconds, [("n.load", 1.0)]) for seconds in (60, 10, 30)])

    assert [10, 60, 3600] == slots(store, "n.load")
