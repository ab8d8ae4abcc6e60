"""The connection to carbon: one, which is kept open."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from socket import IPPROTO_TCP, SO_SNDBUF, SOL_SOCKET, TCP_USER_TIMEOUT
from typing import NamedTuple

from fructosa_service.os_errors import reason

from ..model.errors import DeliveryError
from ..model.points import Batch

log = logging.getLogger(__name__)

CONNECTED = "%s: connected"

Encoder = Callable[[Iterable[Batch]], Iterator[bytes]]

_CONNECT_TIMEOUT_S = 10
_SEND_TIMEOUT_S = 30  # carbon's flow control stops reading while its cache is full
# What was sent last may never have been read: a carbon that exits loses what it has just received,
# and one that hangs leaves everything in the buffers of both kernels. So the last seconds are kept
# to be sent again, and at least as many bytes as Linux buffers for a connection by default: 6 MiB
# at the receiver (tcp_rmem), and _SEND_BUFFER_BYTES here.
_RESEND_S = 10
_CHUNKS_PER_WRITE = 16  # each write wakes carbon
_SEND_BUFFER_BYTES = 2**18
_RESEND_BYTES = 8 * 2**20


class _Sent(NamedTuple):
    """Batches that were sent together, their size in bytes, and the time."""

    time_s: float
    size: int
    batches: list[Batch]


class Carbon:
    """Sends batches to one carbon.

    Carbon acknowledges nothing, so a send that succeeds may still be lost. Two things limit the
    loss: the connection is read, as its end is the only sign that carbon is gone; and what was sent
    last is sent again on a new connection, which is harmless, as a point overwrites itself.
    """

    def __init__(
        self, host: str, port: int, encode: Encoder, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = f"carbon at {host}:{port}"
        self._host, self._port, self._encode, self._clock = host, port, encode, clock
        self._writer: asyncio.StreamWriter | None = None
        self._watch: asyncio.Task[None] | None = None
        self._sent: deque[_Sent] = deque()
        self._sent_bytes = 0

    @property
    def unacknowledged(self) -> int:
        """How many of the last sends are kept to be sent again."""
        return len(self._sent)

    async def send(self, batches: list[Batch]) -> None:
        """Send *batches*; connect first if necessary.

        Raises: DeliveryError; then all of them must be sent again.
        """
        try:
            if self._writer is None:
                await self._connect()
            size = await self._write(batches)
        except OSError as error:
            await self.close()
            raise DeliveryError(f"{self.name}: {reason(error)}") from error
        self._keep(_Sent(self._clock(), size, batches))

    def _keep(self, sent: _Sent) -> None:
        """Keep what was *sent*; forget what carbon must have read by now."""
        self._sent.append(sent)
        self._sent_bytes += sent.size
        while (
            self._sent[0].time_s < sent.time_s - _RESEND_S
            and self._sent_bytes - self._sent[0].size >= _RESEND_BYTES
        ):
            self._sent_bytes -= self._sent.popleft().size

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
                writer.transport.abort()  # a carbon that hangs never reads the rest

    async def _connect(self) -> None:
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            reader, self._writer = await asyncio.open_connection(self._host, self._port)
        connection = self._writer.get_extra_info("socket")
        connection.setsockopt(SOL_SOCKET, SO_SNDBUF, _SEND_BUFFER_BYTES)
        # If carbon's machine is gone, no error arrives; the kernel would retry for a quarter hour.
        connection.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, 1000 * _SEND_TIMEOUT_S)
        self._watch = asyncio.create_task(self._close_at_end(reader, self._writer))
        log.info(CONNECTED, self.name)
        if self._sent:
            again = [batch for sent in self._sent for batch in sent.batches]
            log.info("%s: sending the last %d points again", self.name, sum(map(len, again)))
            await self._write(again)

    async def _close_at_end(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Close the connection as soon as carbon does; carbon itself never writes."""
        try:
            while await reader.read(1024):
                pass
        except OSError as error:
            log.debug("%s: %s", self.name, error)
        if self._writer is writer:
            log.warning("%s closed the connection", self.name)
            self._writer = None
            writer.close()

    async def _write(self, batches: list[Batch]) -> int:
        """Write *batches*; return their size in bytes."""
        size = 0
        async with asyncio.timeout(_SEND_TIMEOUT_S):
            chunks = self._encode(batches)
            while chunk := b"".join(islice(chunks, _CHUNKS_PER_WRITE)):
                writer = self._writer
                if writer is None:
                    raise ConnectionResetError("the connection was closed")
                writer.write(chunk)
                size += len(chunk)
                await writer.drain()
        return size
