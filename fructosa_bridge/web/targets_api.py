"""The JSON of /api/targets: up to 10,000 targets, without delaying the scrapes."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..scrape.target_state import TargetState
from ..slurm.monitor import SlurmMonitor
from .long_body import LongBody
from .slurm_status import slurm_status
from .status import (
    ALL_TARGETS,
    StatusSource,
    TargetFilter,
    counts_by_state,
    destination_status,
    filtered,
    queue_status,
    target_status,
)

# Takes a few milliseconds; then other tasks get their turn.
_TARGETS_AT_A_TIME = 250
# So several browsers cost as much as one, and so does one that reloads again and again.
_CACHE_S = 1.0
# Responses to different filters; each may have some megabytes.
_CACHE_SIZE = 8

_compact = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class _CacheEntry:
    task: "asyncio.Task[LongBody]"
    expires_s: float


class TargetsAPI:
    """Responses to /api/targets; requests within a second share one."""

    def __init__(self, source: StatusSource, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._cache: dict[TargetFilter, _CacheEntry] = {}

    async def body(self, wanted: TargetFilter = ALL_TARGETS) -> LongBody:
        """Return all targets, or those that are *wanted*."""
        now_s = self._clock()
        entry = self._cache.get(wanted)
        if entry is None or _has_expired(entry, now_s):
            self._evict(now_s)
            task = asyncio.create_task(_body(self._source, wanted))
            entry = self._cache[wanted] = _CacheEntry(task, now_s + _CACHE_S)
        # A client that disconnects must not cancel the response of the others.
        return await asyncio.shield(entry.task)

    def _evict(self, now_s: float) -> None:
        for key, entry in list(self._cache.items()):
            if _has_expired(entry, now_s):
                del self._cache[key]
        while len(self._cache) >= _CACHE_SIZE:
            del self._cache[next(iter(self._cache))]


def _has_expired(entry: _CacheEntry, now_s: float) -> bool:
    return entry.task.done() and entry.expires_s <= now_s


async def _body(source: StatusSource, wanted: TargetFilter) -> LongBody:
    states, slurm = source.states, source.slurm
    head = {
        "now_s": round(time.time(), 3),
        "is_ready": source.is_ready,
        "counts": counts_by_state(states),
        "groups": Counter(one.target.group for one in states),
        "destinations": [destination_status(delivery) for delivery in source.deliveries],
        "queue": queue_status(source),
        "slurm": await asyncio.to_thread(slurm_status, states, slurm),
    }
    targets = await _encoded(filtered(states, wanted, slurm), slurm)
    return await LongBody.of(f'{_compact(head)[:-1]},"targets":[{",".join(targets)}]}}\n')


async def _encoded(states: Sequence[TargetState], slurm: SlurmMonitor | None = None) -> list[str]:
    """Return parts of a JSON array of targets, to be joined by commas."""
    parts = []
    for start in range(0, len(states), _TARGETS_AT_A_TIME):
        some = [target_status(one, slurm) for one in states[start : start + _TARGETS_AT_A_TIME]]
        parts.append(_compact(some)[1:-1])
        await asyncio.sleep(0)
    return parts
