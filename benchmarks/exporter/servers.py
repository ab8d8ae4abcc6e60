"""`python -m benchmarks.exporter.servers`: HTTP servers that could serve lagent's page.

Each serves one page of 25 kB in its own process. The benchmark measures memory, the CPU time of a
request with and without TLS, and the cost of a thousand idle connections. Run it with a Python in
which the other servers are installed (pip install waitress cheroot h11 aiohttp); those that are
missing are skipped and named.
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
_TIMEOUT_S = 5

_HEAD = (
    "server",
    f"resident after {_REQUESTS:,} requests",
    "CPU per request",
    "over TLS",
    f"threads with {_IDLE:,} idle connections",
    "additional memory",
    "responds",
)
_NOTES = f"""
{len(BODY):,} bytes without compression, {_REQUESTS:,} requests over one persistent connection. Idle
connections have not sent a request. The last column says whether the server still responds to a new
connection. A dash means that the server does not support TLS."""


def main() -> int:
    """Measure each server that can be imported, and print."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, hard), hard))
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-servers-") as folder:
        certificate = _certificate(Path(folder))
        for name in SERVERS:
            print(name, "...", file=sys.stderr, flush=True)
            try:
                rows.append((name, *_plain(name), _over_tls(name, certificate), *_idle(name)))
            except CannotRun as error:
                print(f"skipped: {error}", file=sys.stderr)
    print(f"Python {platform.python_version()}, {platform.machine()}\n")
    print(table(_HEAD, rows))
    print(_NOTES)
    return 0


def _plain(name: str) -> tuple[str, str]:
    with _served(name) as server:
        cpu_us = _cpu_us(server, HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT_S))
        return f"{server.resident_kb() / 1e3:.1f} MB", f"{cpu_us:.0f} µs"


def _over_tls(name: str, certificate: Sequence[str]) -> str:
    if not certificate:
        return "no openssl"
    context = ssl.create_default_context(cafile=certificate[0])
    try:
        with _served(name, *certificate) as server:
            connection = HTTPSConnection(
                "localhost", server.port, timeout=_TIMEOUT_S, context=context
            )
            return f"{_cpu_us(server, connection):.0f} µs"
    except CannotRun:
        return "-"


def _idle(name: str) -> tuple[str, str, str]:
    with _served(name) as server, ExitStack() as stack:
        _request(HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT_S), _WARM_UP)
        before_kb = server.resident_kb()
        for _ in range(_IDLE):
            stack.enter_context(create_connection(("127.0.0.1", server.port), _TIMEOUT_S))
        try:
            _request(HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT_S), 1)
            responds = "yes"
        except OSError:
            responds = "no"
        threads = status_number(server.pid, "Threads")
        return f"{threads}", f"{(server.resident_kb() - before_kb) / 1e3:.1f} MB", responds


def _cpu_us(server: Exporter, connection: HTTPConnection) -> float:
    _request(connection, _WARM_UP, close=False)
    started_s = server.cpu_s()
    _request(connection, _REQUESTS)
    return (server.cpu_s() - started_s) / _REQUESTS * 1e6


def _request(connection: HTTPConnection, times: int, *, close: bool = True) -> None:
    for _ in range(times):
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        if len(response.read()) != len(BODY):
            raise CannotRun(
                f"port {connection.port} responded {response.status} with an unexpected page"
            )
    if close:
        connection.close()


@contextmanager
def _served(name: str, *certificate: str) -> Iterator[Exporter]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.exporter.served", name, str(port), *certificate]
    with running(name, command, port) as server:
        yield server


def _certificate(folder: Path) -> list[str]:
    """Return the files of a certificate for localhost and its key; [] if openssl is missing."""
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
