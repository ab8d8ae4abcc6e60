"""What is logged of jobs: once, and a bounded number of lines."""

import pytest

from fructosa_bridge.app.job_keeper import (
    FetchedPage,
)
from fructosa_bridge.app.job_log import (
    ADVICE,
    CLOCKS_APART,
    CONTRADICTIONS,
    MORE_PAGES,
    PAGE_ACCEPTED,
    PAGE_REFUSED,
)
from fructosa_bridge.job_gpus.job_devices import NO_ORDER
from fructosa_bridge.slurm.job_advice import NO_CGROUPS
from fructosa_bridge.slurm_output.records import SchedulerStatistics, SlurmConfig, SlurmReading

from ..jobs.known_jobs import record
from ..jobs.pages import reading
from .keeper_lab import logged


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


async def test_what_hides_the_use_of_jobs_is_logged_once(lab, caplog):
    """With what to set in slurm.conf."""
    plugins = {"ProctrackType": "proctrack/linuxproc", "JobAcctGatherType": "", "PrologFlags": ""}
    config = SlurmConfig(cluster="c1", job_plugins=plugins)
    for _ in range(2):
        lab.keeper.take_reading(SlurmReading(lab.now_s, config=config, jobs=[]))
    await lab.find()

    assert [ADVICE % NO_CGROUPS] == logged(caplog)


async def test_contradictions_are_logged_once_and_said_of_the_job(lab, caplog):
    """Then nothing is stated of its GPUs."""
    lab.run_gpu_job(600, seen=("GPU-a", "GPU-d"))

    (run,) = await lab.find()

    assert [CONTRADICTIONS % 1] == [one for one in logged(caplog) if "process" in one]
    assert None is run.gpu_busy_s
    assert NO_ORDER.format(node="n1") in run.notes


@pytest.mark.parametrize(("ahead_s", "words"), [(600, "ahead of"), (-600, "behind")])
async def test_a_clock_of_slurm_that_is_far_off_is_logged_once(lab, caplog, ahead_s, words):
    """Else nothing would be known of jobs, and nobody would know why."""

    def slurm(by_s):
        lab.slurm(scheduler=SchedulerStatistics({"time_s": lab.now_s + by_s}), duration_s=5.0)

    slurm(34)  # it was asked later than the reading began
    slurm(-29)
    await lab.find()
    before = logged(caplog)
    for _ in range(2):
        slurm(ahead_s)
    await lab.find()

    assert ([], [CLOCKS_APART % (600, words)]) == (before, logged(caplog))
