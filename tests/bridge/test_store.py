"""The embedded store: real Whisper files."""

import logging
import time

import pytest
import whisper

from fructosa_bridge.errors import DeliveryError
from fructosa_bridge.model import Batch
from fructosa_bridge.store import WhisperStore
from fructosa_bridge.translate import Translator


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
    """Counters are thinned out by their last value."""
    store.write([Batch(now_s, 2, [("n.reads_total.sda", 1.0), ("n.load", 1.0)])])

    reads = whisper.info(str(tmp_path / "n/reads_total/sda.wsp"))
    load = whisper.info(str(tmp_path / "n/load.wsp"))
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
    found = Translator().points(f"{'m' * 300}{{{labels}}} 1\n", "n", 10)

    await store.send([Batch(now_s, 10, found.points)])

    ((path, _),) = found.points
    assert [(now_s, 1.0)] == store.fetch(path, now_s - 10, now_s + 10)


async def test_a_folder_that_cannot_be_written_keeps_the_points_queued(tmp_path, now_s):
    """The error says which."""
    (tmp_path / "file").write_text("in the way")
    store = WhisperStore(tmp_path / "file")

    with pytest.raises(DeliveryError, match=r"Whisper files in .*file: Not a directory"):
        await store.send([Batch(now_s, 10, [("n.load", 1.0)])])
