"""From the names of nodes to addresses, without disturbing anybody else."""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

# A look-up that no server answers keeps its thread for half a minute. These are not the threads
# that write to disk.
_THREADS = 16


class Names(AbstractResolver):
    """Looks up names; while no name server answers, what was found last goes on to be used."""

    def __init__(self, look_up: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self._look_up = look_up
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="names")
        self._last: dict[tuple[str, int, int], list[ResolveResult]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a *host*.

        Raises: socket.gaierror when there are none.
        """
        asked = (host, port, family)
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._found, *asked
            )
        except socket.gaierror as error:
            if error.errno != socket.EAI_AGAIN or asked not in self._last:
                raise
            return self._last[asked]
        self._last[asked] = found
        return found

    def _found(self, host: str, port: int, family: int) -> list[ResolveResult]:
        answers = self._look_up(host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
        return [
            ResolveResult(
                hostname=host,
                host=_with_scope(address),
                port=port,
                family=family,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for family, _, protocol, _, address in answers
        ]

    async def close(self) -> None:
        """End the threads; those that wait for a name server are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _with_scope(address: tuple[Any, ...]) -> str:
    """Return the address of a socket; a link-local one of IPv6 is none without its interface."""
    ip = str(address[0])
    has_scope = len(address) > 3 and address[3] and "%" not in ip
    return f"{ip}%{address[3]}" if has_scope else ip
