"""Pages and readings go into the ledger, and from there into the archive: in one thread."""

import asyncio
import sqlite3
import struct
import threading

import pytest

from fructosa_bridge.app.job_keeper import (
    _MOST_WAITING_BYTES,
    GAP,
    INTERNAL_ERROR,
    MOVED,
    FetchedPage,
)
from fructosa_bridge.app.job_log import (
    TOO_SLOW,
)
from fructosa_bridge.job_archive.look_ups import JobQuery
from fructosa_bridge.slurm_output.records import SlurmConfig, SlurmReading
from fructosa_bridge.slurm_output.sacct import EndedJob

from ..job_gpus.small_node import UUIDS
from ..jobs.known_jobs import T0, record
from ..jobs.pages import page, reading, text_of
from .keeper_lab import FullDisk, logged


async def test_what_slurm_and_a_node_report_is_found_at_once(lab):
    """It is in the archive then: there is one place to look."""
    lab.slurm(record(7))
    lab.page(reading(7, cpu_s=12.0, age_s=39.0, reading_age_s=0.0))

    (run,) = await lab.find()

    assert ("c1", 7, "ada", 12.0, False) == (
        run.cluster,
        run.job_id,
        run.user,
        run.cpu_s,
        run.is_over,
    )
    assert [run] == list(await asyncio.to_thread(lab.keeper.runs, JobQuery(user="ada")))


async def test_who_asks_for_a_job_that_runs_gets_its_latest_figures(lab):
    """In lists it is as of the last time that it was written, which is a quarter of an hour."""
    lab.slurm(record(7))
    lab.page(reading(7, cpu_s=12.0, age_s=39.0, reading_age_s=0.0))
    await lab.find()
    lab.now_s += 30
    lab.page(reading(7, cpu_s=42.0, age_s=69.0, reading_age_s=0.0))

    (run,) = await asyncio.to_thread(lab.keeper.runs, JobQuery())
    assert 12.0 == run.cpu_s
    (run,) = await lab.find()
    assert 42.0 == run.cpu_s


@pytest.mark.parametrize("table", ["open_run", "agent", "known"])
async def test_an_archive_that_is_found_damaged_at_the_start_is_set_aside(lab, table):
    """lmaster starts all the same, and begins a new one."""
    lab.slurm(record(7))
    lab.page(sequence=3)
    await lab.find()
    await lab.keeper.close()
    path = lab.keeper.archive.path
    with path.open("r+b") as file:
        (page_bytes,) = struct.unpack(">H", file.read(18)[16:])
        root = sqlite3.connect(path).execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        )
        file.seek((root.fetchone()[0] - 1) * page_bytes)
        file.write(b"x" * page_bytes)

    lab.keeper = lab.new_keeper()
    await lab.keeper.open()
    lab.keeper.tick()
    lab.slurm(record(8))

    assert [8] == [run.job_id for run in await lab.find(job_id=8)]
    assert lab.keeper.archive.set_aside is not None


async def test_it_goes_on_after_a_restart(lab):
    """With the open runs, and with the numbers after which nodes are asked."""
    lab.slurm(record(7))
    lab.page(reading(7, cpu_s=12.0, age_s=39.0, reading_age_s=0.0), sequence=3)
    await lab.find()
    await lab.keeper.close()

    lab.keeper = lab.new_keeper()
    await lab.keeper.open()

    assert lab.keeper.ready.is_set()
    assert 3 == lab.keeper.after("n1")
    lab.page(reading(7, cpu_s=15.0, age_s=49.0, reading_age_s=0.0), sequence=3)
    (run,) = await lab.find()
    assert 15.0 == run.cpu_s


async def test_until_the_cluster_is_known_no_page_is_taken(lab):
    """Its name is part of what identifies a run. Nodes keep what is not fetched."""
    assert not lab.keeper.ready.is_set()
    lab.page(reading(7))
    assert [] == list(await lab.find())

    lab.slurm(record(7))
    await lab.find()

    assert lab.keeper.ready.is_set()
    assert lab.keeper.after("n1") is None


async def test_a_cluster_that_is_called_otherwise_has_jobs_of_its_own(lab, caplog):
    """Ids begin again there."""
    lab.slurm(record(7))
    await lab.find()
    lab.slurm(record(7), cluster="c2")

    assert ["c1", "c2"] == sorted(run.cluster for run in await lab.find())
    assert MOVED % ("c2", "c1") in logged(caplog)


async def test_pages_that_come_too_fast_are_left_out(lab, caplog):
    """Memory is bounded; nodes keep what was not fetched, and are asked again."""
    lab.slurm(record(7))
    await lab.find()
    large = "#" * (_MOST_WAITING_BYTES - 100) + "\n"

    lab.keeper.take_pages([FetchedPage("n1", large, lab.now_s)])
    lab.keeper.take_pages([FetchedPage("n1", "#" * 200, lab.now_s)] * 3)
    await lab.find()
    async with asyncio.timeout(30):
        while lab.keeper._waiting_bytes:
            await asyncio.sleep(0)
    lab.page(reading(7, age_s=39.0))
    lab.keeper.tick()

    assert TOO_SLOW % 3 in logged(caplog)


async def test_a_huge_page_is_left_out_rather_than_those_that_came_with_it(lab, caplog):
    """Nodes have their own moments: the same ones would be left out each time."""
    lab.slurm(record(7))
    small = FetchedPage("n1", text_of(page(reading(7, cpu_s=1.0, age_s=39.0))), lab.now_s)

    lab.keeper.take_pages([FetchedPage("n2", "#" * _MOST_WAITING_BYTES, lab.now_s), small])

    assert 1.0 == (await lab.find())[0].cpu_s
    for _ in range(3):
        lab.keeper.tick()
        lab.keeper.take_pages([FetchedPage("n2", "#" * _MOST_WAITING_BYTES + "#", lab.now_s)])
    assert [TOO_SLOW % 1] == logged(caplog)


async def test_ticks_do_not_pile_up_while_the_archive_is_locked(lab):
    """Each may wait for the lock."""
    running, goes_on = threading.Event(), threading.Event()
    lab.keeper._thread.submit(lambda: (running.set(), goes_on.wait()))
    running.wait()

    for _ in range(9):
        lab.keeper.tick()

    assert 1 == lab.keeper._thread._work_queue.qsize()
    goes_on.set()


async def test_a_bug_costs_one_reading(lab, caplog):
    """Not the thread."""
    lab.keeper.take_reading(None)
    lab.slurm(record(7))

    assert 1 == len(await lab.find())
    assert [INTERNAL_ERROR] == logged(caplog)


async def test_it_counts_pages_and_says_whether_the_archive_is_written(lab):
    """For lmaster's own metrics."""
    lab.slurm(record(7))
    lab.page(reading(7, cpu_s=1.0, age_s=39.0, reading_age_s=0.0))
    lab.keeper.take_pages([FetchedPage("n2", "nothing\n", lab.now_s)])
    await lab.find()

    status = lab.keeper.status()

    assert {"ok": 1, "refused": 1} == status.pages
    assert (1, True) == (status.open_runs, status.is_writable)
    assert status.archive_bytes > 0
    lab.keeper.archive._database, database = FullDisk(), lab.keeper.archive._database
    lab.slurm(record(8))
    await lab.find()
    assert not lab.keeper.status().is_writable
    lab.keeper.archive._database = database


async def test_agents_of_nodes_that_are_gone_are_forgotten(lab):
    """A node that comes back is asked for all that it has."""
    lab.slurm(record(7))
    lab.page(sequence=3)
    await lab.find()

    lab.keeper.keep_nodes({"n2": frozenset({"n2"})})
    await lab.find()

    assert lab.keeper.after("n1") is None


async def test_gpus_of_a_job_and_their_use_are_in_the_archive(lab):
    """Wasted GPU-hours follow: of two GPUs, half of the time each."""
    lab.run_gpu_job(3600, state="COMPLETED")

    (run,) = await lab.find()

    assert (UUIDS[:2], True) == (tuple(run.gpus), run.is_over)
    assert 3600 == pytest.approx(run.gpu_busy_s, rel=0.03)
    assert 3600 * 600 == pytest.approx(run.energy_joules, rel=0.03)
    assert 1.0 == pytest.approx(run.wasted_gpu_hours, rel=0.03)


async def test_a_restart_costs_only_what_was_not_read_in_between(lab):
    """What GPUs were busy before goes on to count."""
    lab.run_gpu_job(1800)
    await lab.find()
    await lab.keeper.close()
    lab.keeper = lab.new_keeper()
    await lab.keeper.open()

    lab.run_gpu_job(3600, state="COMPLETED")

    (run,) = await lab.find()
    assert 3600 == pytest.approx(run.gpu_busy_s, rel=0.05)
    assert 1.0 == pytest.approx(run.wasted_gpu_hours, rel=0.03)


def accounted(lab, age_s=0.0, jobs=()):
    """Let a Slurm with slurmdbd report, so long after the last time."""
    lab.now_s += age_s
    config = SlurmConfig(cluster="c1", version="22.05.8", min_job_age_s=300, has_accounting=True)
    lab.keeper.take_reading(SlurmReading(lab.now_s, config=config, jobs=list(jobs)))


async def fill(lab, *records):
    """Fill all gaps: accounting tells of these runs in the last of them."""
    gaps = await lab.keeper.gaps()
    for gap in gaps:
        jobs = [EndedJob(one._replace(restarts="")) for one in records if gap is gaps[-1]]
        await lab.keeper.take_ended(gap, jobs)
    return gaps


async def test_what_ended_while_lmaster_was_away_is_told_by_accounting(lab, caplog):
    """Its user and state, and the figures that its node has kept; after a kill, too."""
    accounted(lab, jobs=[record(7)])
    await fill(lab)
    await lab.find()
    await lab.keeper.close()
    lab.keeper = lab.new_keeper()
    await lab.keeper.open()
    logged(caplog)

    accounted(lab, 3600.0)
    ages = {"reading_age_s": 3000.0, "end_age_s": 3000.0, "end_sequence": 1.0}
    lab.page(reading(7, cpu_s=12.0, age_s=3643.0, **ages), sequence=1)
    gaps = await fill(lab, record(7, T0, T0 + 643, "FAILED", exit_code=768))

    (run,) = await lab.find()
    assert (2, ("FAILED", "3:0", "ada", 12.0)) == (
        len(gaps),
        (run.state, run.exit_code, run.user, run.cpu_s),
    )
    assert [] == await lab.keeper.gaps()
    messages = logged(caplog)
    assert GAP % ("60 min", "60 min") == messages[0]
    assert ["jobs: slurmdbd told of 1 runs that ended"] == [one[:40] for one in messages[1:]]


async def test_a_gap_that_was_not_filled_is_left_after_a_kill(lab):
    """slurmdbd was down."""
    accounted(lab, jobs=[record(7)])
    await fill(lab)
    accounted(lab, 7200.0)
    before = await lab.keeper.gaps()
    await lab.find()
    lab.keeper.archive.close()  # as a kill: nothing more is written
    lab.keeper = lab.new_keeper()
    await lab.keeper.open()

    accounted(lab, 60.0)

    assert before[0].since_s - 60 == (await lab.keeper.gaps())[0].since_s


async def test_restarts_are_counted_from_what_is_archived(lab):
    """Of a job that has long been dropped from memory."""
    accounted(lab, jobs=[record(7, T0, T0 + 30, "COMPLETED", restarts=2)])
    await fill(lab)
    await lab.find()
    await lab.keeper.close()
    lab.keeper = lab.new_keeper()
    await lab.keeper.open()
    accounted(lab, 3600.0)

    await fill(lab, record(7, T0 + 900, T0 + 930, "COMPLETED", submit_s=T0 + 100))

    assert [2, 3] == [run.restart for run in await lab.find()]


async def test_a_gap_of_an_archive_that_cannot_be_read_is_filled_later(lab):
    """Nothing is lost."""
    accounted(lab)
    gaps = await lab.keeper.gaps()
    lab.keeper.archive.close()

    await lab.keeper.take_ended(gaps[0], [EndedJob(record(7, T0, T0 + 30, "COMPLETED"))])

    assert gaps == await lab.keeper.gaps()
