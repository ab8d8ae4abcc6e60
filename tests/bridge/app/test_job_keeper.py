"""Pages and readings go into the ledger, and from there into the archive: in one thread."""

import asyncio
import contextlib
import logging
import sqlite3
import threading

import pytest

from fructosa_bridge.app.job_keeper import (
    _MOST_WAITING_BYTES,
    ADVICE,
    CLOCKS_APART,
    CONTRADICTIONS,
    GAP,
    INTERNAL_ERROR,
    MORE_PAGES,
    MOVED,
    NOT_STORABLE,
    NOT_WRITTEN,
    PAGE_ACCEPTED,
    PAGE_REFUSED,
    REPLACED,
    TOO_SLOW,
    WRITTEN_AGAIN,
    FetchedPage,
    JobKeeper,
)
from fructosa_bridge.config.jobs_settings import JobsSettings
from fructosa_bridge.job_archive.archive import JobArchive, backup
from fructosa_bridge.job_archive.look_ups import JobQuery
from fructosa_bridge.job_gpus.job_devices import NO_ORDER
from fructosa_bridge.jobs.names import JobName
from fructosa_bridge.slurm.job_advice import NO_CGROUPS
from fructosa_bridge.slurm_output.records import SlurmConfig, SlurmReading
from fructosa_bridge.slurm_output.sacct import EndedJob
from fructosa_service.errors import ServiceError

from ..job_gpus.small_node import UUIDS, four_gpus, gpu_job, lines_of
from ..jobs.known_jobs import T0, record
from ..jobs.pages import page, reading, text_of
from ..slurm_output.test_gpu_indexes import use


class KeeperLab:
    """A keeper with a clock that a test moves."""

    def __init__(self, folder, **settings):
        self.now_s = T0 + 40.0
        self.folder = folder
        self.settings = JobsSettings(**settings)
        self.keeper = self.new_keeper()

    def new_keeper(self):
        """Return another keeper of the same archive."""
        return JobKeeper(JobArchive(self.folder), self.settings, clock=lambda: self.now_s)

    def slurm(self, *records, cluster="c1", gpus=None):
        """Let Slurm report these jobs, and their GPUs."""
        config = SlurmConfig(cluster=cluster)
        self.keeper.take_reading(
            SlurmReading(self.now_s, config=config, jobs=list(records), gpus=gpus)
        )

    def page(self, *readings, node="n1", **page_values):
        """Let a node report these jobs."""
        text = text_of(page(*readings, **page_values))
        self.keeper.take_pages([FetchedPage(node, text, self.now_s)])

    def page_with_gpus(self, *readings):
        """Let a node report these jobs, and its GPUs: they are busy for half of the time."""
        busy_s = (self.now_s - T0) / 2
        gpus = [gpu._replace(busy_s=busy_s, energy_joules=busy_s * 600) for gpu in four_gpus()]
        text = text_of(page(*readings)) + lines_of(gpus)
        self.keeper.take_pages([FetchedPage("n1", text, self.now_s)])

    def run_gpu_job(self, until_s, seen=("GPU-a",), state="RUNNING", **values):
        """Let a job with the first two GPUs run, and be read each 30 s."""
        while self.now_s < T0 + until_s:
            self.now_s += 30
            age_s = self.now_s - T0
            end_s = self.now_s if state != "RUNNING" and age_s >= until_s else None
            shown = state if end_s else "RUNNING"
            self.slurm(gpu_job(7, state=shown, end_s=end_s), gpus={"7": {"n1": use(0, 1)}})
            used = tuple((uuid, 1.0) for uuid in seen)
            ages = {"age_s": age_s, "reading_age_s": 0.0, "gpus": used}
            if end_s:
                ages |= {"end_age_s": 0.0, "end_sequence": 1.0}
            self.page_with_gpus(reading(7, cpu_s=age_s, **ages))

    async def find(self, job_id=7):
        """Return the runs of a job, after all that was taken."""
        self.now_s += 2
        return await asyncio.to_thread(self.keeper.find, JobName(job_id))


@pytest.fixture
async def lab(tmp_path, caplog):
    """A keeper that is open."""
    caplog.set_level(logging.INFO, "lmaster.jobs")
    made = KeeperLab(tmp_path / "jobs")
    await made.keeper.open()
    yield made
    await made.keeper.close()


def logged(caplog):
    """Return the messages since the last call."""
    found = [one.getMessage() for one in caplog.records if one.name == "lmaster.jobs"]
    caplog.clear()
    return found


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


async def test_a_page_that_is_refused_is_logged_once(lab, caplog):
    """Until it is valid again; other nodes are read."""
    lab.slurm(record(7))
    for _ in range(2):
        lab.keeper.take_pages([FetchedPage("n2", "nothing\n", lab.now_s)])
        lab.page(reading(7, cpu_s=1.0, age_s=39.0, reading_age_s=0.0))
    assert 1.0 == (await lab.find())[0].cpu_s
    refused, *others = logged(caplog)

    lab.page(node="n2")
    await lab.find()

    assert [] == others
    assert refused.startswith((PAGE_REFUSED % ("n2", "")).rstrip())
    assert [PAGE_ACCEPTED % "n2"] == logged(caplog)


async def test_the_log_of_refused_pages_is_bounded(lab, caplog):
    """Agents may send other nonsense each time."""
    lab.slurm(record(7))
    for one in range(99):
        lab.keeper.take_pages([FetchedPage(f"n{one}", "nothing\n", lab.now_s)])
    await lab.find()
    lines = logged(caplog)
    lab.now_s += 60

    lab.keeper.take_pages([FetchedPage("n1", "nothing", lab.now_s)])
    await lab.find()

    assert (11, MORE_PAGES) == (len(lines), lines[-1])
    assert 1 == len(logged(caplog))


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


class FullDisk:
    """A database that cannot be written."""

    in_transaction = False

    def execute(self, *_):
        """Raise as SQLite does."""
        raise sqlite3.OperationalError("database or disk is full")


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


async def test_a_bug_costs_one_reading(lab, caplog):
    """Not the thread."""
    lab.keeper.take_reading(None)
    lab.slurm(record(7))

    assert 1 == len(await lab.find())
    assert [INTERNAL_ERROR] == logged(caplog)


async def test_what_hides_the_use_of_jobs_is_logged_once(lab, caplog):
    """With what to set in slurm.conf."""
    plugins = {"ProctrackType": "proctrack/linuxproc", "JobAcctGatherType": "", "PrologFlags": ""}
    config = SlurmConfig(cluster="c1", job_plugins=plugins)
    for _ in range(2):
        lab.keeper.take_reading(SlurmReading(lab.now_s, config=config, jobs=[]))
    await lab.find()

    assert [ADVICE % NO_CGROUPS] == logged(caplog)


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

    lab.keeper.keep_nodes(["n2"])
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


async def test_contradictions_are_logged_once_and_said_of_the_job(lab, caplog):
    """Then nothing is stated of its GPUs."""
    lab.run_gpu_job(600, seen=("GPU-a", "GPU-d"))

    (run,) = await lab.find()

    assert [CONTRADICTIONS % 1] == [one for one in logged(caplog) if "process" in one]
    assert None is run.gpu_busy_s
    assert NO_ORDER.format(node="n1") in run.notes


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
    assert GAP % (3602 / 3600, 3602 / 3600) == messages[0]
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


async def test_a_clock_of_slurm_that_is_ahead_is_logged_once(lab, caplog):
    """Else nothing would be known of jobs, and nobody would know why."""
    lab.slurm(record(7, lab.now_s + 29), record(8, lab.now_s + 900, state="PENDING"))
    await lab.find()
    before = logged(caplog)
    for _ in range(2):
        lab.slurm(record(7, lab.now_s + 600))
    await lab.find()

    assert ([], [CLOCKS_APART % 600]) == (before, logged(caplog))
