"""The connection to carbon: one, which is kept open."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from socket import EAI_AGAIN, IPPROTO_TCP, SO_SNDBUF, SOL_SOCKET, TCP_USER_TIMEOUT, gaierror
from typing import NamedTuple

from aiohappyeyeballs import start_connection

from fructosa_service.os_errors import reason

from ..model.errors import DeliveryError
from ..model.points import Batch
from ..nodes.dns_cache import NO_NAME_SERVER, AddressInfo, DNSCache

log = logging.getLogger(__name__)

CONNECTED = "%s: connected"
CLOSED_AT_ONCE = "{name}: it closed the connection at once"
OTHER_PROTOCOL = (
    "{name}: it closes each connection at once; is this the port of the other protocol? "
    "check protocol and the ports in [Graphite]"
)

Encoder = Callable[[Iterable[Batch]], Iterator[bytes]]

_CONNECT_TIMEOUT_S = 10
_NEXT_ADDRESS_S = 0.25  # if carbon has several addresses
_SEND_TIMEOUT_S = 30  # carbon's flow control stops reading while its cache is full
# What was sent last may never have been read: a carbon that exits loses what it has just received,
# and one that hangs leaves everything in the buffers of both kernels. So the last seconds are kept
# to be sent again, and at least as many bytes as Linux buffers for a connection by default: 6 MiB
# at the receiver (tcp_rmem), and _SEND_BUFFER_BYTES here.
_RESEND_S = 10
_CHUNKS_PER_WRITE = 16  # each write wakes carbon
_SEND_BUFFER_BYTES = 2**18
_RESEND_BYTES = 8 * 2**20
# A carbon that cannot read what it gets, as that of the other protocol, closes each connection at
# once. So nothing is delivered before a new connection has held this long. It has to hold twice as
# long after each that did not last, as a slow carbon may close it later.
_HOLD_S = 0.5
_LASTING_S = 10
_MOST_DOUBLINGS = 5


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
        self,
        host: str,
        port: int,
        encode: Encoder,
        clock: Callable[[], float] = time.monotonic,
        hold_s: float = _HOLD_S,
        dns: DNSCache | None = None,
    ) -> None:
        self.name = f"carbon at {host}:{port}"
        self._host, self._port, self._encode, self._clock = host, port, encode, clock
        self._writer: asyncio.StreamWriter | None = None
        self._watch: asyncio.Task[None] | None = None
        self._sent: deque[_Sent] = deque()
        self._sent_bytes = 0
        self._hold_s = hold_s
        # A look-up that hangs must not take a thread from those that write the queue to disk.
        self._dns = DNSCache() if dns is None else dns
        self._connected_s: float | None = None  # None too if the end of the connection was noted
        self._closed_at_once = 0  # connections in a row

    @property
    def unacknowledged(self) -> int:
        """How many of the last sends are kept to be sent again."""
        return len(self._sent)

    async def send(self, batches: list[Batch]) -> None:
        """Send *batches*; connect first if necessary.

        Raises: DeliveryError; then all of them must be sent again.
        """
        is_new = self._writer is None
        try:
            if is_new:
                await self._connect()
            size = await self._write(batches)
            if is_new:
                await self._hold()
        except OSError as error:
            self._note_end()
            await self.close()
            raise DeliveryError(self._error(error)) from error
        self._keep(_Sent(self._clock(), size, batches))

    async def _hold(self) -> None:
        """Wait until a new connection has held for a while.

        Raises: ConnectionResetError if it did not.
        """
        assert self._watch is not None  # noqa: S101 - it is connected
        hold_s = self._hold_s * 2 ** min(self._closed_at_once, _MOST_DOUBLINGS)
        await asyncio.wait([self._watch], timeout=hold_s)
        if self._writer is None:
            raise ConnectionResetError("the connection was closed")
        log.info(CONNECTED, self.name)

    def _note_end(self) -> bool:
        """Note that the connection has ended by itself; return whether it did not last."""
        began_s, self._connected_s = self._connected_s, None
        if began_s is None:
            return False
        did_last = self._clock() - began_s >= _LASTING_S
        self._closed_at_once = 0 if did_last else self._closed_at_once + 1
        return not did_last

    def _error(self, error: OSError) -> str:
        if self._closed_at_once and isinstance(error, ConnectionResetError | BrokenPipeError):
            text = CLOSED_AT_ONCE if self._closed_at_once == 1 else OTHER_PROTOCOL
            return text.format(name=self.name)
        return f"{self.name}: {reason(error)}"

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
            addresses = await self._addresses()
            own = await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_S)
            reader, self._writer = await asyncio.open_connection(sock=own)
        connection = self._writer.get_extra_info("socket")
        connection.setsockopt(SOL_SOCKET, SO_SNDBUF, _SEND_BUFFER_BYTES)
        # If carbon's machine is gone, no error arrives; the kernel would retry for a quarter hour.
        connection.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, 1000 * _SEND_TIMEOUT_S)
        self._watch = asyncio.create_task(self._close_at_end(reader, self._writer))
        self._connected_s = self._clock()
        if self._sent:
            again = [batch for sent in self._sent for batch in sent.batches]
            log.info("%s: sending the last %d points again", self.name, sum(map(len, again)))
            await self._write(again)

    async def _addresses(self) -> list[AddressInfo]:
        """Return the addresses of carbon. Raises: OSError if no name server responds in time."""
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S / 2):
                return await self._dns.resolve(self._host, self._port)
        except (TimeoutError, gaierror) as error:
            if isinstance(error, gaierror) and error.errno != EAI_AGAIN:
                raise
            raise OSError(NO_NAME_SERVER.format(host=self._host)) from error

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
            if not self._note_end():
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
