"""GPUs like H100: the first that tell PCIe's bytes, and by GPM how busy their parts are."""

from dataclasses import replace

from .gpus import GIB, GPU, Growing, gpu

# Percent: graphics, SMs, their warps, tensor cores (any, half precision, integers), memory, and
# arithmetic of 64, 32 and 16 bits.
_PERCENT = (1, 2, 3, 5, 7, 9, 10, 11, 12, 13)
# MiB/s: PCIe sent and received, NVLink received and sent.
_MIB_PER_SECOND = {20: 1_200, 21: 2_400, 60: 90_000, 61: 80_000}


def eight_hoppers(links: int = 18) -> list[GPU]:
    """Return eight GPUs like H100; no two say the same, nor two numbers of one GPU."""
    return [hopper(index, links) for index in range(8)]


def hopper(index: int, links: int = 18) -> GPU:
    """Return a GPU like an H100 with all that one can tell; each number depends on *index*."""
    older = gpu(index, links)
    return replace(
        older,
        name="NVIDIA H100 80GB HBM3",
        answers=older.answers | {("nvmlDeviceGetMemoryInfo", 0): 80 * GIB},
        fields=older.fields | _pcie(index),
        activity=_activity(index),
    )


def _pcie(index: int) -> dict[tuple[int, int], int | Growing | None]:
    """Return the bytes that went over PCIe: sent, received."""
    return {
        (197, 0): Growing(3_000_000_000_000 + index * 1_000_000, 1.2e9),
        (198, 0): Growing(6_000_000_000_000 + index * 1_000_000, 2.4e9),
    }


def _activity(index: int) -> dict[int, float | None]:
    """Return what GPM tells: the finer the part, the less it is busy."""
    percent = {metric: 92.25 - 9 * place + index for place, metric in enumerate(_PERCENT)}
    return percent | {metric: at + 10.5 * index for metric, at in _MIB_PER_SECOND.items()}
