"""From the queue to a destination: look, send, acknowledge; wait and try again."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

from . import backoff
from .errors import DeliveryError
from .model import Batch
from .spool import Spool

log = logging.getLogger(__name__)

# A few thousand points at a time: enough to make sending cheap, few enough to be sent again.
_POINTS_AT_A_TIME = 10_000


class Destination(Protocol):
    """Where points go."""

    name: str

    async def send(self, batches: list[Batch]) -> None:
        """Deliver *batches*, or raise DeliveryError."""

    async def close(self) -> None:
        """End what is open."""


class Delivery:
    """Empties a spool into a destination, for ever."""

    def __init__(
        self,
        spool: Spool,
        destination: Destination,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.spool = spool
        self.destination = destination
        self.delivered_points = 0
        self.last_error: str | None = None
        self._sleep = sleep
        self._failures = 0

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self.step()

    async def step(self) -> None:
        """Wait for batches and deliver them; after a failure wait before the next try."""
        batches = await self.spool.peek(_POINTS_AT_A_TIME)
        try:
            await self.destination.send(batches)
        except DeliveryError as error:
            self._failed(str(error))
            await self._sleep(backoff.delay(self._failures, random.random()))  # noqa: S311
        else:
            self._succeeded()
            self.delivered_points += sum(map(len, batches))
            self.spool.acknowledge(batches)

    def _failed(self, reason: str) -> None:
        self._failures += 1
        if reason != self.last_error:
            log.error("%s; %d points wait", reason, self.spool.points)
        self.last_error = reason

    def _succeeded(self) -> None:
        if self._failures:
            log.info("%s takes points again", self.destination.name)
        self._failures, self.last_error = 0, None
