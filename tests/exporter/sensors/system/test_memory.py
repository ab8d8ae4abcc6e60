"""The sensors of memory and swap space."""

import os

import psutil
import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors.system.memory import SwapMemory, VirtualMemory

from ...machine import full, record, values
from ...recorded import changed


def test_memory_is_in_bytes():
    """Each field, and the ratio that is not available."""
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


def test_bytes_are_not_rounded():
    """They stay integers."""
    total_bytes = 2**60 + 1
    memory = record(**dict.fromkeys(VirtualMemory.FIELDS, total_bytes))

    assert total_bytes == values(VirtualMemory(read=lambda: memory))["memory_total_bytes",]


def test_swap_space_is_in_bytes():
    """The kernel counts swapped pages; they become bytes."""
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


def test_a_node_without_swap_space_has_only_sizes_of_zero(tmp_path):
    """The utilization and the counters are absent."""
    files = {"/proc/meminfo": "MemFree: 1 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"}

    found = values(SwapMemory(read=changed("memory", tmp_path, files)))

    expected = dict.fromkeys(["swap_total_bytes", "swap_used_bytes", "swap_free_bytes"], 0)
    assert expected == {name: value for (name,), value in found.items()}


@pytest.mark.parametrize("text", ["", "SwapTotal: 5 kB\n", "SwapTotal: x kB\nSwapFree: -1 kB\n"])
def test_the_sensor_is_unavailable_without_swap_fields(tmp_path, text):
    """As with a kernel that was built without swap."""
    with pytest.raises(SensorUnavailable, match="no SwapTotal"):
        values(SwapMemory(read=changed("memory", tmp_path, {"/proc/meminfo": text})))


def test_swap_counters_are_absent_if_the_kernel_lacks_them(tmp_path):
    """Absent is not zero."""
    found = values(SwapMemory(read=changed("memory", tmp_path, {"/proc/vmstat": "pswpin x\n"})))

    assert ("swap_in_bytes_total",) not in found
    assert found["swap_total_bytes",] == 2**30


def test_psutil_reports_the_same_swap_space_on_this_machine():
    """It obtains the value in another way."""
    assert psutil.swap_memory().total == values(SwapMemory())["swap_total_bytes",]
