"""GPUs like the H100, which also report PCIe bytes, and with GPM the activity of their parts."""

from dataclasses import replace

from .gpus import GIB, GPU, Growing, gpu

# In percent: graphics, SMs, their warps, tensor cores (any, half precision, integers), memory, and
# floating point of 64, 32 and 16 bits.
_PERCENT = (1, 2, 3, 5, 7, 9, 10, 11, 12, 13)
# In MiB/s: PCIe sent and received, NVLink received and sent.
_MIB_PER_SECOND = {20: 1_200, 21: 2_400, 60: 90_000, 61: 80_000}


def eight_hoppers(links: int = 18) -> list[GPU]:
    """Return eight GPUs like the H100; all their numbers differ."""
    return [hopper(index, links) for index in range(8)]


def hopper(index: int, links: int = 18) -> GPU:
    """Return a GPU like the H100 with all values it supports; each depends on *index*."""
    older = gpu(index, links)
    return replace(
        older,
        name="NVIDIA H100 80GB HBM3",
        answers=older.answers | {("nvmlDeviceGetMemoryInfo", 0): 80 * GIB},
        fields=older.fields | _pcie(index),
        activity=_activity(index),
    )


def _pcie(index: int) -> dict[tuple[int, int], int | Growing | None]:
    """Return the PCIe bytes: sent, received."""
    return {
        (197, 0): Growing(3_000_000_000_000 + index * 1_000_000, 1.2e9),
        (198, 0): Growing(6_000_000_000_000 + index * 1_000_000, 2.4e9),
    }


def _activity(index: int) -> dict[int, float | None]:
    """Return the values of GPM; each part is less busy than the one before."""
    percent = {metric: 92.25 - 9 * place + index for place, metric in enumerate(_PERCENT)}
    return percent | {metric: at + 10.5 * index for metric, at in _MIB_PER_SECOND.items()}
