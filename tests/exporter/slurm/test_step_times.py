"""CPU time of jobs of version 2, by their steps."""

import shutil

import pytest

from .cgroups import Cgroups
from .watching import Process, Watching

# What slurmstepd takes of the CPU, in a folder beside that of the processes.
SLURM_S = 0.125


@pytest.fixture
def cgroups(tmp_path):
    """A slurmd without jobs."""
    return Cgroups(tmp_path, 2)


@pytest.fixture
def processes():
    """Makes processes, which end after the test."""
    made = []

    def make():
        made.append(Process())
        return made[-1].pid

    yield make
    for process in made:
        process.end()


def use(cgroups, job, **steps):
    """Set the CPU time of steps, and that of the job with Slurm's own processes."""
    for step, cpu_s in steps.items():
        cgroups.use(job, cpu_s, step=step.lstrip("_"))
    whole_s = sum(steps.values()) + SLURM_S * len(steps)
    (cgroups.job(job) / "cpu.stat").write_text(f"usage_usec {whole_s * 10**6:.0f}\n")


def test_slurms_own_processes_are_left_out(cgroups, watched, processes):
    """They took half of what a short job takes."""
    cgroups.begin(1, "extern", processes())
    cgroups.begin(1, pid=processes())
    watched.pump()
    use(cgroups, 1, batch=0.25, extern=0.0625)

    watched.all_end()

    assert [("1", 0, 0.3125, False)] == watched.entries()


def test_steps_add_up(cgroups, watched, processes):
    """Their folders go when they end."""
    cgroups.begin(1, pid=processes())
    watched.pump()
    cgroups.begin(1, "0", processes())
    watched.pump()
    use(cgroups, 1, batch=0.25, _0=0.5)
    watched.tracker.ended(watched.pidfds[1])
    cgroups.end_step(1, "0")
    watched.pump()
    use(cgroups, 1, batch=0.375)

    watched.all_end()
    cgroups.end(1)
    watched.pump()

    assert [("1", 0, 0.875, True)] == watched.entries()
    assert 0 == watched.lives.missed


def test_what_a_process_leaves_behind_counts(cgroups, watched, processes):
    """The folder says when the last one has gone."""
    cgroups.begin(1, pid=processes())
    watched.pump()
    use(cgroups, 1, batch=0.25)
    watched.all_end()

    use(cgroups, 1, batch=0.5)
    (cgroups.task(1).parent / "cgroup.events").write_text("populated 0\n")
    watched.pump()

    assert [("1", 0, 0.5, False)] == watched.entries()


def test_a_step_that_was_not_read_has_the_time_of_the_job(cgroups, watched, processes):
    """A little too much is better than nothing, and a total never falls."""
    cgroups.begin(1, pid=processes())
    cgroups.begin(1, "0")
    watched.pump()
    use(cgroups, 1, batch=0.25, _0=0.5)
    shutil.rmtree(cgroups.task(1, "0").parent)
    watched.pump()
    cgroups.end_step(1, "0")
    watched.pump()

    watched.all_end()

    assert [("1", 0, 0.75 + 2 * SLURM_S, False)] == watched.entries()


def test_a_job_that_was_there_before_has_the_time_of_its_folder(cgroups, processes):
    """It may have had steps that have ended."""
    cgroups.begin(1, pid=processes())
    use(cgroups, 1, batch=0.25)
    late = Watching(cgroups)

    late.all_end()

    assert [("1", 0, 0.25 + SLURM_S, False)] == late.entries()
    late.messages.close()


def test_after_lost_messages_jobs_have_the_times_of_their_folders(cgroups, watched, processes):
    """Steps may have come and gone unseen."""
    cgroups.begin(1, pid=processes())
    watched.pump()
    use(cgroups, 1, batch=0.25)

    watched.tracker.refresh()
    watched.all_end()

    assert [("1", 0, 0.25 + SLURM_S, False)] == watched.entries()


def test_a_page_knows_nothing_while_a_step_goes(cgroups, watched, processes):
    """What was read before stays, as the time of the job would be too much."""
    cgroups.begin(1, pid=processes())
    watched.pump()
    use(cgroups, 1, batch=0.25)
    (job,) = watched.tracker.jobs.values()
    _, before, _ = watched.tracker.read(job)

    shutil.rmtree(cgroups.task(1).parent)
    _, after, _ = watched.tracker.read(job)

    assert (0.25, None) == (before.cpu_s, after.cpu_s)
    assert not job.has_lost
