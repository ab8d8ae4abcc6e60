"""Which jobs there are, and when they are read for the last time."""

import errno
import os
import shutil

import pytest

from fructosa_exporter.slurm.ends import NO_PIDFD
from fructosa_exporter.slurm.folders import JobFolders
from fructosa_exporter.slurm.inotify import (
    CREATE,
    DELETE,
    IS_FOLDER,
    OVERFLOW,
    Event,
)
from fructosa_exporter.slurm.layouts import JobKey
from fructosa_exporter.slurm.lives import Lives
from fructosa_exporter.slurm.tracker import TOGETHER_S, Tracker
from tests.exporter.recorded import kernel

from .cgroups import Cgroups
from .watching import Process, Watching


@pytest.fixture(params=[1, 2], ids=["version 1", "version 2"])
def cgroups(request, tmp_path):
    """A slurmd without jobs."""
    return Cgroups(tmp_path, request.param)


@pytest.fixture
def process():
    """A process of a job."""
    made = Process()
    yield made
    made.end()


def test_a_job_is_read_when_its_process_has_ended(cgroups, watched, process):
    """Slurm removes its folders a moment later, all at once."""
    cgroups.begin(1, pid=process.pid)
    watched.pump()
    cgroups.use(1, 0.25, 2000)

    watched.all_end()
    cgroups.end(1)
    watched.pump()

    assert [("1", 0, 0.25, True)] == watched.entries()
    (entry,) = watched.lives.entries(0, 100)
    assert (2000, 0) == (entry.peak_bytes, watched.lives.missed)
    assert [] == watched.pidfds


def test_kills_of_quick_steps_are_all_counted(tmp_path, process):
    """The job is read a moment later, as other tasks of it run; the steps have gone by then."""
    cgroups = Cgroups(tmp_path)
    watched, quick = Watching(cgroups), [Process(), Process()]
    cgroups.begin(1, pid=process.pid)
    watched.pump()
    for step, one in enumerate(quick):
        cgroups.begin(1, str(step), one.pid)
        watched.pump()
        cgroups.kill(1, step)
        one.end()
        watched.tracker.ended(watched.pidfds[-1])
        cgroups.end_step(1, step)
        watched.pump()
    watched.all_end()
    cgroups.end(1)
    watched.pump()

    assert [2] == [one.total("oom_kills") for one in watched.lives.entries(0, 100)]
    watched.tracker.ends.close()
    watched.messages.close()


def test_a_process_that_is_put_into_its_folder_later_is_watched(cgroups, watched, process):
    """slurmstepd makes the folder first."""
    cgroups.begin(1)
    watched.pump()
    assert [] == watched.pidfds

    cgroups.put(1, "batch", process.pid)
    watched.pump()

    assert 1 == len(watched.pidfds)


def test_folders_that_came_before_their_watch_are_found(cgroups, process):
    """The folder above is listed after it is watched."""
    cgroups.begin(1, pid=process.pid)
    watched = Watching(cgroups)

    assert [("1", 0, None, False)] == watched.entries()
    assert 1 == len(watched.pidfds)
    watched.tracker.ends.close()
    watched.messages.close()


def test_a_job_is_also_read_when_a_step_goes(cgroups, watched):
    """Its process was too quick to be watched."""
    cgroups.begin(1, "extern")
    cgroups.begin(1, "batch")
    watched.pump()
    cgroups.use(1, 0.5)
    cgroups.end_step(1, "batch")
    watched.pump()
    cgroups.end(1)
    watched.pump()

    assert [("1", 0, 0.5, True)] == watched.entries()
    assert 0 == watched.lives.missed


def test_tasks_that_go_before_their_step_make_no_messages(cgroups, watched):
    """They go at the same time."""
    cgroups.begin(1)
    watched.pump()
    shutil.rmtree(cgroups.task(1))
    assert not any(event.mask & DELETE for event in watched.messages.events())

    cgroups.end_step(1)
    watched.pump()

    (job,) = watched.tracker.jobs.values()
    assert ({}, {}, set()) == (job.steps, job.tasks, job.running)


def test_a_job_that_was_too_quick_is_counted_as_missed(cgroups, watched):
    """Its folder has come and gone between two messages."""
    cgroups.begin(1)
    cgroups.end(1)
    watched.pump()

    assert [("1", 0, None, True)] == watched.entries()
    assert (1, 1) == (watched.lives.seen, watched.lives.missed)


def test_a_job_whose_steps_went_before_they_were_listed_is_counted_too(cgroups, watched):
    """Its folder was still there, but nothing was in it any more."""
    cgroups.begin(1)
    cgroups.end_step(1)
    watched.pump()
    cgroups.end(1)
    watched.pump()

    assert [("1", 0, None, True)] == watched.entries()
    assert (1, 1) == (watched.lives.seen, watched.lives.missed)


def test_step_extern_is_watched_once_others_are_there(cgroups, watched, process):
    """Its process only waits for the end of the job, so that it does not keep a job running."""
    cgroups.begin(1, "extern", process.pid)
    watched.pump()
    assert [] == watched.pidfds
    cgroups.begin(1, "0")
    cgroups.use(1, 0.5, step="0")
    watched.pump()
    assert 1 == len(watched.pidfds)

    cgroups.end_step(1, "0")
    watched.pump()

    (entry,) = watched.lives.entries(0, 100)
    assert (True, 0.5) == (entry.is_final, entry.total("cpu_s"))


def test_step_extern_of_a_batch_job_is_not_watched(cgroups, watched, process):
    """The job ends with its script."""
    cgroups.begin(1, "extern", process.pid)
    cgroups.begin(1, "batch")
    watched.pump()

    assert [] == watched.pidfds


def test_step_extern_alone_is_watched_for_a_page(cgroups, watched, process):
    """On other nodes of a job, all its processes may be in there."""
    cgroups.begin(1, "extern", process.pid)
    watched.pump()
    (job,) = watched.tracker.jobs.values()

    watched.tracker.adopt_extern(job)
    cgroups.use(1, 0.5, step="extern")
    watched.all_end()
    cgroups.end(1)
    watched.pump()

    assert [("1", 0, 0.5, True)] == watched.entries()
    assert 0 == watched.lives.missed


def test_ends_are_read_together_while_others_run(cgroups, watched):
    """Of many tasks of a job, each end costs only a message; the last one counts."""
    processes = [Process() for _ in range(3)]
    for task, process in enumerate(processes):
        cgroups.begin(1, str(task), process.pid)
    watched.pump()
    first, second, third = watched.pidfds

    def used_after_end(pidfd, cpu_s):
        cgroups.use(1, cpu_s)
        if pidfd is not None:
            watched.tracker.ended(pidfd)
        watched.tracker.look_if_due()
        return watched.entries()[0][2]

    assert 0.5 == used_after_end(first, 0.5)
    assert 0.5 == used_after_end(second, 0.6)
    assert watched.now_s + TOGETHER_S == watched.tracker.look_if_due()
    watched.now_s += TOGETHER_S
    assert 0.7 == used_after_end(None, 0.7)
    assert 0.8 == used_after_end(third, 0.8)
    for process in processes:
        process.end()


def test_watches_are_given_back(cgroups, watched, monkeypatch):
    """The kernel keeps those of cgroups that were removed."""
    removed = []
    monkeypatch.setattr(watched.messages, "remove", removed.append)
    before = set(watched.tracker._by_watch)
    cgroups.begin(1)
    watched.pump()
    taken = set(watched.tracker._by_watch) - before

    cgroups.end_step(1)
    watched.tracker.refresh()

    assert {1: 2, 2: 4}[cgroups.version] == len(removed)
    assert set(removed) < taken


def test_a_requeue_begins_another_entry(cgroups, watched):
    """The same folder comes again."""
    for cpu_s in (1, 2):
        cgroups.begin(1, "batch")
        watched.pump()
        cgroups.use(1, cpu_s)
        cgroups.end_step(1)
        cgroups.begin(1, "extern")
        watched.pump()
        cgroups.end(1)
        watched.pump()

    assert [("1", 0, 1, True), ("1", 1, 2, True)] == watched.entries()


def test_the_end_of_an_earlier_folder_does_not_end_a_later_one(cgroups, watched):
    """It was listed before the message of that end was handled."""
    cgroups.begin(1)
    watched.pump()
    above = watched.messages.add(str(cgroups.job(1).parent), CREATE | DELETE)

    watched.tracker.handle(Event(above, DELETE | IS_FOLDER, "job_1"))

    assert [("1", 0, None, False)] == watched.entries()


def test_after_lost_messages_all_folders_are_listed(cgroups, watched):
    """The kernel tells that its queue was full."""
    cgroups.begin(1)
    watched.pump()
    cgroups.end(1)
    cgroups.begin(2)
    list(watched.messages.events())

    watched.tracker.handle(Event(-1, OVERFLOW, ""))

    assert {("1", True), ("2", False)} == {
        (job, is_ended) for job, *_, is_ended in watched.entries()
    }


def test_after_lost_messages_a_folder_of_the_same_name_is_another_one(cgroups, watched):
    """The watch of the earlier one tells nothing any more."""
    cgroups.begin(1)
    watched.pump()
    cgroups.end(1)
    cgroups.begin(1)
    list(watched.messages.events())
    watched.tracker.handle(Event(-1, OVERFLOW, ""))
    assert [("1", 1, None, False), ("1", 0, None, True)] == watched.entries()

    cgroups.end(1)
    watched.pump()

    assert [True, True] == [is_ended for *_, is_ended in watched.entries()]


def test_version_2_tells_when_a_step_has_no_process(tmp_path):
    """Also of processes that outlive the first one of their task."""
    cgroups = Cgroups(tmp_path, 2)
    watched = Watching(cgroups)
    cgroups.begin(1)
    watched.pump()
    cgroups.use(1, 0.5)

    (cgroups.task(1).parent / "cgroup.events").write_text("populated 0\n")
    watched.pump()

    (entry,) = watched.lives.entries(0, 100)
    assert (True, 0.5) == (entry.is_final, entry.total("cpu_s"))
    watched.messages.close()


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.EMFILE])
def test_without_pidfds_the_ends_of_folders_remain(cgroups, number):
    """A kernel before 5.3, or a filter of system calls; the reason is available."""

    def refuse(_pid):
        raise OSError(number, os.strerror(number))

    watched = Watching(cgroups, refuse)
    cgroups.begin(1, "extern", 1)
    cgroups.begin(1, "batch", 1)
    watched.pump()
    cgroups.use(1, 0.5)
    cgroups.end_step(1)
    watched.pump()

    assert [("1", 0, 0.5, False)] == watched.entries()
    assert NO_PIDFD.format(reason=os.strerror(number)) == watched.tracker.ends.reason
    assert watched.tracker.ends.can_watch == (number == errno.EMFILE)
    watched.messages.close()


def test_a_process_that_has_ended_already_is_not_waited_for(cgroups):
    """The job is read at once."""

    def refuse(_pid):
        raise ProcessLookupError

    watched = Watching(cgroups, refuse)
    cgroups.begin(1, "batch", 1)
    cgroups.use(1, 0.5)
    watched.pump()

    assert [("1", 0, 0.5, False)] == watched.entries()
    watched.messages.close()


def test_without_inotify_folders_are_listed_for_each_page(cgroups):
    """Ends are seen, but last values are not."""
    lives = Lives()
    tracker = Tracker(cgroups.folders, lives, lambda: 5.0)
    cgroups.begin(1)
    tracker.refresh()
    assert {JobKey("", "1")} == tracker.jobs.keys()

    cgroups.end(1)
    tracker.refresh()

    assert {} == tracker.jobs
    assert (1, 1) == (lives.seen, lives.missed)


def test_a_job_that_was_there_before_has_the_age_of_its_process():
    """Of its first one: 8.64 s in the recorded tree."""
    lives = Lives()

    Tracker(JobFolders(kernel("slurm_jobs")), lives, lambda: 5000.0).refresh()

    assert [pytest.approx(4991.36)] == [entry.began_s for entry in lives.entries(0, 5000)]


def test_a_page_reads_all_figures(cgroups, watched, process):
    """What hardly ever changes, once in a while."""
    cgroups.begin(1, pid=process.pid)
    cgroups.use(1, 0.5)
    watched.pump()
    (job,) = watched.tracker.jobs.values()

    (cgroups.root.parents[2] / f"proc/{process.pid}").mkdir(parents=True)

    at_s, found, _ = watched.tracker.read(job)

    assert (100.0, 0.5, 1) == (at_s, found.cpu_s, found.tasks)
    assert os.getuid() == watched.tracker.owner(job)
