"""The series of jobs."""

from fructosa_exporter.slurm.figures import Figures
from fructosa_exporter.slurm.layouts import JobKey
from fructosa_exporter.slurm.lives import JobEntry
from fructosa_exporter.slurm.series import (
    OF_JOB,
    OF_NODE,
    JobsState,
    labels_of,
    values_of_job,
    values_of_node,
)

EVERYTHING = Figures(2.5, 4, 300, 100, 400, 500, 7, 1, 3, 0.5, 0.25, 4.0)


def named(values):
    """Return values by name, without what all names begin with."""
    return {
        (metric.name.removeprefix("fructosa_slurm_job"), *labels): value
        for metric, labels, value in values
    }


def test_a_running_job_has_present_values():
    """Each once."""
    entry = JobEntry(JobKey("n1", "7"), 0, 10.0, uid="1000")
    entry.take(EVERYTHING, 20.0, is_final=False)
    entry.gpu_processes = {"GPU-0": 2}

    found = named(values_of_job(entry, 25.5))

    assert {
        ("_cpu_seconds_total",): 2.5,
        ("_cpus",): 4,
        ("_memory_bytes",): 300,
        ("_memory_own_bytes",): 100,
        ("_memory_own_max_bytes",): 100,
        ("_memory_peak_bytes",): 400,
        ("_memory_limit_bytes",): 500,
        ("_swap_bytes",): 7,
        ("_oom_kills_total",): 1,
        ("_tasks",): 3,
        ("_stalled_seconds_total", "cpu"): 0.5,
        ("_stalled_seconds_total", "memory"): 0.25,
        ("_stalled_seconds_total", "io"): 4.0,
        ("_age_seconds",): 15.5,
        ("_reading_age_seconds",): 5.5,
        ("_gpu_processes", "GPU-0"): 2,
        ("_uid",): 1000,
    } == found


def test_a_job_that_has_ended_has_no_present_values():
    """It keeps its totals, its maxima, and what it was allowed."""
    entry = JobEntry(JobKey("", "7"), 1, 10.0)
    entry.take(EVERYTHING, 20.0, is_final=True)
    entry.fold()
    entry.ended_s, entry.sequence = 21.0, 9

    found = named(values_of_job(entry, 25.0))

    assert (4.0, 9, 2.5) == (
        found["_end_age_seconds",],
        found["_end_sequence",],
        found["_cpu_seconds_total",],
    )
    assert {"_memory_bytes", "_memory_own_bytes", "_swap_bytes", "_tasks"}.isdisjoint(
        name for name, *_ in found
    )
    assert (400, 500, 4) == (
        found["_memory_peak_bytes",],
        found["_memory_limit_bytes",],
        found["_cpus",],
    )


def test_labels_name_the_job():
    """A slurmd if there are several, and a restart if there was one."""
    assert ("7", "", "") == labels_of(JobEntry(JobKey("", "7"), 0, 0))
    assert ("7", "n1", "2") == labels_of(JobEntry(JobKey("n1", "7"), 2, 0))


def test_the_node_has_each_of_its_metrics():
    """Without a boot id, its info is left out."""
    state = JobsState("0123456789abcdef", "boot", True, 5, 9, 2, 1)

    found = list(values_of_node(state))

    assert list(OF_NODE) == [metric for metric, *_ in found]
    assert [1, 5, 1, 9, 2, 1] == [value for *_, value in found]
    assert OF_NODE[0] not in [metric for metric, *_ in values_of_node(state._replace(boot_id=""))]


def test_no_series_has_a_label_job():
    """Prometheus has it already, for the target."""
    assert not [metric for metric in OF_JOB if "job" in metric.labels]
