"""Which GPUs are in use by Slurm's index (IDX), from a list of GRES: ``gpu:a100:2(IDX:0-1)``."""

import re
from functools import lru_cache
from typing import NamedTuple

# A node has at most so many GPUs: what names more is damaged.
MOST_GPUS = 256
_ENTRY = re.compile(r"(?:[^,(]|\([^()]*+\)?)++")  # commas in parentheses end none
_GPUS = re.compile(r"gpu((?::[^:()]+)*?):([0-9]{1,6})(?:\(IDX:([0-9,-]+|N/A)\)|\([A-Z]+:[^()]*\))?")
_SHARED = re.compile(r"(?:shard|mps)(?::[^:()]+)*?:([0-9]{1,12})[KMG]?(?:\(.*\))?")
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")
# Types of MIG instances, as AutoDetect = nvml names them: a100_1g.5gb, 3g.20gb+me.
_INSTANCE = re.compile(r"(?:^|[:_])[0-9]+g\.[0-9]+gb")


class GPUUse(NamedTuple):
    """The GPUs in use, by a job or on a node: how many, and their indexes.

    *indexes* is None where Slurm does not print them. *has_parts* if some are shards, MPS or MIG
    instances: parts of GPUs, whose use nobody measures apart.
    """

    total: int
    indexes: frozenset[int] | None
    has_parts: bool


NOTHING = GPUUse(0, frozenset(), False)
_UNKNOWN = GPUUse(0, None, False)


@lru_cache(maxsize=4096)
def gpu_use(text: str) -> GPUUse:
    """Return the GPUs in use in a list of GRES; what is not valid has no indexes."""
    if not text or text in ("(null)", "N/A"):
        return NOTHING
    count, has_parts = 0, False
    indexes: set[int] | None = set()
    for entry in _ENTRY.findall(text):
        if (shared := _SHARED.fullmatch(entry)) is not None:
            has_parts |= int(shared[1]) > 0
            continue
        if entry.partition(":")[0] not in ("gpu", "shard", "mps"):
            continue
        match = _GPUS.fullmatch(entry)
        if match is None:
            return _UNKNOWN
        of_entry = int(match[2])
        if not of_entry:
            continue
        count += of_entry
        has_parts |= _INSTANCE.search(match[1]) is not None
        found = _indexes(match[3] or "")
        is_valid = found is not None and len(found) == of_entry
        if indexes is None or found is None or not is_valid or indexes & found:
            indexes = None
        else:
            indexes |= found
    return GPUUse(count, None if indexes is None else frozenset(indexes), has_parts)


def _indexes(text: str) -> set[int] | None:
    """Return the indexes in ``0-1,3``, None if they are not valid."""
    found: set[int] = set()
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            return None
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last < MOST_GPUS:
            return None
        found.update(range(first, last + 1))
    return found


def whole_node(configured: int, use: GPUUse) -> GPUUse:
    """Return a node's *use* with the indexes that follow if all of its GPUs are in use.

    Slurm 22.05 prints no indexes of GPUs that have no type.
    """
    is_clear = use.indexes is None and not use.has_parts and 0 < use.total == configured
    return use._replace(indexes=frozenset(range(configured))) if is_clear else use
