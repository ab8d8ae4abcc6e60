"""A cache of host addresses, whose look-ups block nothing else."""

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# A look-up keeps its thread for half a minute if no name server responds. These threads are not
# those that write to disk.
_THREADS = 16
# A node that is down is scraped again and again, a name server is asked less often.
_TTL_S = 60.0

AddressInfo = tuple[Any, ...]
"""What getaddrinfo returns: family, type, protocol, canonical name, address."""


class DNSCache:
    """Looks up hosts; while no name server responds, the last addresses stay in use."""

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
        try:
            loop = asyncio.get_running_loop()
            addresses = await loop.run_in_executor(self._threads, self._addresses, host, port)
        except socket.gaierror as error:
            if error.errno != socket.EAI_AGAIN or not cached:
                raise
            return cached
        self._entries[host, port] = self._clock(), addresses
        return addresses

    def _addresses(self, host: str, port: int) -> list[AddressInfo]:
        return self._look_up(
            host, port, socket.AF_UNSPEC, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG
        )

    def close(self) -> None:
        """Stop the threads without waiting for name servers."""
        self._threads.shutdown(wait=False, cancel_futures=True)
