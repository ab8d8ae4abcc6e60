"""What is read of jobs, and when it is worth it."""

import os

import pytest

from fructosa_exporter.slurm.layouts import JobKey, Level, Place
from fructosa_exporter.slurm.lives import Lives
from fructosa_exporter.slurm.looks import IDLE_S, SELDOM_S, Looks
from fructosa_exporter.slurm.step_times import StepTimes
from fructosa_exporter.slurm.tracked import Folder, TrackedJob

from .cgroups import Cgroups

KEY = JobKey("", "1")
PID = 77


class Job:
    """A job of version 1 with one task, which has ended."""

    def __init__(self, folder):
        self.cgroups = Cgroups(folder)
        self.cgroups.begin(1, pid=PID)
        self.lives = Lives()
        self.lives.begin(KEY, "batch", 0)
        folders = self.cgroups.folders
        self.looks = Looks(folders, self.lives, StepTimes(folders))
        place = Place(Level.JOB, 1, "slurm/uid_7/job_1", "", "7", "1")
        self.tracked = TrackedJob(place)
        self.task = Folder(place.at(Level.TASK, "step_batch/task_0"), None, -1)
        self.tracked.tasks[self.task] = None

    def entry(self):
        """Return what is known of it."""
        return self.lives.running(KEY)

    def set(self, name, text):
        """Write a file of its folder."""
        (self.cgroups.job(1) / name).write_text(f"{text}\n")


@pytest.fixture
def job(tmp_path):
    """It has used a quarter of a second and 2,000 bytes."""
    made = Job(tmp_path)
    made.cgroups.use(1, 0.25, 2000)
    return made


def test_at_an_end_totals_and_peaks_are_read(job):
    """They go with the folder."""
    job.looks.look(job.tracked, 1.0)

    entry = job.entry()
    assert (0.25, 2000, True) == (entry.last.cpu_s, entry.peak_bytes, entry.is_final)
    assert job.tracked.is_settled


@pytest.mark.parametrize(("more_s", "peak_bytes"), [(IDLE_S / 2, 2000), (IDLE_S * 2, 3000)])
def test_after_an_end_only_what_used_the_cpu_is_read_again(job, more_s, peak_bytes):
    """When step_extern ends, mostly nothing has happened since."""
    job.looks.look(job.tracked, 1.0)
    job.entry().is_final = False  # as a page leaves it, while step_extern is there

    job.cgroups.use(1, 0.25 + more_s, 3000)
    job.looks.look(job.tracked, 2.0)

    entry = job.entry()
    assert (0.25 + more_s, peak_bytes) == (entry.last.cpu_s, entry.peak_bytes)
    assert (True, 2.0) == (entry.is_final, entry.read_s)


def test_while_a_task_runs_a_look_is_not_the_last_one(job):
    """So everything is read again."""
    job.tracked.running.add(job.task)
    job.looks.look(job.tracked, 1.0)
    assert not job.entry().is_final

    job.cgroups.use(1, 0.25, 3000)
    job.tracked.running.clear()
    job.looks.look(job.tracked, 2.0)

    assert (True, 3000) == (job.entry().is_final, job.entry().peak_bytes)


def test_limits_are_read_once_in_a_while(job):
    """They hardly ever change."""

    def limits(at_s):
        _, found, _ = job.looks.read(job.tracked, at_s)
        return found.limit_bytes

    job.set("memory.limit_in_bytes", 4096)

    assert [4096, None, 4096] == [limits(at_s) for at_s in (0, SELDOM_S - 1, SELDOM_S)]


def test_the_owner_of_a_process_owns_the_job(job):
    """If there is one."""
    assert job.looks.owner(job.tracked) is None

    (job.cgroups.root.parents[2] / f"proc/{PID}").mkdir(parents=True)

    assert os.getuid() == job.looks.owner(job.tracked)
