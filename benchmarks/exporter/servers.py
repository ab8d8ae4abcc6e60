"""`python -m benchmarks.exporter.servers`: which HTTP server carries the page best.

Each serves one page of 25 kB, in a process of its own: what it costs to keep it, to ask it, to
ask it over TLS, and to have a thousand idle connections. Run it with a Python that has the others
(pip install waitress cheroot h11 aiohttp); those that are missing are left out and named.
"""

import platform
import resource
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from socket import create_connection

from .processes import CannotRun, Exporter, free_port, running, status_number
from .served import BODY, SERVERS
from .table import table

_REQUESTS = 1000
_WARM_UP = 100
_IDLE = 1000
_FILES = 2 * _IDLE + 100
_PATIENCE_S = 5

_HEAD = (
    "server",
    f"resident after {_REQUESTS:,} requests",
    "CPU a request",
    "over TLS",
    f"with {_IDLE:,} idle connections: threads",
    "more memory",
    "answers",
)
_NOTES = f"""
{len(BODY):,} bytes without compression, {_REQUESTS:,} requests on one connection that is kept. Idle
connections have asked for nothing yet. A dash: the server speaks no TLS by itself."""


def main() -> int:
    """Measure each server that can be imported, and print."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, most), most))
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-servers-") as folder:
        certificate = _certificate(Path(folder))
        for name in SERVERS:
            print(name, "...", file=sys.stderr, flush=True)
            try:
                rows.append((name, *_plain(name), _over_tls(name, certificate), *_idle(name)))
            except CannotRun as error:
                print(f"left out: {error}", file=sys.stderr)
    print(f"Python {platform.python_version()}, {platform.machine()}\n")
    print(table(_HEAD, rows))
    print(_NOTES)
    return 0


def _plain(name: str) -> tuple[str, str]:
    with _served(name) as server:
        cpu_us = _cpu_us(server, HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE_S))
        return f"{server.resident_kb() / 1e3:.1f} MB", f"{cpu_us:.0f} µs"


def _over_tls(name: str, certificate: Sequence[str]) -> str:
    if not certificate:
        return "no openssl"
    trusting = ssl.create_default_context(cafile=certificate[0])
    try:
        with _served(name, *certificate) as server:
            connection = HTTPSConnection(
                "localhost", server.port, timeout=_PATIENCE_S, context=trusting
            )
            return f"{_cpu_us(server, connection):.0f} µs"
    except CannotRun:
        return "-"


def _idle(name: str) -> tuple[str, str, str]:
    with _served(name) as server, ExitStack() as stack:
        _ask(HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE_S), _WARM_UP)
        before_kb = server.resident_kb()
        for _ in range(_IDLE):
            stack.enter_context(create_connection(("127.0.0.1", server.port), _PATIENCE_S))
        try:
            _ask(HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE_S), 1)
            answers = "yes"
        except OSError:
            answers = "no"
        threads = status_number(server.pid, "Threads")
        return f"{threads}", f"{(server.resident_kb() - before_kb) / 1e3:.1f} MB", answers


def _cpu_us(server: Exporter, connection: HTTPConnection) -> float:
    _ask(connection, _WARM_UP, closes=False)
    began_s = server.cpu_s()
    _ask(connection, _REQUESTS)
    return (server.cpu_s() - began_s) / _REQUESTS * 1e6


def _ask(connection: HTTPConnection, times: int, *, closes: bool = True) -> None:
    for _ in range(times):
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        if len(answer.read()) != len(BODY):
            raise CannotRun(f"port {connection.port} answers {answer.status} with another page")
    if closes:
        connection.close()


@contextmanager
def _served(name: str, *certificate: str) -> Iterator[Exporter]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.exporter.served", name, str(port), *certificate]
    with running(name, command, port) as server:
        yield server


def _certificate(folder: Path) -> list[str]:
    """Return a certificate for localhost and its key; nothing where openssl is missing."""
    if (openssl := shutil.which("openssl")) is None:
        return []
    certificate, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-out", certificate, "-keyout", key]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return [certificate, key]


if __name__ == "__main__":
    sys.exit(main())
