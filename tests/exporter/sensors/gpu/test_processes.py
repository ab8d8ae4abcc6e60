"""The sensor GPUProcesses."""

import pytest

from tests.nvml.driver import Process

from .expected import assert_exposed

KIB, MIB, GIB = 2**10, 2**20, 2**30


def processes(gpu):
    """Return the expected values of GPUProcesses."""
    return {
        ("processes", "compute"): len(gpu.computing),
        ("processes", "graphics"): len(gpu.drawing),
        ("processes_memory_bytes",): sum(process.used_bytes for process in gpu.computing),
    }


def test_processes_are_exposed_one_by_one_only_with_the_option_each(node):
    """By PID and command; one that has ended has no command."""
    process = Process(2**22, 3 * GIB)  # the largest PID of Linux plus one
    node.gpus[5].computing = [process]
    node.update_driver()

    series = ("process_memory_bytes", str(process.pid), "")
    assert 3 * GIB == node.values_of(5, "GPUProcesses", each=True)[series]
    assert series not in node.values_of(5, "GPUProcesses")


def test_the_memory_of_a_process_in_both_lists_counts_once(node):
    """It uses compute and graphics."""
    both = Process(77, GIB)
    node.gpus[0].computing, node.gpus[0].drawing = [both, Process(78, MIB)], [both]
    node.update_driver()

    expected = {
        ("processes", "compute"): 2,
        ("processes", "graphics"): 1,
        ("processes_memory_bytes",): GIB + MIB,
    }
    assert expected == node.values_of(0, "GPUProcesses")


@pytest.mark.parametrize("pid", [0, 2**22 + 1, 2**32 - 1])
def test_only_the_number_of_invalid_processes_is_exposed(node, pid):
    """They result from a driver with a longer structure than pynvml's; the first one is valid."""
    node.gpus[0].computing = [Process(77, GIB), Process(pid, 2**40)]
    node.update_driver()

    expected = {("processes", "compute"): 2, ("processes", "graphics"): 0}
    assert expected == node.values_of(0, "GPUProcesses", each=True)


GIB = 2**30


ALL_ONES_32, ALL_ONES_64 = 2**32 - 1, 2**64 - 1


def test_memory_is_absent_if_that_of_a_process_is_unknown(node):
    """As in some containers; the number of processes is known."""
    node.gpus[0].computing = [Process(1, GIB), Process(2, ALL_ONES_64)]
    node.update_driver()

    expected = {("processes", "compute"): 2, ("processes", "graphics"): 0}
    assert expected == node.values_of(0, "GPUProcesses")


def test_gpuprocesses_exposes_the_values_of_the_driver(node):
    """In base units."""
    assert_exposed(node, "GPUProcesses", processes)
