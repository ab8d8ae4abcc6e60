"""The sensors of memory and swap space."""

import os

import psutil
import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors.system.memory import SwapMemory, VirtualMemory

from ...machine import full, values
from ...recorded import changed, kernel

KB = 1024
# A node of 755 GiB that has reserved 720 GiB as huge pages, of which two are in use
# (vexxhost/atmosphere issue 3934).
RESERVED = """\
MemTotal:       791674880 kB
MemAvailable:    17825792 kB
HugePages_Total:      720
HugePages_Free:       718
Hugepagesize:     1048576 kB
Hugetlb:        754974720 kB
"""


def memory(tmp_path, text):
    """Return the values of the sensor for a /proc/meminfo."""
    return values(VirtualMemory(read=changed("memory", tmp_path, {"/proc/meminfo": text})))


def test_memory_is_in_bytes():
    """Each field as the kernel has it; used is what is not available."""
    expected = {
        "memory_total_bytes": 3969496 * KB,
        "memory_available_bytes": 1161036 * KB,
        "memory_used_bytes": (3969496 - 1161036) * KB,
        "memory_free_bytes": 128584 * KB,
        "memory_active_bytes": 1165556 * KB,
        "memory_inactive_bytes": 1773588 * KB,
        "memory_buffers_bytes": 32544 * KB,
        "memory_cached_bytes": 1195128 * KB,
        "memory_shared_bytes": 60880 * KB,
        "memory_slab_bytes": 349080 * KB,
        "memory_hugepages_total_bytes": 1048576 * KB,
        "memory_hugepages_free_bytes": 200 * 2048 * KB,
        "memory_utilization_ratio": 1 - 1161036 / (3969496 - 1048576),
    }
    assert expected == {name: value for (name,), value in values(full("VirtualMemory")).items()}


def test_memory_reserved_as_huge_pages_does_not_count_as_utilization(tmp_path):
    """The node is half empty, and no program can use the pages unless it asks for them."""
    found = memory(tmp_path, RESERVED)

    assert found["memory_utilization_ratio",] == pytest.approx(0.514, abs=0.001)
    assert found["memory_hugepages_total_bytes",] == 720 * 2**30
    assert found["memory_hugepages_free_bytes",] == 718 * 2**30


@pytest.mark.parametrize("key", ["MemAvailable", "Cached", "Hugetlb", "HugePages_Free", "Slab"])
def test_a_key_that_the_kernel_leaves_out_costs_what_depends_on_it(tmp_path, key):
    """As in containers; the others stay."""
    kept = [line for line in read_tree().splitlines() if not line.startswith(f"{key}:")]

    found = memory(tmp_path, "\n".join(kept) + "\n")

    lost = {
        "MemAvailable": {"available_bytes", "used_bytes", "utilization_ratio"},
        "Cached": {"cached_bytes"},
        "Hugetlb": set(),
        "HugePages_Free": {"hugepages_free_bytes"},
        "Slab": {"slab_bytes"},
    }
    everything = {name for (name,) in values(full("VirtualMemory"))}
    assert everything - {f"memory_{name}" for name in lost[key]} == {name for (name,) in found}


def read_tree():
    """Return the recorded /proc/meminfo."""
    return kernel("memory").text("/proc/meminfo")


@pytest.mark.parametrize(
    "text",
    [
        "MemTotal: 100 kB\nMemAvailable: 200 kB\n",
        "MemTotal: 0 kB\nMemAvailable: 0 kB\n",
        "MemTotal: 100 kB\nMemAvailable: 10 kB\nHugetlb: 200 kB\n",
    ],
)
def test_numbers_that_do_not_belong_together_give_no_ratio(tmp_path, text):
    """A container may have the total of its own and the rest of the machine."""
    assert ("memory_utilization_ratio",) not in memory(tmp_path, text)


def test_without_a_total_there_is_nothing_to_report(tmp_path):
    """The text says what is missing."""
    with pytest.raises(SensorUnavailable, match="no MemTotal"):
        memory(tmp_path, "")


def test_the_kernel_reports_the_memory_of_this_machine():
    """psutil obtains it in the same way."""
    assert psutil.virtual_memory().total == values(VirtualMemory())["memory_total_bytes",]


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
