"""The sensors GPUUtilization and GPUMemory."""

from .expected import answer, assert_exposed


def utilization(gpu):
    """Return the expected values of GPUUtilization."""
    engines = {"encoder": "Encoder", "decoder": "Decoder", "jpeg": "Jpg", "ofa": "Ofa"}
    return {
        ("utilization_ratio",): answer(gpu, "UtilizationRates") / 100,
        ("memory_busy_ratio",): answer(gpu, "UtilizationRates", 1) / 100,
    } | {
        ("engine_utilization_ratio", engine): answer(gpu, f"{word}Utilization") / 100
        for engine, word in engines.items()
    }


def memory(gpu):
    """Return the expected values of GPUMemory."""
    total, used, reserved = (answer(gpu, "MemoryInfo", place) for place in range(3))
    return {
        ("memory_total_bytes",): total,
        ("memory_used_bytes",): used,
        ("memory_reserved_bytes",): reserved,
        ("memory_free_bytes",): total - used - reserved,
        ("bar1_total_bytes",): answer(gpu, "BAR1MemoryInfo"),
        ("bar1_used_bytes",): answer(gpu, "BAR1MemoryInfo", 1),
    }


GIB = 2**30


def test_an_older_driver_has_no_reserved_memory(node):
    """Its used memory includes the reserved memory."""
    node.gpus[0].fails["nvmlDeviceGetMemoryInfo_v2"] = 13
    node.update_driver()

    found = node.values_of(0, "GPUMemory")

    assert ("memory_reserved_bytes",) not in found
    assert 2 * GIB + 600 * 2**20 == found["memory_used_bytes",]


def test_gpuutilization_exposes_the_values_of_the_driver(node):
    """In base units."""
    assert_exposed(node, "GPUUtilization", utilization)


def test_gpumemory_exposes_the_values_of_the_driver(node):
    """In base units."""
    assert_exposed(node, "GPUMemory", memory)
