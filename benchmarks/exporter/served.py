"""One page behind one HTTP server: `python -m benchmarks.exporter.served NAME PORT [CERT KEY]`.

Each function serves BODY at any path until the process is killed. The servers have their default
settings, except for what a thousand open connections require. Each function has its own imports,
so that the process loads only what its server needs.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

BODY = b'fructosa_cpu_seconds_total{cpu="17",mode="user"} 123456.78\n' * 424  # 25 kB
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_MAX_CONNECTIONS = 2000
_RECV_BYTES = 64 * 1024

Certificate = tuple[Path, Path]


class NoTLS(Exception):
    """This server does not support TLS."""


def tls_context(certificate: Certificate | None) -> "ssl.SSLContext | None":
    """Return the TLS context of a server; None without a certificate."""
    if certificate is None:
        return None
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def http_server(port: int, certificate: Certificate | None) -> None:
    """Serve with http.server: one thread per connection, a TLS socket around the listener."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY)

        def log_message(self, *_: Any) -> None:
            pass

    class ThreadedServer(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    server = ThreadedServer(("127.0.0.1", port), Handler)
    if context := tls_context(certificate):
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    server.serve_forever()


def waitress(port: int, certificate: Certificate | None) -> None:
    """Serve with waitress: one thread for the sockets, four for responses."""
    from waitress import serve

    if certificate:
        raise NoTLS
    serve(
        _wsgi,
        listen=f"127.0.0.1:{port}",
        connection_limit=_MAX_CONNECTIONS,
        asyncore_use_poll=True,  # select() supports at most 1,024 files
        _quiet=True,
    )


def cheroot(port: int, certificate: Certificate | None) -> None:
    """Serve with cheroot: one thread for idle connections, ten for responses."""
    from cheroot.ssl.builtin import BuiltinSSLAdapter
    from cheroot.wsgi import Server

    server = Server(("127.0.0.1", port), _wsgi, request_queue_size=256)
    server.keep_alive_conn_limit = _MAX_CONNECTIONS
    if certificate:
        server.ssl_adapter = BuiltinSSLAdapter(*map(str, certificate))
    server.start()


def asyncio_protocol(port: int, certificate: Certificate | None) -> None:
    """Serve with an asyncio Protocol that implements just enough HTTP."""
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
            OnePage, "127.0.0.1", port, ssl=tls_context(certificate), backlog=256
        )
        await server.serve_forever()

    asyncio.run(serve())


def aiohttp(port: int, certificate: Certificate | None) -> None:
    """Serve with aiohttp."""
    from aiohttp import web

    async def respond(_: web.Request) -> web.Response:
        return web.Response(body=BODY, headers={"Content-Type": CONTENT_TYPE})

    application = web.Application()
    application.router.add_get("/{path:.*}", respond)
    web.run_app(
        application,
        host="127.0.0.1",
        port=port,
        ssl_context=tls_context(certificate),
        print=None,
        access_log=None,
    )


def h11_selectors(port: int, certificate: Certificate | None) -> None:
    """Serve with h11 in a loop over selectors, which blocks while it sends a page."""
    import selectors
    import socket

    import h11

    if certificate:
        raise NoTLS
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("127.0.0.1", port), backlog=256)
    selector.register(listener, selectors.EVENT_READ)

    def response(connection: h11.Connection) -> bytes:
        headers = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(BODY)))]
        events = (
            h11.Response(status_code=200, headers=headers),
            h11.Data(data=BODY),
            h11.EndOfMessage(),
        )
        data = b"".join(connection.send(event) or b"" for event in events)
        connection.start_next_cycle()
        return data

    def receive(client: socket.socket, connection: h11.Connection) -> None:
        data = client.recv(_RECV_BYTES)
        connection.receive_data(data)
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.EndOfMessage):
                client.sendall(response(connection))
            elif isinstance(event, h11.ConnectionClosed):
                selector.unregister(client)
                client.close()
                return

    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                client, _ = listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(client, selectors.EVENT_READ, h11.Connection(h11.SERVER))
            else:
                receive(key.fileobj, key.data)  # type: ignore[arg-type]


def lagent(port: int, certificate: Certificate | None) -> None:
    """Serve with lagent's server, a loop over selectors, without its sensors and pages."""
    from fructosa_exporter.web.response import Response
    from fructosa_exporter.web.server import Server, ServerLimits
    from fructosa_service.config.kinds import Endpoint

    context = tls_context(certificate)
    Server(
        [Endpoint("127.0.0.1", port)],
        lambda _, connection: connection.respond(Response(200, BODY, CONTENT_TYPE)),
        ServerLimits(max_connections=_MAX_CONNECTIONS),
        lambda: context,
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
    start_response("200 OK", [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(BODY)))])
    return [BODY]


def _head() -> bytes:
    headers = f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {len(BODY)}\r\n"
    return f"HTTP/1.1 200 OK\r\n{headers}\r\n".encode()


def main(name: str, port: str, *certificate: str) -> int:
    """Run the server *name* until it is killed."""
    pair = (Path(certificate[0]), Path(certificate[1])) if certificate else None
    try:
        SERVERS[name](int(port), pair)
    except (NoTLS, ImportError) as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
