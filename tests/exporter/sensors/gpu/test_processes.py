"""Who uses GPUs."""

import pytest

from tests.nvml.driver import Process

from .driver_says import assert_told

KIB, MIB, GIB = 2**10, 2**20, 2**30


def processes(gpu):
    """What GPUProcesses is to tell."""
    return {
        ("processes", "compute"): len(gpu.computing),
        ("processes", "graphics"): len(gpu.drawing),
        ("processes_memory_bytes",): sum(process.used_bytes for process in gpu.computing),
    }


def test_processes_are_told_on_request_only(node):
    """By number and command; one that is gone by now has no command."""
    process = Process(2**22, 3 * GIB)  # just above the largest number that Linux gives
    node.gpus[5].computing = [process]
    node.says()

    series = ("process_memory_bytes", str(process.pid), "")
    assert 3 * GIB == node.of(5, "GPUProcesses", each=True)[series]
    assert series not in node.of(5, "GPUProcesses")


def test_a_process_that_computes_and_draws_has_its_memory_once(node):
    """It is in both lists."""
    both = Process(77, GIB)
    node.gpus[0].computing, node.gpus[0].drawing = [both, Process(78, MIB)], [both]
    node.says()

    expected = {
        ("processes", "compute"): 2,
        ("processes", "graphics"): 1,
        ("processes_memory_bytes",): GIB + MIB,
    }
    assert expected == node.of(0, "GPUProcesses")


@pytest.mark.parametrize("pid", [0, 2**22 + 1, 2**32 - 1])
def test_of_processes_that_can_not_be_right_only_their_number_is_told(node, pid):
    """So they look when a driver writes them longer than pynvml reads them; the first is right."""
    node.gpus[0].computing = [Process(77, GIB), Process(pid, 2**40)]
    node.says()

    expected = {("processes", "compute"): 2, ("processes", "graphics"): 0}
    assert expected == node.of(0, "GPUProcesses", each=True)


GIB = 2**30


ALL_ONES_32, ALL_ONES_64 = 2**32 - 1, 2**64 - 1


def test_memory_that_nobody_tells_of_a_process_is_no_sum(node):
    """As in some containers; the number of processes is known."""
    node.gpus[0].computing = [Process(1, GIB), Process(2, ALL_ONES_64)]
    node.says()

    expected = {("processes", "compute"): 2, ("processes", "graphics"): 0}
    assert expected == node.of(0, "GPUProcesses")


def test_all_that_gpuprocesses_tells_is_what_the_driver_says(node):
    """In base units."""
    assert_told(node, "GPUProcesses", processes)
