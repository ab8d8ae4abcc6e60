"""The wiring: sensors, collector, site and server make an agent."""

import time
from collections.abc import Callable, Sequence
from socket import socket
from typing import TYPE_CHECKING

from fructosa_service.config.kinds import Endpoint
from fructosa_service.file_cache import FileCache
from fructosa_service.web.settings import WebSettings

from .collector import Collector
from .config import Config
from .door import Door
from .reading import Reader
from .site import Site
from .web.server import Limits, Server, listener

if TYPE_CHECKING:
    from ssl import SSLContext

    from fructosa_service.web.users import Users


def admission(web: WebSettings) -> "tuple[FileCache[SSLContext] | None, Users | None]":
    """Return what TLS and users need, read from their files.

    Raises: UsageError for a file that can't be used.
    """
    return _tls(web), _users(web)


def _tls(web: WebSettings) -> "FileCache[SSLContext] | None":
    files = web.tls()
    if files is None:
        return None
    # At the first request it would be looked for on the disk, and compiled to it.
    from .web import tls as _  # noqa: F401

    return files.cached()


def _users(web: WebSettings) -> "Users | None":
    if web.users_file is None:
        return None
    from fructosa_service.web.users import Users  # OpenSSL comes with it: three megabytes

    return Users(web.users_file)


def serving(
    config: Config,
    readers: Sequence[Reader],
    places: Sequence[Endpoint],
    listen: Callable[[Endpoint], socket] = listener,
) -> Server:
    """Return a server that listens at *places*, and serves *readers* as *config* says.

    Raises: UsageError for files that can't be used, ServiceError for a place that's taken.
    """
    tls, users = admission(config.web)
    limits = Limits(connections=config.web.max_connections, requests=config.web.max_requests)
    server = Server(
        places,
        lambda request, connection: site.handle(request, connection),
        limits,
        tls.value if tls else lambda: None,
        listen=listen,
    )
    collector = Collector(server.wake)
    door = None if users is None else Door(users, server.wake)
    site = Site(readers, collector, time.monotonic, door)
    server.looks += [collector.look, *([door.look] if door else [])]
    return server
