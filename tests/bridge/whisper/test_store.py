"""The embedded store, with real Whisper files."""

import logging
import struct
import time
from collections import Counter

import pytest
import whisper
from hypothesis import given, settings
from hypothesis import strategies as st

from fructosa_bridge.model.errors import DeliveryError
from fructosa_bridge.model.points import Batch, Paths, Points
from fructosa_bridge.translate.translator import Translator
from fructosa_bridge.whisper.retentions import archives
from fructosa_bridge.whisper.store import WhisperStore

from .series import fill, full_after, slots, stored

_HOUR, _DAY = 3600, 86400
_NOW_S = 1_800_000_007


def test_points_are_fetched_from_their_slots(store, now_s):
    """A later point in the same slot replaces the earlier one."""
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
    """One star is one part of the path, two are any number of parts."""
    paths = ["c.n1.up.all", "c.n1.cpu.0.idle", "c.n1.cpu.1.idle", "c.n2.up.all"]
    store.write([Batch(now_s, 10, [(path, 1.0) for path in paths])])

    assert ["c.n1.cpu.0.idle", "c.n1.cpu.1.idle"] == store.find("c.n1.cpu.*.idle")
    assert ["c.n1.up.all", "c.n2.up.all"] == store.find("c.*.up.*")
    assert ["c.n1.cpu.0.idle", "c.n1.cpu.1.idle"] == store.find("c.n1.cpu.**.*")
    assert [] == store.find("c.n1.cpu")


def test_a_file_has_the_slots_and_the_method_of_its_series(store, tmp_path, now_s):
    """Counters are aggregated by their last value, whatever the node is called."""
    paths = Paths(("reads_total.sda", "load"))
    store.write([Batch(now_s, 2, Points("up.n_total.", paths, "", [1.0, 1.0]))])

    reads = whisper.info(str(tmp_path / "up/n_total/reads_total/sda.wsp"))
    load = whisper.info(str(tmp_path / "up/n_total/load.wsp"))
    assert ("last", "average") == (reads["aggregationMethod"], load["aggregationMethod"])
    assert [2, 60, 3600] == [archive["secondsPerPoint"] for archive in load["archives"]]
    assert load["xFilesFactor"] == 0


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\0" * 4096])
def test_a_damaged_file_is_replaced(store, tmp_path, now_s, damage, caplog):
    """It is renamed and logged; other series are not affected."""
    caplog.set_level(logging.ERROR)
    (tmp_path / "n").mkdir()
    (tmp_path / "n/load.wsp").write_bytes(damage)

    store.write([Batch(now_s, 10, [("n.load", 1.0), ("n.other", 2.0)])])

    assert [(now_s, 1.0)] == store.fetch("n.load", now_s - 10, now_s + 10)
    assert [(now_s, 2.0)] == store.fetch("n.other", now_s - 10, now_s + 10)
    assert damage == (tmp_path / "n/load.broken").read_bytes()
    assert "is damaged" in caplog.text


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\0" * 4096])
def test_fetching_from_a_damaged_or_missing_file_returns_no_points(store, tmp_path, now_s, damage):
    """A plot is drawn without them."""
    (tmp_path / "load.wsp").write_bytes(damage)

    assert [] == store.fetch("load", now_s - 10, now_s + 10)
    assert [] == store.fetch("gone", now_s - 10, now_s + 10)


async def test_the_longest_series_of_a_hostile_page_is_stored(store, now_s):
    """A path that no file system accepts would block the points of all other nodes."""
    labels = ",".join(f'l{number}="{"x" * 240}"' for number in range(40))
    found = Translator().translate(f"{'m' * 300}{{{labels}}} 1\n", "n", 10)

    await store.send([Batch(now_s, 10, found.points)])

    ((path, _),) = found.points
    assert [(now_s, 1.0)] == store.fetch(path, now_s - 10, now_s + 10)


async def test_a_folder_that_can_not_be_written_is_a_delivery_error(tmp_path, now_s):
    """The message has the path."""
    (tmp_path / "file").write_text("in the way")
    store = WhisperStore(tmp_path / "file")

    with pytest.raises(DeliveryError, match=r"Whisper files in .*file: Not a directory"):
        await store.send([Batch(now_s, 10, [("n.load", 1.0)])])


def in_the_way(folder):
    """Put something in the way of n.bad, each time something else; yield its error."""
    bad = folder / "n/bad.wsp"
    bad.mkdir(parents=True)
    yield "Is a directory"
    bad.rmdir()
    bad.symlink_to(bad)
    yield "Too many levels of symbolic links"
    bad.unlink()
    bad.symlink_to("x" * 300)
    yield "File name too long"


async def test_a_series_that_can_not_be_written_costs_itself_alone(tmp_path, now_s, caplog):
    """All others are written, its points are counted, and the log says what is in its way."""
    folder = tmp_path / "store"
    store = WhisperStore(folder)

    for reason in in_the_way(folder):
        batch = Batch(now_s, 10, [("n.one", 1.0), ("n.bad", 2.0), ("n.other", 3.0)])
        assert {"unwritable": 1} == await store.send([batch])
        assert [] == store.fetch("n.bad", now_s - 10, now_s + 10)
        assert {1.0} == stored(store, "n.one")
        assert {3.0} == stored(store, "n.other")
        assert f"{folder}/n/bad.wsp cannot be written: {reason}" in caplog.text


async def test_a_file_in_place_of_a_folder_costs_the_series_below_it(tmp_path, now_s):
    """One node's, not those of the others."""
    (tmp_path / "n1").write_text("in the way")
    store = WhisperStore(tmp_path)
    points = [(f"n{node}.{name}", 1.0) for node in (1, 2) for name in "abc"]

    assert {"unwritable": 3} == await store.send([Batch(now_s, 10, points)])
    assert ["n2.a", "n2.b", "n2.c"] == store.find("**.*")


_NUMBERS = st.sampled_from([0, 1, 2, 3, 5, 10, 28, 40, 52, 60, 2160, 10**6, 2**31, 2**32 - 1])


@settings(max_examples=300)
@given(
    head=st.tuples(_NUMBERS, _NUMBERS, st.sampled_from([0.0, 0.5, 1.0, 7.0]), _NUMBERS),
    found=st.lists(st.tuples(_NUMBERS, _NUMBERS, _NUMBERS), max_size=9),
)
def test_any_damaged_header_is_handled(tmp_path_factory, head, found):
    """The series continues in a new file, and other series are not affected."""
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
    ("time_s", "reason"),
    [(-1, "expired"), (0, "expired"), (1, "expired"), (2**32, "future"), (2**40, "future")],
)
def test_a_time_beyond_32_bits_damages_no_file(store, now_s, time_s, reason):
    """The points are dropped and counted."""
    fill(store, "n.load", [now_s], 10)

    dropped = store.write([Batch(time_s, 10, [("n.load", 1.0), ("n.other", 2.0)])])

    assert Counter({reason: 2}) == dropped
    assert [(now_s, float(now_s))] == store.fetch("n.load", now_s - 10, now_s)
    assert [] == list(store.folder.rglob("*.broken"))


def write_hours(store, hours, interval_s=10):
    """Write one point per hour in one send, with the hour as value; return the dropped points."""
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
def test_every_past_point_is_stored_or_counted(tmp_path_factory, sends, interval_s, into_s):
    """At any age, in any order, at any moment of the hour, with one point per hour."""
    hour = _NOW_S // _HOUR
    store = WhisperStore(tmp_path_factory.mktemp("store"), clock=lambda: hour * _HOUR + into_s + 7)

    dropped: Counter[str] = Counter()
    for send in sends:
        dropped += write_hours(store, [hour - ago for ago in send], interval_s)

    came = [hour - ago for send in sends for ago in send]
    step_s, slots = archives(interval_s)[-1]
    oldest_s = ((hour * _HOUR + into_s + 7) // step_s - slots + 1) * step_s
    old = [one for one in came if one * _HOUR + 7 < oldest_s]
    assert Counter({"expired": len(old)} if old else {}) == dropped
    assert set(came) - set(old) == stored(store, "n.load")


@settings(max_examples=120)
@given(
    before=st.lists(st.integers(0, 13), max_size=5),
    back_h=_BACK,
    sends=st.lists(st.lists(st.integers(-40 * 24, 13) | _PAST, max_size=6), max_size=4),
)
def test_every_point_is_stored_or_counted_after_the_clock_was_set_back(
    tmp_path_factory, before, back_h, sends
):
    """Future points are stored if they are a few hours ahead, and counted otherwise."""
    hour = _NOW_S // _HOUR
    now_s = [hour * _HOUR + 7]
    store = WhisperStore(tmp_path_factory.mktemp("store"), clock=lambda: now_s[0])
    write_hours(store, [hour - ago for ago in before])
    now_s[0] -= back_h * _HOUR

    dropped: Counter[str] = Counter()
    # Without the last hours of the retention: a future hour overwrites one of them.
    hours = [[hour - back_h - min(ago, 690 * 24) for ago in send] for send in sends]
    for send in hours:
        dropped += write_hours(store, send)

    came = [one for send in hours for one in send]
    ahead = [one for one in came if one - (hour - back_h) > 6]
    assert Counter({"future": len(ahead)} if ahead else {}) == dropped
    assert {hour - ago for ago in before} | (set(came) - set(ahead)) == stored(store, "n.load")


@pytest.mark.parametrize(
    ("age_s", "dropped"),
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
def test_points_without_a_slot_are_counted(tmp_path, age_s, dropped, is_alone):
    """To the second, alone or together with others, which are stored."""
    store = WhisperStore(tmp_path, clock=lambda: _NOW_S)
    points = [(_NOW_S - age_s, 1.0)] if is_alone else [(_NOW_S - 20, 5.0), (_NOW_S - age_s, 1.0)]

    found = store.write([Batch(time_s, 10, [("n.load", value)]) for time_s, value in points])

    assert dropped == found
    assert {value for _, value in points} - ({1.0} if dropped else set()) == stored(
        store, "n.load"
    ) & {1.0, 5.0}


def test_points_of_six_hours_ago_do_not_overwrite_new_ones(tmp_path):
    """The backlog is written after fresh points, and its oldest points have other slots."""
    store = WhisperStore(tmp_path, clock=lambda: _NOW_S)
    fill(store, "n.load", [_NOW_S], 10)

    fill(store, "n.load", [_NOW_S - 6 * _HOUR + offset_s for offset_s in (-7, 0, 2)], 10)

    _, values = whisper.fetch(str(tmp_path / "n/load.wsp"), _NOW_S - 10, _NOW_S, _NOW_S)
    assert [float(_NOW_S)] == values


async def test_points_that_are_sent_again_are_counted_once(tmp_path):
    """A disk that becomes full during a send costs no points."""
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


def test_a_series_and_those_below_it_can_both_exist(store, now_s):
    """`a.b` is a file, and `a.b.c` a file in a folder beside it."""
    store.write([Batch(now_s, 10, [("a.b", 1.0), ("a.b.c", 2.0), ("a", 3.0)])])

    assert [(now_s, 1.0)] == store.fetch("a.b", now_s - 10, now_s)
    assert [(now_s, 2.0)] == store.fetch("a.b.c", now_s - 10, now_s)
    assert ["a", "a.b", "a.b.c"] == sorted(store.find("**.*"))


@pytest.mark.parametrize("path", ["../x", "..", "a...b", "/etc/x", "a/../../../x", ".hidden"])
def test_no_path_leaves_the_folder(tmp_path, now_s, path):
    """Naming never produces such paths; if it did, their files would still be in the folder."""
    folder = tmp_path / "deep" / "store"
    WhisperStore(folder).write([Batch(now_s, 10, [(path, 1.0)])])

    (file,) = tmp_path.rglob("*.wsp")
    assert folder in file.resolve().parents


async def test_a_full_disk_is_a_delivery_error(tmp_path, now_s):
    """The message has the file and the reason, and no partial file is left."""
    store = WhisperStore(tmp_path)
    await store.send([Batch(now_s, 10, [("n.load", 1.0)])])

    with full_after(70), pytest.raises(DeliveryError, match=r"File too large \(.*n/load\.wsp\)"):
        await store.send([Batch(now_s + 10, 10, [("n.load", 2.0)])])
    with full_after(70), pytest.raises(DeliveryError, match="File too large"):
        await store.send([Batch(now_s + 10, 10, [("n.other", 2.0)])])

    assert [tmp_path / "n/load.wsp"] == list(tmp_path.rglob("*.*"))


def test_the_shorter_of_two_intervals_in_one_send_counts(store, now_s):
    """Also for a new series."""
    store.write([Batch(now_s, seconds, [("n.load", 1.0)]) for seconds in (60, 10, 30)])

    assert [10, 60, 3600] == slots(store, "n.load")
