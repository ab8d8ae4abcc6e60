"""Jobs are written into the archive, whatever happens to it."""

import asyncio
import contextlib
import logging
import sqlite3

import pytest

from fructosa_bridge.app.job_keeper import FetchedPage
from fructosa_bridge.app.job_writer import (
    NOT_STORABLE,
    NOT_WRITTEN,
    REPLACED,
    WRITTEN_AGAIN,
)
from fructosa_bridge.job_archive.archive_file import backup
from fructosa_bridge.jobs.names import JobName
from fructosa_bridge.jobs.page import NO_JOBS_PAGE
from fructosa_bridge.jobs.runs import AWAITED_S
from fructosa_service.errors import ServiceError

from ..jobs.known_jobs import T0, record
from .keeper_lab import FullDisk, KeeperLab, logged


async def test_a_run_that_cannot_be_written_keeps_no_other_from_the_disk(lab, caplog):
    """The log says which one it is."""
    lab.slurm(record(7), record(8))
    await asyncio.to_thread(lab.keeper._thread.submit(lambda: None).result)
    (broken,) = lab.keeper._ledger.find(JobName(7))
    broken.uid = 2**70

    assert [[], [8]] == [[run.job_id for run in await lab.find(one)] for one in (7, 8)]
    assert [NOT_STORABLE % 7] == logged(caplog)


async def test_what_cannot_be_written_waits_and_is_logged_once(lab, caplog, monkeypatch):
    """As on a full disk."""
    lab.slurm(record(7))
    await lab.find()
    database, lab.keeper.archive._database = lab.keeper.archive._database, FullDisk()
    lab.slurm(record(8))
    for _ in range(2):
        assert [] == list(await lab.find(8))
    problem, *others = logged(caplog)

    lab.keeper.archive._database = database

    assert 8 == (await lab.find(8))[0].job_id
    assert [] == others
    assert problem.startswith(NOT_WRITTEN % "cannot write the archive of jobs")
    assert [WRITTEN_AGAIN] == logged(caplog)


async def test_a_note_says_why_nothing_is_known_of_a_node(lab):
    """Of those that told nothing: a node that is asked in vain, or one whose page is refused."""
    lab.keeper.fetch_errors["n1"] = "HTTP status 404 Not Found"
    ended = (T0, T0 + 5, "COMPLETED")
    lab.slurm(record(7, *ended), record(8, *ended, nodes="n2"))
    lab.keeper.take_pages([FetchedPage("n2", "rubbish\n", T0)])
    lab.now_s += AWAITED_S

    notes = [(await lab.find(job))[0].notes for job in (7, 8)]

    assert [
        ("nothing is known of n1 (n1: HTTP status 404 Not Found)",),
        (f"nothing is known of n2 (n2: {NO_JOBS_PAGE})",),
    ] == notes


async def test_an_archive_that_cannot_be_opened_is_tried_again(tmp_path, caplog):
    """Scraping goes on meanwhile."""
    caplog.set_level(logging.INFO, "lmaster.jobs")
    (tmp_path / "jobs").write_text("in the way")
    lab = KeeperLab(tmp_path / "jobs")
    await lab.keeper.open()
    assert "cannot open the archive of jobs" in logged(caplog)[0]

    (tmp_path / "jobs").unlink()
    lab.keeper.tick()
    lab.slurm(record(7))

    assert 1 == len(await lab.find())
    await lab.keeper.close()


async def test_another_lmaster_with_the_archive_is_an_error(lab):
    """Both would write the same runs."""
    with pytest.raises(ServiceError, match="another lmaster uses the archive"):
        await lab.new_keeper().open()


async def test_jobs_are_removed_when_they_are_old(tmp_path):
    """In small steps, those that have ended."""
    lab = KeeperLab(tmp_path / "jobs", keep_days=1)
    await lab.keeper.open()
    lab.slurm(record(7, T0, T0 + 5, "COMPLETED"), record(8))
    lab.page(sequence=1)
    await lab.find()
    lab.now_s += 3 * 86_400
    lab.slurm(record(8))
    await lab.find()

    for _ in range(3):
        lab.keeper.tick()

    assert [] == list(await lab.find(7))
    assert 1 == len(await lab.find(8))
    await lab.keeper.close()


async def test_by_a_clock_that_was_set_lately_no_job_is_old(tmp_path):
    """It may be wrong by years until it is set right, and what is deleted is lost."""
    lab = KeeperLab(tmp_path / "jobs", keep_days=1)
    await lab.keeper.open()
    lab.slurm(record(7, T0, T0 + 5, "COMPLETED"))
    lab.page(sequence=1)
    await lab.find()
    lab.now_s += 3 * 86_400
    lab.was_set_by_s = 3 * 86_400

    counts = []
    for waited_s in (0, 500, 700):
        lab.now_s += waited_s
        lab.keeper.tick()
        counts.append(len(await lab.find(7)))

    assert [1, 1, 0] == counts
    await lab.keeper.close()


async def test_an_archive_that_was_removed_is_made_anew(lab, caplog):
    """Else jobs would be written to a file that nobody can read, without a word."""
    lab.slurm(record(7))
    lab.page(sequence=3)
    await lab.find()
    for file in lab.folder.glob("jobs.sqlite*"):
        file.unlink()

    assert 1 == len(await lab.find())
    assert [REPLACED % lab.keeper.archive.path] == logged(caplog)
    await lab.keeper.close()
    lab.keeper = lab.new_keeper()
    await lab.keeper.open()
    assert (1, 3) == (len(await lab.find()), lab.keeper.after("n1"))


async def test_an_archive_that_was_replaced_is_used(lab, caplog):
    """As when a backup is restored without stopping lmaster."""
    lab.slurm(record(7))
    await lab.find()
    copy = lab.folder / "copy"
    backup(lab.keeper.archive.path, copy)
    for job_id in range(8, 300):  # the log of these must not get into the copy
        lab.slurm(record(7), record(job_id))
        await lab.find(job_id)

    copy.rename(lab.keeper.archive.path)

    assert [1, 1, 1] == [len(await lab.find(one)) for one in (7, 8, 299)]
    assert [REPLACED % lab.keeper.archive.path] == logged(caplog)


async def test_all_who_ask_wait_only_once_for_a_locked_archive(lab, monkeypatch):
    """What they get is as old as it was written last."""
    lab.slurm(record(7))
    await lab.find()
    with contextlib.closing(sqlite3.connect(lab.keeper.archive.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        tried = []
        write = lab.keeper.archive.write
        monkeypatch.setattr(
            lab.keeper.archive, "write", lambda rows: (tried.append(rows), write(rows))
        )
        lab.slurm(record(7), record(8))
        lab.now_s += 2

        found = [await asyncio.to_thread(lab.keeper.find, JobName(7)) for _ in range(3)]

    assert [1, 1, 1] == [len(runs) for runs in found]
    assert 1 == len(tried)
    assert 1 == len(await lab.find(8))
