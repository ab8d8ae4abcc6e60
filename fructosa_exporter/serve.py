"""The wiring: sensors, collector, request handler and server make an agent."""

import time
from collections.abc import Callable, Sequence
from socket import socket
from typing import TYPE_CHECKING

from fructosa_service.config.kinds import Endpoint
from fructosa_service.file_cache import FileCache
from fructosa_service.web.settings import WebSettings

from .collect.collector import Collector
from .collect.sensor_reader import SensorReader
from .config import AgentConfig
from .web.auth import Authenticator
from .web.handler import RequestHandler
from .web.server import Server, ServerLimits, open_listener

if TYPE_CHECKING:
    from ssl import SSLContext

    from fructosa_service.web.users import UsersFile


def tls_and_users(web: WebSettings) -> "tuple[FileCache[SSLContext] | None, UsersFile | None]":
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


def _users(web: WebSettings) -> "UsersFile | None":
    if web.users_file is None:
        return None
    from fructosa_service.web.users import UsersFile  # OpenSSL comes with it: three megabytes

    return UsersFile(web.users_file)


def create_server(
    config: AgentConfig,
    readers: Sequence[SensorReader],
    endpoints: Sequence[Endpoint],
    listen: Callable[[Endpoint], socket] = open_listener,
) -> Server:
    """Return a server that listens at *endpoints*, and serves *readers* as *config* says.

    Raises: UsageError for files that can't be used, ServiceError for an endpoint that's taken.
    """
    tls, users = tls_and_users(config.web)
    limits = ServerLimits(
        max_connections=config.web.max_connections, max_requests=config.web.max_requests
    )
    server = Server(
        endpoints,
        lambda request, connection: handler.handle(request, connection),
        limits,
        tls.value if tls else lambda: None,
        listen=listen,
    )
    collector = Collector(server.wake)
    authenticator = None if users is None else Authenticator(users, server.wake)
    handler = RequestHandler(readers, collector, time.monotonic, authenticator)
    server.polls += [collector.poll, *([authenticator.poll] if authenticator else [])]
    return server
