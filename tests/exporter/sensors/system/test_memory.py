"""Memory and swap space."""

import os

import psutil
import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors.system.memory import SwapMemory, VirtualMemory

from ...machine import full, record, values
from ...recorded import changed


def test_memory_is_told_in_bytes():
    """Field by field, and as the share that is not available."""
    expected = {
        ("memory_total_bytes",): 100,
        ("memory_available_bytes",): 60,
        ("memory_used_bytes",): 30,
        ("memory_free_bytes",): 20,
        ("memory_active_bytes",): 10,
        ("memory_inactive_bytes",): 9,
        ("memory_buffers_bytes",): 8,
        ("memory_cached_bytes",): 7,
        ("memory_shared_bytes",): 6,
        ("memory_slab_bytes",): 5,
        ("memory_utilization_ratio",): 0.4,
    }
    assert expected == values(full("VirtualMemory"))


def test_what_the_kernel_says_is_not_rounded():
    """Bytes stay whole numbers."""
    total_bytes = 2**60 + 1
    memory = record(**dict.fromkeys(VirtualMemory.FIELDS, total_bytes))

    assert total_bytes == values(VirtualMemory(read=lambda: memory))["memory_total_bytes",]


def test_swap_space_is_told_in_bytes():
    """With what went in and out since boot, of which the kernel counts pages."""
    page_bytes = os.sysconf("SC_PAGESIZE")
    expected = {
        ("swap_total_bytes",): 2**30,
        ("swap_used_bytes",): 2**28,
        ("swap_free_bytes",): 3 * 2**28,
        ("swap_in_bytes_total",): 3 * page_bytes,
        ("swap_out_bytes_total",): 2 * page_bytes,
        ("swap_utilization_ratio",): 0.25,
    }
    assert expected == values(full("SwapMemory"))


def test_a_node_without_swap_space_uses_no_share_of_it(tmp_path):
    """The sizes are zero, and are told; a share of nothing is not, nor what can't be swapped."""
    files = {"/proc/meminfo": "MemFree: 1 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"}

    found = values(SwapMemory(read=changed("memory", tmp_path, files)))

    expected = dict.fromkeys(["swap_total_bytes", "swap_used_bytes", "swap_free_bytes"], 0)
    assert expected == {name: value for (name,), value in found.items()}


@pytest.mark.parametrize("text", ["", "SwapTotal: 5 kB\n", "SwapTotal: x kB\nSwapFree: -1 kB\n"])
def test_a_kernel_that_tells_no_swap_space_has_nothing_to_tell(tmp_path, text):
    """As one that was built without it."""
    with pytest.raises(SensorUnavailable, match="no swap space"):
        values(SwapMemory(read=changed("memory", tmp_path, {"/proc/meminfo": text})))


def test_what_was_swapped_is_told_where_it_is_counted(tmp_path):
    """Absent is not zero."""
    found = values(SwapMemory(read=changed("memory", tmp_path, {"/proc/vmstat": "pswpin x\n"})))

    assert ("swap_in_bytes_total",) not in found
    assert found["swap_total_bytes",] == 2**30


def test_psutil_sees_the_same_swap_space_on_this_machine():
    """It asks the kernel by another way."""
    assert psutil.swap_memory().total == values(SwapMemory())["swap_total_bytes",]
