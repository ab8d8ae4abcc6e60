"""Sockets that never block."""

import socket
from selectors import EVENT_READ, EVENT_WRITE

import pytest

from fructosa_exporter.web.stream import CHUNK, PlainStream


@pytest.fixture
def ends():
    """A stream, and the socket at its other end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(30)
    yield PlainStream(ours), theirs
    ours.close()
    theirs.close()


def test_what_came_is_received(ends):
    """At most a chunk at once; nothing at the end, None while nothing is there."""
    stream, peer = ends
    nothing = stream.receive()
    peer.sendall(b"x" * (CHUNK + 1))
    chunks = [stream.receive(), stream.receive()]
    peer.close()

    assert nothing is None
    assert [CHUNK, 1] == list(map(len, chunks))
    assert b"" == stream.receive()
    assert EVENT_READ == stream.wants


def test_what_a_slow_peer_does_not_take_is_not_sent(ends):
    """The stream then waits until it can write."""
    stream, peer = ends
    content, sent = memoryview(b"x" * 2**22), 0
    while count := stream.send(content[sent:]):
        sent += count

    assert 0 < sent < len(content)
    assert EVENT_WRITE == stream.wants
    assert peer.recv(1) == b"x"


def test_the_peer_learns_that_nothing_more_will_come(ends):
    """What it still sends is received all the same."""
    stream, peer = ends
    stream.end()

    assert b"" == peer.recv(1)
    peer.sendall(b"late")
    assert b"late" == stream.receive()


def test_a_plain_stream_is_open_from_the_beginning(ends):
    """There is no handshake; it has the number of its socket until it is closed."""
    stream, _ = ends

    assert stream.is_open()
    assert stream.fileno() >= 0
    stream.close()
    assert -1 == stream.fileno()
