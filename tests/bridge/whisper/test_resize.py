"""A series with a new interval gets a resized file, and keeps its points."""

import pytest
import whisper

from fructosa_bridge.model.points import Batch
from fructosa_bridge.whisper.resize import Resizer, resize
from fructosa_bridge.whisper.retentions import archives
from fructosa_bridge.whisper.store import WhisperStore
from fructosa_bridge.whisper.whisper_file import create

from .series import fill, slots, stored

_HOUR, _DAY = 3600, 86400
_NOW_S = 1_800_000_007


class SteppingClock:
    """A clock for Resizer that advances by so many seconds at each call."""

    def __init__(self, by_s=0.0):
        self.now_s, self.by_s = 1000.0, by_s

    def __call__(self):
        self.now_s += self.by_s
        return self.now_s


def test_a_shorter_interval_gets_shorter_slots_and_keeps_the_points(store, now_s):
    """From ten seconds to five."""
    old = list(range(now_s - 600, now_s - 100, 10))
    fill(store, "n.load", old, 10)

    fill(store, "n.load", [now_s - 5, now_s], 5)

    assert [5, 60, 3600] == slots(store, "n.load")
    expected = [(time_s, float(time_s)) for time_s in [*old, now_s - 5, now_s]]
    assert expected == store.fetch("n.load", now_s - 601, now_s)
    assert [] == list(store.folder.rglob("*.new"))


def test_a_longer_interval_gets_longer_slots_after_ten_points(store, now_s):
    """From five seconds to sixty. Old points are aggregated, and none is lost."""
    minute_s = now_s // 60 * 60
    fill(store, "n.load", range(minute_s - 1200, minute_s - 900, 5), 5)

    fill(store, "n.load", range(minute_s - 900, minute_s - 300, 60), 60)
    before = slots(store, "n.load")
    fill(store, "n.load", [minute_s - 300], 60)

    assert ([5, 60, 3600], [60, 3600]) == (before, slots(store, "n.load"))
    old = [(start_s, start_s + 27.5) for start_s in range(minute_s - 1200, minute_s - 900, 60)]
    new = [(time_s, float(time_s)) for time_s in range(minute_s - 900, minute_s - 299, 60)]
    assert old + new == store.fetch("n.load", minute_s - 1201, minute_s - 300)


def test_a_file_without_points_is_resized(store, now_s):
    """It was created, and the disk was full, or lmaster was killed, before its first point."""
    file = store.folder / "n" / "load.wsp"
    file.parent.mkdir(parents=True)
    create(file, list(archives(10)), "average")

    fill(store, "n.load", [now_s], 5)

    assert [5, 60, 3600] == slots(store, "n.load")
    assert [(now_s, float(now_s))] == store.fetch("n.load", now_s - 1, now_s)


def test_the_points_of_all_archives_are_kept(tmp_path):
    """Points that only the minutes or hours have are there after the change, unchanged."""
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
def test_a_longer_retention_of_the_old_file_is_kept(tmp_path, interval_s):
    """Even if new files do not reach back that far."""
    store = WhisperStore(tmp_path, clock=lambda: _NOW_S)
    file = tmp_path / "n/load.wsp"
    file.parent.mkdir()
    whisper.create(str(file), [(10, 2160), (_HOUR, 5 * 8760)], 0, "average", sparse=True)
    fill(store, "n.load", [_NOW_S - 1500 * _DAY], 10)

    resize(file, interval_s, _NOW_S)

    assert interval_s == slots(store, "n.load")[0]
    assert {float(_NOW_S - 1500 * _DAY)} == stored(store, "n.load")


def test_future_points_are_kept(tmp_path):
    """A clock that was set back leaves them behind."""
    store = WhisperStore(tmp_path, clock=lambda: _NOW_S)
    times = [_NOW_S - 20, _NOW_S + 13, _NOW_S + 5 * _HOUR]
    fill(store, "n.load", times, 10)

    resize(tmp_path / "n/load.wsp", 5, _NOW_S)

    assert {float(time_s) for time_s in times} == stored(store, "n.load")


def test_a_series_of_two_sections_keeps_the_shorter_slots(store, now_s):
    """Its file is not resized again and again as points of both arrive."""
    fill(store, "n.load", [now_s - 900], 10)
    inode = (store.folder / "n/load.wsp").stat().st_ino

    for time_s in range(now_s - 890, now_s, 10):
        fill(store, "n.load", [time_s], 60 if time_s % 60 == 0 else 10)
        if time_s % 30 == 0:
            fill(store, "n.load", [time_s], 30)

    assert inode == (store.folder / "n/load.wsp").stat().st_ino
    assert [10, 60, 3600] == slots(store, "n.load")


def test_many_files_are_resized_a_few_at_a_time(tmp_path, now_s):
    """The other files keep their slots, and their points are written."""
    store = WhisperStore(tmp_path, resizer=Resizer(SteppingClock(by_s=0.2)))
    paths = [f"n.load.{number}" for number in range(6)]
    store.write([Batch(now_s - 10, 10, [(path, 1.0) for path in paths])])

    resized = []
    for time_s in (now_s, now_s + 5, now_s + 10, now_s + 15):
        store.write([Batch(time_s, 5, [(path, 2.0) for path in paths])])
        resized.append(sum(slots(store, path)[0] == 5 for path in paths))
        assert all(
            (time_s // 5 * 5, 2.0) in store.fetch(path, now_s - 20, now_s + 20)
            or slots(store, path)[0] == 10
            for path in paths
        )

    assert [2, 4, 6, 6] == resized


@pytest.mark.parametrize("is_later", [False, True])
def test_a_file_that_can_not_be_resized_keeps_its_points(tmp_path, now_s, is_later, caplog):
    """The error is logged once. After a minute, the next attempt follows."""
    clock = SteppingClock()
    store = WhisperStore(tmp_path, resizer=Resizer(clock))
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
    assert 1 == caplog.text.count("cannot resize")


def test_a_resized_file_keeps_its_method_and_permissions(store, now_s):
    """They may have been changed with whisper's own tools."""
    fill(store, "n.load", [now_s - 10], 10)
    file = store.folder / "n/load.wsp"
    whisper.setAggregationMethod(str(file), "max", 0.5)
    file.chmod(0o640)

    fill(store, "n.load", [now_s], 5)

    header = whisper.info(str(file))
    assert ("max", 0.5) == (header["aggregationMethod"], header["xFilesFactor"])
    assert 0o640 == file.stat().st_mode & 0o777
