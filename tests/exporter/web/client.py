"""Runs servers in tests, and sends them requests and arbitrary bytes."""

import http.client
import socket
import threading
from contextlib import closing, contextmanager


@contextmanager
def serving(server):
    """Run a server in a thread; stop it at the end."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(30)
        assert not thread.is_alive()


def connected(server):
    """Return an HTTP connection."""
    endpoint = server.endpoints[0]
    return http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=30)


def ask(connection, path, method="GET", **headers):
    """Send a request; return status, headers and text of the response."""
    dashed = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=dashed)
    response = connection.getresponse()
    return response.status, response.headers, response.read().decode()


def once(server, path, method="GET", **headers):
    """Send a request on a new connection; return status, headers and text of the response."""
    with closing(connected(server)) as connection:
        return ask(connection, path, method, **headers)


def opened(server):
    """Return a connected socket."""
    endpoint = server.endpoints[0]
    return socket.create_connection((endpoint.host, endpoint.port), timeout=30)


def until_end(client):
    """Return everything received until the connection is closed."""
    return b"".join(iter(lambda: client.recv(2**16), b""))


def raw(server, content):
    """Send these bytes, and close the sending side; return everything received."""
    with opened(server) as client:
        client.sendall(content)
        client.shutdown(socket.SHUT_WR)
        return until_end(client)
