"""The connection of a client, over a fake stream."""

import math

import pytest

from fructosa_exporter.web.connection import STEPS_A_TURN, ConnectionState, ServerConnection
from fructosa_exporter.web.response import text_response

READ, WRITE = 1, 2
REQUEST = b"GET /%d HTTP/1.1\r\nHost: n\r\n\r\n"


class FakeStream:
    """A stream that receives *incoming*, and accepts *capacity* bytes to send."""

    def __init__(self, *incoming, capacity=10**6):
        self.incoming = list(incoming)  # bytes, None for nothing yet, or an error to raise
        self.capacity = capacity
        self.sent = b""
        self.wants = READ
        self.is_ended = self.is_closed = False
        self.opens_after = 0

    def fileno(self):
        return 7

    def is_open(self):
        self.opens_after -= 1
        return self.opens_after < 0

    def receive(self):
        self.wants = READ
        item = self.incoming.pop(0) if self.incoming else None
        if isinstance(item, Exception):
            raise item
        return item

    def send(self, data):
        self.wants = WRITE
        accepted = bytes(data[: self.capacity])
        self.capacity -= len(accepted)
        self.sent += accepted
        return len(accepted)

    def end(self):
        self.is_ended = True

    def close(self):
        self.is_closed = True


class Client:
    """A connection with a handler that records paths, and responds with them if *at_once*."""

    def __init__(self, stream, at_once=True):
        self.now_s = 1000.0
        self.requested = []
        self.at_once = at_once
        self.stream = stream
        self.changes = 0
        self.connection = ServerConnection(
            stream, self.handle, self.changed, lambda: self.now_s, lambda: "today"
        )

    def changed(self, _):
        self.changes += 1

    def handle(self, request, connection):
        self.requested.append(request.path)
        if self.at_once:
            connection.respond(text_response(200, f"this is {request.path}"))

    def take_turns(self):
        """Give the connection as many turns as it wants; return how many these were."""
        self.connection.ready()
        turns = 1
        while self.connection.has_more:
            self.connection.ready()
            turns += 1
        return turns

    @property
    def bodies(self):
        """The bodies of the responses that were sent."""
        return [part.partition(b"HTTP/1.1 ")[0] for part in self.stream.sent.split(b"\r\n\r\n")[1:]]


def test_a_response_is_sent():
    """With its length, so that the connection stays usable."""
    client = Client(FakeStream(REQUEST % 1))

    client.connection.ready()

    expected = (
        b"HTTP/1.1 200 OK\r\nServer: lagent\r\nDate: today\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 11\r\n\r\nthis is /1\n"
    )
    assert expected == client.stream.sent
    assert client.connection.state is ConnectionState.RECEIVING


def test_requests_may_arrive_byte_by_byte():
    """Each is handled as soon as it is complete."""
    content = REQUEST % 1 + REQUEST % 2
    client = Client(FakeStream(*(content[at : at + 1] for at in range(len(content)))))

    client.take_turns()

    assert ["/1", "/2"] == client.requested


def test_many_requests_may_arrive_at_once():
    """They are handled in order, without recursion."""
    content = b"".join(REQUEST % number for number in range(5000))
    chunks = [content[at : at + 4096] for at in range(0, len(content), 4096)]
    client = Client(FakeStream(*chunks, capacity=10**9))

    client.take_turns()

    assert [b"this is /%d\n" % number for number in range(5000)] == client.bodies


def test_one_request_is_handled_in_a_turn():
    """Other connections take theirs before the next one is."""
    client = Client(FakeStream(b"".join(REQUEST % number for number in range(3))))

    client.connection.ready()
    assert (["/0"], True) == (client.requested, client.connection.has_more)

    client.take_turns()
    assert (["/0", "/1", "/2"], False) == (client.requested, client.connection.has_more)


def test_a_client_that_never_stops_sending_has_turns_of_some_steps():
    """After its last response, too, when all that it sends is discarded."""
    client = Client(FakeStream(b"nonsense\r\n\r\n", *[b"more"] * 1000))

    client.connection.ready()

    assert client.connection.has_more
    assert 1000 - STEPS_A_TURN < len(client.stream.incoming)


def test_a_connection_that_was_closed_takes_no_turn():
    """The selector may have said before that it is ready."""
    client = Client(FakeStream(REQUEST % 1))
    client.connection.close()

    client.connection.ready()
    client.connection.close()

    assert (1, []) == (client.changes, client.requested)


def test_requests_wait_for_the_response_to_the_one_before():
    """Nothing is read from the socket meanwhile."""
    client = Client(FakeStream(REQUEST % 1, REQUEST % 2), at_once=False)

    client.connection.ready()
    assert ["/1"] == client.requested
    assert ConnectionState.WAITING is client.connection.state
    client.connection.ready()  # the second request has arrived

    assert (["/1"], 0) == (client.requested, client.connection.events)
    client.connection.respond(text_response(200, "here"))
    assert ["/1", "/2"] == client.requested


def test_a_response_is_sent_as_fast_as_the_client_reads_it():
    """The rest waits until the socket is writable."""
    client = Client(FakeStream(REQUEST % 1, capacity=10))
    client.connection.ready()
    assert (ConnectionState.SENDING, WRITE) == (client.connection.state, client.connection.events)

    client.stream.capacity = 1000
    client.connection.ready()

    assert client.bodies == [b"this is /1\n"]


def test_a_response_to_head_has_no_body():
    """But it has the length that the body would have."""
    client = Client(FakeStream(b"HEAD /1 HTTP/1.1\r\nHost: n\r\n\r\n"))

    client.connection.ready()

    assert client.stream.sent.endswith(b"Content-Length: 11\r\n\r\n")


def test_a_connection_is_drained_after_its_last_response():
    """Until the client closes it; what it still sends is discarded."""
    client = Client(
        FakeStream(b"GET /1 HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\nmore", None)
    )
    client.connection.ready()
    assert b"\r\nConnection: close\r\n" in client.stream.sent
    assert (True, False) == (client.stream.is_ended, client.stream.is_closed)

    client.stream.incoming = [b"more", b""]
    client.connection.ready()

    assert client.stream.is_closed
    assert ["/1"] == client.requested


def test_a_client_that_half_closes_the_connection_gets_its_response():
    """As `nc -N` does."""
    client = Client(FakeStream(REQUEST % 1, b""))

    client.connection.ready()

    assert [b"this is /1\n"] == client.bodies
    assert client.stream.is_closed


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"nonsense\r\n\r\n", b"400"), (b"a" * 9000, b"431"), (b"GET / HT", b"400")],
)
def test_an_invalid_request_is_rejected_and_closes_the_connection(content, status):
    """What follows can't be parsed reliably."""
    client = Client(FakeStream(content, b"", None))

    client.connection.ready()

    assert client.stream.sent.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in client.stream.sent
    assert [] == client.requested


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), OSError("odd")])
def test_a_socket_error_closes_the_connection(error):
    """Without an exception."""
    client = Client(FakeStream(error))

    client.connection.ready()

    assert client.connection.state is ConnectionState.CLOSED
    assert client.stream.is_closed


def test_a_response_to_a_closed_connection_is_dropped():
    """The client may have timed out while a sensor hung."""
    client = Client(FakeStream(REQUEST % 1), at_once=False)
    client.connection.ready()
    client.connection.close()

    client.connection.respond(text_response(200, "here"))

    assert client.stream.sent == b""


def test_a_stream_is_opened_before_anything_is_read():
    """As for the handshake of TLS."""
    stream = FakeStream(REQUEST % 1)
    stream.opens_after = 2
    client = Client(stream)
    client.connection.ready()
    client.connection.ready()
    assert (ConnectionState.OPENING, []) == (client.connection.state, client.requested)

    client.connection.ready()

    assert ["/1"] == client.requested


def timeout_s(client):
    """Return the time until the connection times out."""
    return client.connection.until_s - client.now_s


def test_the_first_request_has_a_timeout():
    """Receiving a part of it does not extend it."""
    client = Client(FakeStream(b"GET"))
    client.now_s += 4
    client.connection.ready()

    assert 6 == timeout_s(client)


def test_a_connection_may_be_idle_between_scrapes():
    """Once the next request has begun, it has the timeout of a request."""
    client = Client(FakeStream(REQUEST % 1))
    client.connection.ready()
    assert 330 == timeout_s(client)
    client.now_s += 60

    client.stream.incoming = [b"G", b"E"]
    client.connection.ready()
    client.now_s += 1
    client.stream.incoming = [b"T"]
    client.connection.ready()

    assert 9 == timeout_s(client)


def test_sending_a_response_has_a_timeout_but_waiting_for_it_has_none():
    """Pages have their own timeout."""
    client = Client(FakeStream(REQUEST % 1, capacity=10), at_once=False)
    client.connection.ready()
    assert math.inf == timeout_s(client)

    client.connection.respond(text_response(200, "here"))

    assert 30 == timeout_s(client)


def test_an_internal_error_closes_one_connection_only(caplog):
    """It is logged with its traceback."""
    client = Client(FakeStream(REQUEST % 1))
    client.connection._handle = None  # calling it raises TypeError

    client.connection.ready()

    assert client.connection.state is ConnectionState.CLOSED
    assert "TypeError" in caplog.text
