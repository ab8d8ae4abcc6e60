"""The edge to carbon: one connection, kept open, on which points are sent."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from .errors import DeliveryError, reason
from .model import Batch

log = logging.getLogger(__name__)

Encoder = Callable[[Iterable[Batch]], Iterator[bytes]]

_CONNECT_TIMEOUT_S = 10
_SEND_TIMEOUT_S = 30  # carbon's flow control stops reading while its cache is full
# What was sent within this time may have been on its way when carbon ended: it is sent again.
_RESEND_S = 10


class Carbon:
    """Sends batches to one carbon.

    Carbon acknowledges nothing, so a send that succeeds may still be lost. Two things narrow
    that: the connection is read, since its end is the only sign that carbon is gone; and after
    a new connection the last seconds are sent again, which is harmless, as a point replaces
    itself.
    """

    def __init__(
        self, host: str, port: int, encode: Encoder, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = f"carbon at {host}:{port}"
        self._host, self._port, self._encode, self._clock = host, port, encode, clock
        self._writer: asyncio.StreamWriter | None = None
        self._watch: asyncio.Task[None] | None = None
        self._sent: deque[tuple[float, Batch]] = deque()

    async def send(self, batches: list[Batch]) -> None:
        """Send *batches*, connecting if need be.

        Raises: DeliveryError; then all of them must be sent again.
        """
        try:
            if self._writer is None:
                await self._connect()
            await self._write(batches)
        except OSError as error:
            await self.close()
            raise DeliveryError(f"{self.name}: {reason(error)}") from error
        now_s = self._clock()
        self._sent.extend((now_s, batch) for batch in batches)
        while self._sent and self._sent[0][0] < now_s - _RESEND_S:
            self._sent.popleft()

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            try:
                await asyncio.wait_for(writer.wait_closed(), _CONNECT_TIMEOUT_S)
            except OSError as error:
                log.debug("%s closed with: %s", self.name, error)

    async def _connect(self) -> None:
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            reader, self._writer = await asyncio.open_connection(self._host, self._port)
        self._watch = asyncio.create_task(self._close_at_end(reader, self._writer))
        log.info("%s: connected", self.name)
        if self._sent:
            again = [batch for _, batch in self._sent]
            log.info("%s: sending the last %d batches again", self.name, len(again))
            await self._write(again)

    async def _close_at_end(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Drop the connection as soon as carbon closes it; carbon itself never writes."""
        try:
            while await reader.read(1024):
                pass
        except OSError as error:
            log.debug("%s: %s", self.name, error)
        if self._writer is writer:
            log.warning("%s closed the connection", self.name)
            self._writer = None
            writer.close()

    async def _write(self, batches: list[Batch]) -> None:
        if self._writer is None:
            raise ConnectionResetError("the connection was closed")
        async with asyncio.timeout(_SEND_TIMEOUT_S):
            for chunk in self._encode(batches):
                writer = self._writer
                if writer is None:
                    raise ConnectionResetError("the connection was closed")
                writer.write(chunk)
                await writer.drain()
