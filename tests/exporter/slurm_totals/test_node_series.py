"""The series of GPUs and energy on the page of jobs."""

from fructosa_exporter.slurm_totals.gpu_totals import GPULook, GPUTotal
from fructosa_exporter.slurm_totals.node_series import (
    NOT_READ,
    OF_MACHINE,
    MachineTotals,
    values_of_machine,
)

LOOK = GPULook(
    "GPU-0",
    "0",
    3,
    "0000:10:00.0",
    energy_joules=70.0,
    faults=(("xid", 2),),
    throttled_s=(("thermal", 1.5),),
)


def named(totals):
    """Return values by name and labels."""
    return {
        (metric.name.removeprefix("fructosa_slurm_"), *labels): value
        for metric, labels, value in values_of_machine(totals)
    }


def test_all_that_is_known_is_there():
    """Each GPU by its UUID."""
    totals = MachineTotals(
        [GPUTotal(LOOK, 1.0, 12.5, 2**30)],
        energy_joules=300.5,
        memory_errors=(("corrected", 7),),
        link_downs=(("mlx5_0/1", 2),),
        fullest=("/tmp", 0.97),
    )

    assert {
        ("gpu_info", "GPU-0", "0", "3", "0000:10:00.0", ""): 1,
        ("gpu_busy_seconds_total", "GPU-0"): 12.5,
        ("gpu_memory_max_bytes", "GPU-0"): 2**30,
        ("gpu_energy_joules_total", "GPU-0"): 70.0,
        ("gpu_faults_total", "GPU-0", "xid"): 2,
        ("gpu_throttled_seconds_total", "GPU-0", "thermal"): 1.5,
        ("node_energy_joules_total",): 300.5,
        ("node_memory_errors_total", "corrected"): 7,
        ("node_link_downs_total", "mlx5_0/1"): 2,
        ("node_fullest_filesystem_ratio", "/tmp"): 0.97,
    } == named(totals)
    assert len(OF_MACHINE) == len(named(totals))


def test_what_is_unknown_is_absent():
    """But a GPU is named, also one that is divided."""
    look = GPULook("GPU-1", "1", is_divided=True)

    assert {("gpu_info", "GPU-1", "1", "", "", "1"): 1} == named(
        MachineTotals([GPUTotal(look, 1.0, None, None)])
    )
    assert {} == named(NOT_READ)
