"""Servers of a test on free ports, and clients that say what they like."""

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
    """Return a connection of the standard library's client."""
    place = server.endpoints[0]
    return http.client.HTTPConnection(place.host, place.port, timeout=30)


def ask(connection, path, method="GET", **headers):
    """Return status, headers and text of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode()


def once(server, path, method="GET", **headers):
    """Ask on a connection of its own."""
    with closing(connected(server)) as connection:
        return ask(connection, path, method, **headers)


def opened(server):
    """Return a bare socket that is connected."""
    place = server.endpoints[0]
    return socket.create_connection((place.host, place.port), timeout=30)


def until_end(client):
    """Return all that comes until the connection ends."""
    return b"".join(iter(lambda: client.recv(2**16), b""))


def raw(server, content):
    """Send any bytes, and nothing more; return all that comes until the connection ends."""
    with opened(server) as client:
        client.sendall(content)
        client.shutdown(socket.SHUT_WR)
        return until_end(client)
