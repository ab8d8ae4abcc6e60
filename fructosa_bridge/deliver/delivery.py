"""From the queue to a destination: peek, send, acknowledge; after a failure wait and retry.

Fresh points and the backlog take turns, so that points that follow an outage are not late. The
backlog is sent at a limited rate, which leaves carbon room for fresh points.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

from ..model.errors import DeliveryError, QueueError
from ..model.points import Batch
from ..queue.spool import Spool

log = logging.getLogger(__name__)

# A few thousand points at a time: enough to make sending cheap, few enough to send them again.
_POINTS_AT_A_TIME = 10_000
_SHORTEST_BACKOFF_S, _LONGEST_BACKOFF_S = 0.5, 30.0
_LOGGED_S = 3600.0
NO_MEMORY = "{name}: not enough memory to send points"
REFUSED = {
    "expired": "points are older than the retention of their Whisper files; they are dropped",
    "future": "points are hours ahead of this machine's clock, and Whisper files have no slots for "
    "them; they are dropped; set the clock",
    "unwritable": "some series cannot be written, while others are; their points are dropped; the "
    "log says which series, and why",
}
REFUSALS = tuple(REFUSED)
"""Why a destination refuses a point for ever."""


class Destination(Protocol):
    """Where points are sent."""

    name: str

    @property
    def unacknowledged(self) -> int:
        """How many of the last sends may not have been read; a restart sends them again."""

    async def send(self, batches: list[Batch]) -> Mapping[str, int] | None:
        """Deliver *batches*.

        Returns: how many of their points are refused for ever, by one of REFUSALS, if any are.
        Raises: DeliveryError if none of them was delivered.
        """

    async def close(self) -> None:
        """Close connections and files."""


def backoff(failures: int, jitter: float) -> float:
    """Return how long to wait after so many successive *failures*, in seconds.

    The time doubles up to half a minute. *jitter*, from 0 to 1, takes away up to half of it, so
    that several lmasters do not return to a carbon at the same moment.
    """
    longest_s = min(_LONGEST_BACKOFF_S, _SHORTEST_BACKOFF_S * 2.0 ** min(failures - 1, 16))
    return longest_s * (1 - jitter / 2)


class RateLimit:
    """A rate limit: so many points per second."""

    def __init__(self, points_per_s: int, now_s: float) -> None:
        self._points_per_s = points_per_s
        self._free_s = now_s

    def spend(self, points: int, now_s: float) -> None:
        """Record that so many points were sent."""
        self._free_s = max(self._free_s, now_s) + points / self._points_per_s

    def wait_s(self, now_s: float) -> float:
        """Return how long to wait before sending more, in seconds; 0 if not at all."""
        return max(0.0, self._free_s - now_s)


class Delivery:
    """Sends what waits in a spool to a destination, for ever."""

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
        self._rate_limit = RateLimit(replay_rate, clock())
        self._replayed_at_a_time = min(points_at_a_time, replay_rate)
        self._is_replay_next = False
        self._failures = 0
        self._logged_s: dict[str, float] = {}

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self.step()

    async def step(self) -> None:
        """Wait for batches and send them; after a failure wait before the next attempt."""
        try:
            batches, is_replay = await self._next()
            refused = await self.destination.send(batches) or {}
        except (DeliveryError, QueueError, MemoryError) as error:
            self._failed(str(error) or NO_MEMORY.format(name=self.destination.name))
            self._is_replay_next = False  # points that wait on a bad disk delay no others
            await self._sleep(backoff(self._failures, random.random()))  # noqa: S311
        else:
            self._succeeded()
            points = sum(map(len, batches))
            self.delivered_points += points - sum(refused.values())
            self.spool.acknowledge(batches, self.destination.unacknowledged)
            self._count_refused(refused)
            self._is_replay_next = not is_replay
            if is_replay:
                self._rate_limit.spend(points, self._clock())

    def _count_refused(self, refused: Mapping[str, int]) -> None:
        """Count refused points as dropped; log it when it begins, and once an hour."""
        self.spool.dropped.update(refused)
        now_s = self._clock()
        for reason in refused:
            # Fresh points, the backlog and other nodes take turns: some may be accepted in between.
            if now_s - self._logged_s.get(reason, -_LOGGED_S) >= _LOGGED_S:
                self._logged_s[reason] = now_s
                log.error("%s: %s", self.destination.name, REFUSED[reason])

    async def _next(self) -> tuple[list[Batch], bool]:
        """Wait for batches; return them, and whether they are of the backlog."""
        spool = self.spool
        while True:
            await self._arrival()
            wait_s = self._rate_limit.wait_s(self._clock())
            is_turn = self._is_replay_next or not spool.has_fresh
            if spool.has_backlog and is_turn and wait_s <= 0:
                if batches := await spool.peek_backlog(self._replayed_at_a_time):
                    return batches, True
            elif spool.has_fresh:
                return await spool.peek(self._points_at_a_time), False
            else:
                await self._fresh_arrival(wait_s)

    async def _arrival(self) -> None:
        """Wait for a batch; if there are few, wait a moment longer for others."""
        await self.spool.arrival()
        if self._gather_s and self.spool.points < self._points_at_a_time:
            await self._sleep(self._gather_s)

    async def _fresh_arrival(self, within_s: float) -> None:
        """Wait for a fresh batch, *within_s* seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.spool.fresh_arrival()

    def _failed(self, error: str) -> None:
        self._failures += 1
        if error != self.last_error:
            log.error("%s; %d points wait", error, self.spool.points)
        self.last_error = error

    def _succeeded(self) -> None:
        if self._failures:
            log.info("%s accepts points again", self.destination.name)
        self._failures, self.last_error = 0, None
