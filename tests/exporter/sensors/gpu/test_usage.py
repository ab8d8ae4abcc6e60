"""How busy GPUs are, and how full their memory is."""

from .driver_says import assert_told, said


def utilization(gpu):
    """What GPUUtilization is to tell."""
    engines = {"encoder": "Encoder", "decoder": "Decoder", "jpeg": "Jpg", "ofa": "Ofa"}
    return {
        ("utilization_ratio",): said(gpu, "UtilizationRates") / 100,
        ("memory_busy_ratio",): said(gpu, "UtilizationRates", 1) / 100,
    } | {
        ("engine_utilization_ratio", engine): said(gpu, f"{word}Utilization") / 100
        for engine, word in engines.items()
    }


def memory(gpu):
    """What GPUMemory is to tell."""
    total, used, reserved = (said(gpu, "MemoryInfo", place) for place in range(3))
    return {
        ("memory_total_bytes",): total,
        ("memory_used_bytes",): used,
        ("memory_reserved_bytes",): reserved,
        ("memory_free_bytes",): total - used - reserved,
        ("bar1_total_bytes",): said(gpu, "BAR1MemoryInfo"),
        ("bar1_used_bytes",): said(gpu, "BAR1MemoryInfo", 1),
    }


GIB = 2**30


def test_an_older_driver_does_not_tell_what_memory_is_reserved(node):
    """There used counts with it."""
    node.gpus[0].fails["nvmlDeviceGetMemoryInfo_v2"] = 13
    node.says()

    told = node.of(0, "GPUMemory")

    assert ("memory_reserved_bytes",) not in told
    assert 2 * GIB + 600 * 2**20 == told["memory_used_bytes",]


def test_all_that_gpuutilization_tells_is_what_the_driver_says(node):
    """In base units."""
    assert_told(node, "GPUUtilization", utilization)


def test_all_that_gpumemory_tells_is_what_the_driver_says(node):
    """In base units."""
    assert_told(node, "GPUMemory", memory)
