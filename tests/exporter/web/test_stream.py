"""Non-blocking sockets."""

import socket
from selectors import EVENT_READ, EVENT_WRITE

import pytest

from fructosa_exporter.web.stream import CHUNK, PlainStream


@pytest.fixture
def ends():
    """A stream, and the socket of its peer."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(30)
    yield PlainStream(ours), theirs
    ours.close()
    theirs.close()


def test_received_data_is_returned_in_chunks(ends):
    """None while there is no data, empty bytes at the end."""
    stream, peer = ends
    nothing = stream.receive()
    peer.sendall(b"x" * (CHUNK + 1))
    chunks = [stream.receive(), stream.receive()]
    peer.close()

    assert nothing is None
    assert [CHUNK, 1] == list(map(len, chunks))
    assert b"" == stream.receive()
    assert EVENT_READ == stream.wants


def test_only_what_fits_into_the_buffer_is_sent(ends):
    """Afterwards the stream waits until it can write."""
    stream, peer = ends
    content, sent = memoryview(b"x" * 2**22), 0
    while count := stream.send(content[sent:]):
        sent += count

    assert 0 < sent < len(content)
    assert EVENT_WRITE == stream.wants
    assert peer.recv(1) == b"x"


def test_ending_a_stream_closes_the_sending_side_only(ends):
    """Data from the peer is still received."""
    stream, peer = ends
    stream.end()

    assert b"" == peer.recv(1)
    peer.sendall(b"late")
    assert b"late" == stream.receive()


def test_a_plain_stream_is_open_at_once(ends):
    """There is no handshake; it has a file descriptor until it is closed."""
    stream, _ = ends

    assert stream.is_open()
    assert stream.fileno() >= 0
    stream.close()
    assert -1 == stream.fileno()
