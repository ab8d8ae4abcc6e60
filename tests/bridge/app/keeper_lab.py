"""A keeper of jobs with a clock that a test moves, and what its tests share."""

import asyncio
import sqlite3

from fructosa_bridge.app.job_keeper import FetchedPage, JobKeeper
from fructosa_bridge.config.jobs_settings import JobsSettings
from fructosa_bridge.job_archive.archive import JobArchive
from fructosa_bridge.jobs.names import JobName
from fructosa_bridge.slurm_output.records import SlurmConfig, SlurmReading

from ..job_gpus.small_node import four_gpus, gpu_job, lines_of
from ..jobs.known_jobs import T0
from ..jobs.pages import page, reading, text_of
from ..slurm_output.test_gpu_indexes import use


class KeeperLab:
    """A keeper with a clock that a test moves."""

    def __init__(self, folder, **settings):
        self.now_s = T0 + 40.0
        self.was_set_by_s = 0.0
        self.folder = folder
        self.settings = JobsSettings(**settings)
        self.keeper = self.new_keeper()

    def new_keeper(self):
        """Return another keeper of the same archive."""
        return JobKeeper(
            JobArchive(self.folder),
            self.settings,
            clock=lambda: self.now_s,
            monotonic=lambda: self.now_s - self.was_set_by_s,
        )

    def slurm(self, *records, cluster="c1", **parts):
        """Let Slurm report these jobs, and other *parts* of a reading."""
        config = SlurmConfig(cluster=cluster)
        self.keeper.take_reading(
            SlurmReading(self.now_s, config=config, jobs=list(records), **parts)
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


def logged(caplog):
    """Return the messages since the last call."""
    found = [one.getMessage() for one in caplog.records if one.name == "lmaster.jobs"]
    caplog.clear()
    return found


class FullDisk:
    """A database that cannot be written."""

    in_transaction = False

    def execute(self, *_):
        """Raise as SQLite does."""
        raise sqlite3.OperationalError("database or disk is full")
