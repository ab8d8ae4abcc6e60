"""Targets as JSON for programs: 10,000 of them, without keeping the scraping waiting."""

import asyncio
import gzip
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..scrape.target_state import TargetState
from .status import MasterView, counts, destination_row, filtered, queue_row, target_row

# A few milliseconds' worth; then others have their turn.
_AT_A_TIME = 250
# Several browsers, and one that is impatient, ask as cheaply as one.
_KEPT_S = 1.0
# Between several answers that are being made at one time; each is some megabytes.
_KEPT_ANSWERS = 8

_compact = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class EncodedJSON:
    """An encoded answer, as it is and in gzip."""

    plain: bytes
    packed: bytes


@dataclass(frozen=True)
class _Kept:
    made: "asyncio.Task[EncodedJSON]"
    until_s: float


class TargetsJSON:
    """TargetsJSON to what programs ask of a *view*; each goes for all who ask within a second."""

    def __init__(self, view: MasterView, clock: Callable[[], float] = time.monotonic) -> None:
        self._view = view
        self._clock = clock
        self._kept: dict[tuple[str, str], _Kept] = {}

    async def targets(self, state: str = "", group: str = "") -> EncodedJSON:
        """Return the targets in a *state* and of a *group*, or all."""
        now_s = self._clock()
        kept = self._kept.get((state, group))
        if kept is None or (kept.made.done() and kept.until_s <= now_s):
            self._make_room(now_s)
            making = asyncio.create_task(_answer(self._view, state, group))
            kept = self._kept[state, group] = _Kept(making, now_s + _KEPT_S)
        # Who goes away must not take the answer from the others.
        return await asyncio.shield(kept.made)

    def _make_room(self, now_s: float) -> None:
        for key, kept in list(self._kept.items()):
            if kept.until_s <= now_s and kept.made.done():
                del self._kept[key]
        while len(self._kept) >= _KEPT_ANSWERS:
            del self._kept[next(iter(self._kept))]


async def _answer(view: MasterView, state: str, group: str) -> EncodedJSON:
    states = view.states
    about = {
        "now_s": round(time.time(), 3),
        "is_ready": view.is_ready,
        "counts": counts(states),
        "groups": Counter(one.target.group for one in states),
        "destinations": [destination_row(delivery) for delivery in view.deliveries],
        "queue": queue_row(view),
    }
    await asyncio.sleep(0)
    rows = await _rows(filtered(states, state, group))
    plain = f'{_compact(about)[:-1]},"targets":[{",".join(rows)}]}}\n'.encode()
    # zlib gives the interpreter to others while it works.
    return EncodedJSON(plain, await asyncio.to_thread(gzip.compress, plain, 1, mtime=0))


async def _rows(states: Sequence[TargetState]) -> list[str]:
    found = []
    for start in range(0, len(states), _AT_A_TIME):
        found.append(_compact(list(map(target_row, states[start : start + _AT_A_TIME])))[1:-1])
        await asyncio.sleep(0)
    return found
