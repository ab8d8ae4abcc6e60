"""From the names of nodes to addresses, without disturbing anybody else."""

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# A look-up that no server answers keeps its thread for half a minute. These are not the threads
# that write to disk.
_THREADS = 16
# A node that is down is asked for at each of its scrapes, a name server not so often.
_KEPT_S = 60.0

AddressInfo = tuple[Any, ...]
"""What getaddrinfo says: family, type, protocol, name, address."""


class DNSCache:
    """Looks up names; while no name server answers, what was found last goes on to be used."""

    def __init__(
        self,
        look_up: Callable[..., list[Any]] = socket.getaddrinfo,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look_up = look_up
        self._clock = clock
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="names")
        self._last: dict[tuple[str, int], tuple[float, list[AddressInfo]]] = {}

    async def resolve(self, host: str, port: int) -> list[AddressInfo]:
        """Return the addresses of a *host*.

        Raises: socket.gaierror when there are none.
        """
        found_s, found = self._last.get((host, port), (0.0, []))
        if found and self._clock() < found_s + _KEPT_S:
            return found
        try:
            loop = asyncio.get_running_loop()
            answers = await loop.run_in_executor(self._threads, self._answers, host, port)
        except socket.gaierror as error:
            if error.errno != socket.EAI_AGAIN or not found:
                raise
            return found
        self._last[host, port] = self._clock(), answers
        return answers

    def _answers(self, host: str, port: int) -> list[AddressInfo]:
        return self._look_up(
            host, port, socket.AF_UNSPEC, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG
        )

    def close(self) -> None:
        """End the threads; those that wait for a name server are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
