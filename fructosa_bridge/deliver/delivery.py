"""From the queue to a destination: look, send, acknowledge; wait and try again.

Fresh points and the backlog take turns, so that an outage does not make what follows it late; the
backlog goes at no more than a pace, which leaves carbon room for what is fresh.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

from ..model.errors import DeliveryError
from ..model.points import Batch
from ..queue.spool import Spool
from . import backoff
from .pace import Pace

log = logging.getLogger(__name__)

# A few thousand points at a time: enough to make sending cheap, few enough to be sent again.
_POINTS_AT_A_TIME = 10_000
_REFUSED = {
    "expired": "points are older than their Whisper files keep them; they are dropped",
    "future": "points are hours ahead of this machine's clock, for which Whisper files have no "
    "slots; they are dropped; set the clock",
}
REFUSALS = tuple(_REFUSED)
"""Why a destination keeps no place for a point that it was sent."""


class Destination(Protocol):
    """Where points go."""

    name: str

    @property
    def unsure(self) -> int:
        """How many of the last sends may never have been read; a new start must repeat them."""

    async def send(self, batches: list[Batch]) -> Mapping[str, int] | None:
        """Deliver *batches*, or raise DeliveryError.

        Returns: how many of their points are refused for ever, by one of REFUSALS, if any are.
        """

    async def close(self) -> None:
        """End what is open."""


class Delivery:
    """Empties a spool into a destination, for ever."""

    def __init__(
        self,
        spool: Spool,
        destination: Destination,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        replay_rate: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
        gather_s: float = 0.0,
        points_at_a_time: int = _POINTS_AT_A_TIME,
    ) -> None:
        self.spool = spool
        self.destination = destination
        self.delivered_points = 0
        self.last_error: str | None = None
        self._sleep = sleep
        self._clock = clock
        self._gather_s, self._points_at_a_time = gather_s, points_at_a_time
        self._pace = Pace(replay_rate, clock())
        self._replay_at_a_time = min(points_at_a_time, replay_rate)
        self._is_replay_next = False
        self._failures = 0
        self._told: set[str] = set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self.step()

    async def step(self) -> None:
        """Wait for batches and deliver them; after a failure wait before the next try."""
        batches, is_replay = await self._next()
        try:
            refused = await self.destination.send(batches) or {}
        except DeliveryError as error:
            self._failed(str(error))
            await self._sleep(backoff.delay(self._failures, random.random()))  # noqa: S311
        else:
            self._succeeded()
            points = sum(map(len, batches))
            self.delivered_points += points - sum(refused.values())
            self.spool.acknowledge(batches, self.destination.unsure)
            self._drop(refused)
            self._is_replay_next = not is_replay
            if is_replay:
                self._pace.spend(points, self._clock())

    def _drop(self, refused: Mapping[str, int]) -> None:
        """Count what is refused beside what the queue drops; say so when that begins."""
        self.spool.dropped.update(refused)
        for why in refused.keys() - self._told:
            log.error("%s: %s", self.destination.name, _REFUSED[why])
        self._told |= refused.keys()
        # Fresh points and the backlog take turns: one may be fine while the other isn't.
        if self._told and not refused and not self.spool.points:
            self._told.clear()

    async def _next(self) -> tuple[list[Batch], bool]:
        """Wait for batches; return them, and whether they are of the backlog."""
        spool = self.spool
        while True:
            await self._arrival()
            wait_s = self._pace.wait_s(self._clock())
            is_turn = self._is_replay_next or not spool.has_fresh
            if spool.has_backlog and is_turn and wait_s <= 0:
                if batches := await spool.peek_backlog(self._replay_at_a_time):
                    return batches, True
            elif spool.has_fresh:
                return await spool.peek(self._points_at_a_time), False
            else:
                await self._fresh_or(wait_s)

    async def _arrival(self) -> None:
        """Wait for batches; where they come one by one, a moment longer for others to join them."""
        await self.spool.arrival()
        if self._gather_s and self.spool.points < self._points_at_a_time:
            await self._sleep(self._gather_s)

    async def _fresh_or(self, wait_s: float) -> None:
        """Wait until there is something fresh, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self.spool.fresh_arrival()

    def _failed(self, reason: str) -> None:
        self._failures += 1
        if reason != self.last_error:
            log.error("%s; %d points wait", reason, self.spool.points)
        self.last_error = reason

    def _succeeded(self) -> None:
        if self._failures:
            log.info("%s takes points again", self.destination.name)
        self._failures, self.last_error = 0, None
