"""Memory and swap space."""

from fructosa_exporter.sensors.memory import SwapMemory, VirtualMemory

from .machine import full, record, values


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
    """With what went in and out since boot."""
    expected = {
        ("swap_total_bytes",): 10,
        ("swap_used_bytes",): 4,
        ("swap_free_bytes",): 6,
        ("swap_in_bytes_total",): 3,
        ("swap_out_bytes_total",): 2,
        ("swap_utilization_ratio",): 0.4,
    }
    assert expected == values(full("SwapMemory"))


def test_a_node_without_swap_space_uses_no_share_of_it():
    """The sizes are zero, and are told; a share of nothing is not."""
    swap = record(total=0, used=0, free=0, sin=0, sout=0)

    found = values(SwapMemory(read=lambda: swap))

    assert found["swap_total_bytes",] == 0
    assert ("swap_utilization_ratio",) not in found
