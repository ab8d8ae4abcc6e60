"""Refuses requests that name a host which is not lmaster's: see known_hosts.py."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from fructosa_service.errors import visible

from .known_hosts import LOCALHOST, is_known, names_in, normal, with_short_forms

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

UNKNOWN_HOST = (
    "{host} is not a name of this machine; if it is a name of lmaster, write it into hosts in the "
    "section [web] of lmaster.conf, and restart lmaster\n"
)
_HOSTS_FILE = Path("/etc/hosts")
_SHOWN = 100


class HostCheck:
    """Middleware. *hosts* are further names of lmaster; *look_up* returns those of the machine.

    It is for requests that change something, and for all while ``guards_all``.
    """

    def __init__(
        self, hosts: Iterable[str] = (), look_up: "Callable[[], set[str]] | None" = None
    ) -> None:
        self.guards_all = False
        self._hosts = {*LOCALHOST, *map(normal, hosts)}
        self._look_up = look_up or machine_names
        self._machine: asyncio.Task[set[str]] | None = None

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Handle a request, unless its host is unknown and must be known."""
        changes = request.method not in ("GET", "HEAD", "OPTIONS")
        # With TLS a browser has checked that lmaster's certificate is for this name.
        if (changes or self.guards_all) and not request.secure:
            await self._check(request.headers.get("Host", ""))
        return await handler(request)

    async def _check(self, host: str) -> None:
        if is_known(host, self._hosts):
            return
        if self._machine is None:  # looked up once: a name server may be slow
            self._machine = asyncio.create_task(asyncio.to_thread(self._look_up))
        if not is_known(host, await asyncio.shield(self._machine)):
            raise web.HTTPForbidden(text=UNKNOWN_HOST.format(host=visible(host[:_SHOWN])))


def machine_names(hosts_file: Path = _HOSTS_FILE) -> set[str]:
    """Return the names of this machine: its own, those in /etc/hosts, and those in the DNS."""
    own = with_short_forms([socket.gethostname()])
    with suppress(OSError):
        name, aliases, _ = socket.gethostbyaddr(socket.gethostname())
        own |= with_short_forms([name, *aliases])
    with suppress(OSError):
        own |= names_in(hosts_file.read_text("utf-8", "replace"), own)
    return own
