"""The thread that watches the jobs of a node."""

import logging
import threading

import pytest

from fructosa_exporter.slurm import watch
from fructosa_exporter.slurm.inotify import TOO_MANY_WATCHES, Inotify, InotifyUnavailable
from fructosa_exporter.slurm.layouts import JobKey
from fructosa_exporter.slurm.watch import NOT_BEGUN, NOT_WATCHED, JobWatch

from .cgroups import Cgroups
from .watching import Process


@pytest.fixture
def cgroups(tmp_path):
    """A slurmd without jobs."""
    return Cgroups(tmp_path)


@pytest.fixture
def jobs(cgroups):
    """Its jobs, which are watched."""
    made = JobWatch(cgroups.folders)
    made.begin()
    yield made
    made.close()


def known(jobs):
    """Return the entries as job, CPU time, and whether they have ended."""
    return [(one.key.job, one.total("cpu_s"), one.ended_s is not None) for one in jobs.known()[0]]


def wait_for(jobs, expected):
    """Wait until the jobs are as *expected*; the test's own deadline ends this."""
    pause = threading.Event()
    while known(jobs) != expected:
        pause.wait(0.005)


def test_a_job_is_followed_from_its_beginning_to_its_end(cgroups, jobs):
    """By a thread that sleeps in between."""
    process = Process()
    cgroups.begin(1, pid=process.pid)
    wait_for(jobs, [("1", None, False)])
    cgroups.use(1, 0.25)

    process.end()
    wait_for(jobs, [("1", 0.25, False)])
    cgroups.end(1)
    wait_for(jobs, [("1", 0.25, True)])

    assert (1, 1, 0, 0) == jobs.counts
    assert (True, "") == (jobs.is_watched, jobs.notes)


def test_a_page_reads_running_jobs(cgroups, jobs):
    """Whenever it is asked for."""
    cgroups.begin(1)
    wait_for(jobs, [("1", None, False)])
    cgroups.use(1, 0.25)

    assert 1 == jobs.look()
    assert [("1", 0.25, False)] == known(jobs)


def test_gpu_processes_belong_to_running_jobs(cgroups, jobs):
    """A job that has ended has none."""
    cgroups.begin(1)
    wait_for(jobs, [("1", None, False)])
    jobs.set_gpu_processes({JobKey("", "1"): {"GPU-0": 2}, JobKey("", "9"): {"GPU-1": 1}})

    assert [{"GPU-0": 2}] == [entry.gpu_processes for entry in jobs.known()[0]]

    cgroups.end(1)
    wait_for(jobs, [("1", None, True)])
    assert [{}] == [entry.gpu_processes for entry in jobs.known()[0]]


def test_what_a_page_has_got_does_not_change(cgroups, jobs):
    """It is rendered while the next job ends."""
    cgroups.begin(1)
    wait_for(jobs, [("1", None, False)])
    (entry,), _ = jobs.known()

    cgroups.end(1)
    wait_for(jobs, [("1", None, True)])

    assert entry.ended_s is None


def test_it_stops_at_once(cgroups):
    """And then jobs are read for pages only."""
    jobs = JobWatch(cgroups.folders)
    jobs.begin()
    (thread,) = [one for one in threading.enumerate() if one.name == "slurm jobs"]

    jobs.close()

    assert not thread.is_alive()
    assert (False, NOT_BEGUN) == (jobs.is_watched, jobs.notes)


def test_without_a_beginning_jobs_are_read_for_pages(cgroups):
    """As `lagent read` does. Last values are then missing."""
    jobs = JobWatch(cgroups.folders)
    cgroups.begin(1)
    cgroups.use(1, 0.25)
    jobs.look()
    assert [("1", 0.25, False)] == known(jobs)

    cgroups.end(1)
    jobs.look()

    assert [("1", 0.25, True)] == known(jobs)
    assert (1, 1, 1, 0) == jobs.counts


def test_without_inotify_the_reason_is_known(cgroups, monkeypatch, caplog):
    """It is logged once."""

    def fail():
        raise InotifyUnavailable("no instance is left")

    monkeypatch.setattr(watch, "Inotify", fail)
    jobs = JobWatch(cgroups.folders)

    jobs.begin()

    assert (False, "no instance is left") == (jobs.is_watched, jobs.notes)
    assert [NOT_WATCHED % "no instance is left"] == caplog.messages


class Limited(Inotify):
    """Has so many watches."""

    left = 3

    def add(self, path, mask):
        """Fail if none is left."""
        self.left -= 1
        if self.left < 0:
            raise InotifyUnavailable(TOO_MANY_WATCHES)
        return super().add(path, mask)


def test_when_the_watches_are_used_up_jobs_are_read_for_pages(cgroups, monkeypatch, caplog):
    """Those that run are the same jobs as before."""
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(watch, "Inotify", Limited)
    jobs = JobWatch(cgroups.folders)
    jobs.begin()
    cgroups.begin(1)
    pause = threading.Event()
    while jobs.is_watched:
        pause.wait(0.005)
    jobs.look()

    assert [("1", None, False)] == known(jobs)
    assert TOO_MANY_WATCHES == jobs.notes
    cgroups.end(1)
    jobs.look()
    assert [("1", None, True)] == known(jobs)
    assert 1 == jobs.counts[1]
    jobs.close()


def test_a_slice_that_comes_later_is_found_for_a_page(tmp_path):
    """slurmd may be restarted with another CgroupSlice."""
    cgroups, clock = Cgroups(tmp_path, 2), [0.0]
    jobs = JobWatch(cgroups.folders, lambda: clock[0])
    jobs.begin()
    cgroups.begin(1)
    wait_for(jobs, [("1", None, False)])
    (cgroups.root / "hpc.slice/slurmstepd.scope/job_2/step_0").mkdir(parents=True)

    jobs.look()
    assert [("1", None, False)] == known(jobs)
    clock[0] = 61.0
    jobs.look()

    assert [("1", None, False), ("2", None, False)] == known(jobs)
    jobs.close()
