"""One page behind one HTTP server: `python -m benchmarks.exporter.served NAME PORT [CERT KEY]`.

Each function serves BODY at any address until the process is ended, as that server does it with
no settings but those that let a thousand connections stay open. Imports are inside, so that a
process has what its server needs and nothing else.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

BODY = b'fructosa_cpu_seconds_total{cpu="17",mode="user"} 123456.78\n' * 424  # 25 kB
TYPE = "text/plain; version=0.0.4; charset=utf-8"
_CONNECTIONS = 2000
_RECEIVED = 64 * 1024

Certificate = tuple[Path, Path]


class NoTLS(Exception):
    """This server speaks no TLS by itself."""


def context(certificate: Certificate | None) -> "ssl.SSLContext | None":
    """Return what a server needs for TLS; None without a certificate."""
    if certificate is None:
        return None
    import ssl

    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*certificate)
    return made


def http_server(port: int, certificate: Certificate | None) -> None:
    """Serve with http.server, a thread a connection; TLS is around its socket."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", TYPE)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    server = Server(("127.0.0.1", port), Handler)
    if tls := context(certificate):
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    server.serve_forever()


def waitress(port: int, certificate: Certificate | None) -> None:
    """Serve with waitress: a thread for sockets, four for answers."""
    from waitress import serve

    if certificate:
        raise NoTLS
    serve(
        _wsgi,
        listen=f"127.0.0.1:{port}",
        connection_limit=_CONNECTIONS,
        asyncore_use_poll=True,  # select() ends at 1,024 files
        _quiet=True,
    )


def cheroot(port: int, certificate: Certificate | None) -> None:
    """Serve with cheroot: a thread for idle connections, ten for answers."""
    from cheroot.ssl.builtin import BuiltinSSLAdapter
    from cheroot.wsgi import Server

    server = Server(("127.0.0.1", port), _wsgi, request_queue_size=256)
    server.keep_alive_conn_limit = _CONNECTIONS
    if certificate:
        server.ssl_adapter = BuiltinSSLAdapter(*map(str, certificate))
    server.start()


def asyncio_protocol(port: int, certificate: Certificate | None) -> None:
    """Serve with a Protocol of asyncio that knows just enough HTTP."""
    import asyncio

    class OnePage(asyncio.Protocol):
        def __init__(self) -> None:
            self._received = b""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport = transport

        def data_received(self, data: bytes) -> None:
            self._received += data
            while b"\r\n\r\n" in self._received:
                _, _, self._received = self._received.partition(b"\r\n\r\n")
                self._transport.write(_head() + BODY)  # type: ignore[attr-defined]

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            OnePage, "127.0.0.1", port, ssl=context(certificate), backlog=256
        )
        await server.serve_forever()

    asyncio.run(serve())


def aiohttp(port: int, certificate: Certificate | None) -> None:
    """Serve with aiohttp."""
    from aiohttp import web

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=BODY, headers={"Content-Type": TYPE})

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    web.run_app(
        application,
        host="127.0.0.1",
        port=port,
        ssl_context=context(certificate),
        print=None,
        access_log=None,
    )


def h11_selectors(port: int, certificate: Certificate | None) -> None:
    """Serve with h11 in a loop of selectors, which waits until a page is sent."""
    import selectors
    import socket

    import h11

    if certificate:
        raise NoTLS
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("127.0.0.1", port), backlog=256)
    selector.register(listener, selectors.EVENT_READ)

    def answer(connection: h11.Connection) -> bytes:
        headers = [("Content-Type", TYPE), ("Content-Length", str(len(BODY)))]
        events = (
            h11.Response(status_code=200, headers=headers),
            h11.Data(data=BODY),
            h11.EndOfMessage(),
        )
        sent = b"".join(connection.send(event) or b"" for event in events)
        connection.start_next_cycle()
        return sent

    def receive(connected: socket.socket, connection: h11.Connection) -> None:
        data = connected.recv(_RECEIVED)
        connection.receive_data(data)
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.EndOfMessage):
                connected.sendall(answer(connection))
            elif isinstance(event, h11.ConnectionClosed):
                selector.unregister(connected)
                connected.close()
                return

    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                connected, _ = listener.accept()
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connected, selectors.EVENT_READ, h11.Connection(h11.SERVER))
            else:
                receive(key.fileobj, key.data)  # type: ignore[arg-type]


def lagent(port: int, certificate: Certificate | None) -> None:
    """Serve with lagent's server, a loop of selectors, without its sensors and pages."""
    from fructosa_exporter.web.response import Response
    from fructosa_exporter.web.server import Server, ServerLimits
    from fructosa_service.config.kinds import Endpoint

    tls = context(certificate)
    Server(
        [Endpoint("127.0.0.1", port)],
        lambda _, connection: connection.answer(Response(200, BODY, TYPE)),
        ServerLimits(max_connections=_CONNECTIONS),
        lambda: tls,
    ).serve_forever()


SERVERS: dict[str, Callable[[int, Certificate | None], None]] = {
    "http.server": http_server,
    "waitress": waitress,
    "cheroot": cheroot,
    "asyncio Protocol": asyncio_protocol,
    "aiohttp": aiohttp,
    "h11 and selectors": h11_selectors,
    "lagent's own": lagent,
}


def _wsgi(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", TYPE), ("Content-Length", str(len(BODY)))])
    return [BODY]


def _head() -> bytes:
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: {TYPE}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
    )


def main(name: str, port: str, *certificate: str) -> int:
    """Serve."""
    pair = (Path(certificate[0]), Path(certificate[1])) if certificate else None
    try:
        SERVERS[name](int(port), pair)
    except (NoTLS, ImportError) as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
