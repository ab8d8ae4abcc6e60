"""What nodes have had is kept over a restart, and nothing that fails there is an error."""

import sqlite3
from contextlib import closing

import pytest

from fructosa_bridge.series import kept_series
from fructosa_bridge.series.kept_series import CANNOT_READ, DAMAGED, NOT_KEPT, KeptSeries
from fructosa_bridge.series.known_series import NEW_SERIES_LIMIT
from fructosa_bridge.series.series_gate import SeriesGate

from .test_series_gate import points, target

DAY_S = 24 * 3600.0


def started(folder, now_s=0.0):
    """Return the gate of an lmaster that starts, and its file."""
    gate = SeriesGate(clock=lambda: 0.0)
    kept = KeptSeries(folder, gate, clock=lambda: now_s)
    kept.read()
    return gate, kept


def page(gate, *values):
    """Return what is not stored of a page of a node that may have ten new series an hour."""
    return gate.stored(target(new_series_limit=10), 1000, points(*values)).refused


async def run(folder, *pages, now_s=0.0):
    """Run an lmaster that scrapes some pages of a node; return what is not stored of the last."""
    gate, kept = started(folder, now_s)
    lost = [page(gate, *values) for values in pages]
    await kept.save()
    return lost[-1]


async def test_a_restart_makes_no_second_first_page(tmp_path):
    """Nor does it give the ration again; what the node had is stored on."""
    await run(tmp_path, range(100), range(104))

    assert {NEW_SERIES_LIMIT: 93} == await run(tmp_path, range(5, 203))
    assert {NEW_SERIES_LIMIT: 1} == await run(tmp_path, range(5, 111))


async def test_only_what_has_changed_is_written(tmp_path):
    """A cluster whose pages stay the same writes nothing."""
    gate, kept = started(tmp_path)
    page(gate, 1, 2)
    await kept.save()
    written = kept.path.stat().st_mtime_ns

    page(gate, 1)
    page(gate, 1, 2)
    await kept.save()

    assert [] == list(gate.changed(10))
    assert written == kept.path.stat().st_mtime_ns


@pytest.mark.parametrize("content", [b"damaged" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
async def test_a_damaged_file_is_set_aside(tmp_path, caplog, content):
    """All first pages are free then."""
    await run(tmp_path, range(5))
    (tmp_path / kept_series.FILE).write_bytes(content)

    assert {} == await run(tmp_path, range(100))
    assert DAMAGED.split("%s")[1] in caplog.text
    assert {NEW_SERIES_LIMIT: 90} == await run(tmp_path, range(200))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE targets SET series = x'00'",
        "UPDATE targets SET kinds = 'text'",
        "UPDATE targets SET gone = -1",
        "UPDATE targets SET left = 'a'",
    ],
)
async def test_a_row_that_makes_no_sense_is_damage(tmp_path, caplog, change):
    """It is not used, and ends in no traceback."""
    await run(tmp_path, range(5))
    with closing(sqlite3.connect(tmp_path / kept_series.FILE)) as database, database:
        database.execute(change)

    assert {} == await run(tmp_path, range(100))
    assert DAMAGED.split("%s")[1] in caplog.text


async def test_a_file_that_cannot_be_read_or_written_is_logged_once(tmp_path, caplog):
    """And tried again each time: nothing is lost when the disk has room again."""
    folder = tmp_path / "data"
    gate, kept = started(folder)
    page(gate, 1, 2)
    await kept.save()
    await kept.save()
    (tmp_path / kept_series.FILE).mkdir()
    started(tmp_path)

    assert 1 == caplog.text.count(NOT_KEPT.split("%s")[0])
    assert 1 == caplog.text.count(CANNOT_READ.split("%s")[0])
    folder.mkdir()
    await kept.save()
    assert [] == list(gate.changed(10))
    assert {NEW_SERIES_LIMIT: 88} == await run(folder, range(1, 101))


async def test_what_was_not_written_for_a_quarter_of_a_year_is_forgotten(tmp_path):
    """So nodes that are no more do not fill the disk."""
    await run(tmp_path, range(5))

    assert {NEW_SERIES_LIMIT: 85} == await run(tmp_path, range(100), now_s=89 * DAY_S)
    assert {} == await run(tmp_path, range(200, 300), now_s=180 * DAY_S)
