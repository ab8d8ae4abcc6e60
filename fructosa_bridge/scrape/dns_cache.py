"""A cache of host addresses, whose look-ups block nothing else."""

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

# A look-up keeps its thread for half a minute if no name server responds. These threads are not
# those that write to disk.
_THREADS = 16
# A node that is down is scraped again and again, a name server is asked less often.
_TTL_S = 60.0

AddressInfo = tuple[Any, ...]
"""What getaddrinfo returns: family, type, protocol, canonical name, address."""


class DNSCache:
    """Looks up hosts; while no name server responds, the last addresses stay in use.

    Addresses as hosts need no look-up, and do not wait for those of names.
    """

    def __init__(
        self,
        look_up: Callable[..., list[Any]] = socket.getaddrinfo,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look_up = look_up
        self._clock = clock
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="dns")
        self._entries: dict[tuple[str, int], tuple[float, list[AddressInfo]]] = {}

    async def resolve(self, host: str, port: int) -> list[AddressInfo]:
        """Return the addresses of a *host*.

        Raises: socket.gaierror if there are none.
        """
        time_s, cached = self._entries.get((host, port), (0.0, []))
        if cached and self._clock() < time_s + _TTL_S:
            return cached
        with suppress(socket.gaierror):
            return socket.getaddrinfo(*_query(host, port, socket.AI_NUMERICHOST))
        try:
            loop = asyncio.get_running_loop()
            query = _query(host, port, socket.AI_ADDRCONFIG)
            addresses = await loop.run_in_executor(self._threads, self._look_up, *query)
        except socket.gaierror as error:
            if error.errno != socket.EAI_AGAIN or not cached:
                raise
            return cached
        self._entries[host, port] = self._clock(), addresses
        return addresses

    def close(self) -> None:
        """Stop the threads without waiting for name servers."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _query(host: str, port: int, flags: int) -> tuple[str, int, int, int, int, int]:
    return host, port, socket.AF_UNSPEC, socket.SOCK_STREAM, 0, flags
