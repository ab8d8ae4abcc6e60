"""The page of jobs."""

from fructosa_exporter.page.jobs_page import jobs_page
from fructosa_exporter.slurm.figures import Figures
from fructosa_exporter.slurm.layouts import JobKey
from fructosa_exporter.slurm.lives import JobEntry
from fructosa_exporter.slurm.series import JobsState
from fructosa_exporter.slurm_totals.gpu_totals import GPULook, GPUTotal
from fructosa_exporter.slurm_totals.node_series import MachineTotals

NODE = JobsState("0123456789abcdef", "boot", True, 5, 9, 2, 1)


def entry(key, restart=0, cpu_s=1.5):
    """Return a job that was read once."""
    made = JobEntry(key, restart, 0.0)
    made.take(Figures(cpu_s=cpu_s), 1.0, is_final=False)
    return made


def test_labels_without_a_value_are_left_out():
    """So that a job has the same labels wherever it is read."""
    page = jobs_page(NODE, [entry(JobKey("", "7")), entry(JobKey("n1", "8"), 1)], 2.0)

    lines = [line for line in page.splitlines() if line.startswith("fructosa_slurm_job_cpu")]
    assert [
        'fructosa_slurm_job_cpu_seconds_total{jobid="7"} 1.5',
        'fructosa_slurm_job_cpu_seconds_total{jobid="8",slurmd="n1",restart="1"} 1.5',
    ] == lines


def test_only_metrics_with_values_have_a_head():
    """And each has one."""
    page = jobs_page(NODE, [entry(JobKey("", "7")), entry(JobKey("", "8"))], 2.0)

    assert 1 == page.count("# TYPE fructosa_slurm_job_cpu_seconds_total counter\n")
    assert "fructosa_slurm_job_swap_bytes" not in page


def test_a_uuid_of_a_driver_is_escaped():
    """It may be anything."""
    job = entry(JobKey("", "7"))
    job.gpu_processes = {'G"0': 2}

    assert 'gpu_processes{jobid="7",uuid="G\\"0"} 2\n' in jobs_page(NODE, [job], 2.0)


def test_gpus_and_energy_of_the_node_are_on_it():
    """What is unknown of a GPU is left out."""
    gpu = GPUTotal(GPULook("GPU-0", "0", 2), 1.0, 12.5, None)

    page = jobs_page(NODE, [], 2.0, MachineTotals([gpu], 7.5))

    lines = [line for line in page.splitlines() if line.startswith("fructosa_slurm_")]
    assert [
        'fructosa_slurm_gpu_info{uuid="GPU-0",index="0",minor="2"} 1',
        'fructosa_slurm_gpu_busy_seconds_total{uuid="GPU-0"} 12.5',
        "fructosa_slurm_node_energy_joules_total 7.5",
    ] == [line for line in lines if "_gpu_" in line or "_node_" in line]
