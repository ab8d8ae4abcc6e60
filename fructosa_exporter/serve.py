"""Builds the agent: sensors, collector, request handler and server."""

import math
import time
from collections.abc import Callable, Sequence
from socket import socket
from typing import TYPE_CHECKING

from fructosa_service.config.kinds import Endpoint
from fructosa_service.file_cache import FileCache
from fructosa_service.logs import reopen_log
from fructosa_service.web.settings import WebSettings

from .collect.collector import Collector
from .collect.sensor_reader import SensorReader
from .config import AgentConfig
from .web.auth import Authenticator
from .web.handler import RequestHandler
from .web.jobs_page import jobs_page_of
from .web.server import Server, ServerLimits, open_listener

if TYPE_CHECKING:
    from ssl import SSLContext

    from fructosa_service.web.users import UsersFile


def tls_and_users(web: WebSettings) -> "tuple[FileCache[SSLContext] | None, UsersFile | None]":
    """Return the TLS context and the users, read from their files; None where unset.

    Raises: FileError for a file that can't be used.
    """
    return _tls(web), _users(web)


def _tls(web: WebSettings) -> "FileCache[SSLContext] | None":
    files = web.tls()
    if files is None:
        return None
    # Import it now, so that the first request does not wait for the disk.
    from .web import tls as _  # noqa: F401

    return files.cached()


def _users(web: WebSettings) -> "UsersFile | None":
    if web.users_file is None:
        return None
    from fructosa_service.web.users import UsersFile  # loads OpenSSL, which takes 3 MiB

    return UsersFile(web.users_file)


def create_server(
    config: AgentConfig,
    readers: Sequence[SensorReader],
    endpoints: Sequence[Endpoint],
    listen: Callable[[Endpoint], socket] = open_listener,
) -> Server:
    """Return a server that listens on *endpoints* and serves the sensors of *readers*.

    Raises: FileError for a file that can't be used, ServiceError for an endpoint in use.
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
        handler_admits=True,
    )
    collector = Collector(server.wake)
    authenticator = None if users is None else Authenticator(users, server.wake)
    handler = RequestHandler(
        readers, collector, time.monotonic, authenticator, jobs_page_of(readers), server.admit
    )
    server.polls += [collector.poll, *([authenticator.poll] if authenticator else [])]
    return server


class LogReopening:
    """Opens the log file again at a signal.

    It does so in the loop of the *server*: the signal may come amid the writing of a message.
    """

    def __init__(self, server: Server) -> None:
        self._server, self._is_due = server, False
        server.polls.append(self._poll)

    def __call__(self, *_: object) -> None:
        """Handle the signal."""
        self._is_due = True
        self._server.wake()

    def _poll(self) -> float:
        if self._is_due:
            self._is_due = False
            reopen_log()
        return math.inf


def serve_until_stopped(
    server: Server, readers: Sequence[SensorReader], ready: Callable[[], None]
) -> None:
    """Serve until *server* is stopped; call *ready* as soon as all sensors have begun."""
    for reader in readers:
        reader.begin()
    try:
        ready()
        server.serve_forever()
    finally:
        for reader in readers:
            reader.close()
