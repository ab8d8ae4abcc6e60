"""From what a client sends to requests, and from answers to what it is sent."""

import math

import pytest

from fructosa_exporter.web.connection import ConnectionState, ServerConnection
from fructosa_exporter.web.response import plain

READ, WRITE = 1, 2
ASK = b"GET /%d HTTP/1.1\r\nHost: n\r\n\r\n"


class Stream:
    """A socket of a test: what comes is given, what goes is kept."""

    def __init__(self, *incoming, room=10**6):
        self.incoming = list(incoming)  # bytes, None for nothing yet, an error to raise
        self.room = room
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
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.sent += taken
        return len(taken)

    def end(self):
        self.is_ended = True

    def close(self):
        self.is_closed = True


class Client:
    """A connection whose requests are kept, or answered at once with their path."""

    def __init__(self, stream, at_once=True):
        self.now_s = 1000.0
        self.asked = []
        self.at_once = at_once
        self.stream = stream
        self.connection = ServerConnection(
            stream, self.handle, lambda _: None, lambda: self.now_s, lambda: "today"
        )

    def handle(self, request, connection):
        self.asked.append(request.path)
        if self.at_once:
            connection.respond(plain(200, f"this is {request.path}"))

    @property
    def answers(self):
        """The bodies that were sent."""
        return [part.partition(b"HTTP/1.1 ")[0] for part in self.stream.sent.split(b"\r\n\r\n")[1:]]


def test_a_request_is_answered():
    """With its length, so that the connection can be kept."""
    client = Client(Stream(ASK % 1))

    client.connection.ready()

    expected = (
        b"HTTP/1.1 200 OK\r\nServer: lagent\r\nDate: today\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 11\r\n\r\nthis is /1\n"
    )
    assert expected == client.stream.sent
    assert client.connection.state is ConnectionState.RECEIVING


def test_requests_may_come_byte_by_byte():
    """Each as soon as it is whole."""
    content = ASK % 1 + ASK % 2
    client = Client(Stream(*(content[at : at + 1] for at in range(len(content)))))

    client.connection.ready()

    assert ["/1", "/2"] == client.asked


def test_requests_may_come_all_at_once():
    """They are answered in their order, however many: nothing is nested."""
    content = b"".join(ASK % number for number in range(5000))
    chunks = [content[at : at + 4096] for at in range(0, len(content), 4096)]
    client = Client(Stream(*chunks, room=10**9))

    client.connection.ready()

    assert [b"this is /%d\n" % number for number in range(5000)] == client.answers


def test_a_client_waits_while_its_answer_is_made():
    """Nothing more is read from it meanwhile."""
    client = Client(Stream(ASK % 1, ASK % 2), at_once=False)

    client.connection.ready()
    assert ["/1"] == client.asked
    assert ConnectionState.WAITING is client.connection.state
    client.connection.ready()  # as something came that must wait

    assert (["/1"], 0) == (client.asked, client.connection.events)
    client.connection.respond(plain(200, "here"))
    assert ["/1", "/2"] == client.asked


def test_an_answer_goes_out_as_fast_as_the_client_takes_it():
    """What does not fit waits until there is room."""
    client = Client(Stream(ASK % 1, room=10))
    client.connection.ready()
    assert (ConnectionState.SENDING, WRITE) == (client.connection.state, client.connection.events)

    client.stream.room = 1000
    client.connection.ready()

    assert client.answers == [b"this is /1\n"]


def test_head_gets_the_head_alone():
    """With the length that the body would have."""
    client = Client(Stream(b"HEAD /1 HTTP/1.1\r\n\r\n"))

    client.connection.ready()

    assert client.stream.sent.endswith(b"Content-Length: 11\r\n\r\n")


def test_the_last_answer_is_sent_before_the_end():
    """The client closes then; what it still sends is read and forgotten."""
    client = Client(Stream(b"GET /1 HTTP/1.1\r\nConnection: close\r\n\r\nmore", None))
    client.connection.ready()
    assert b"\r\nConnection: close\r\n" in client.stream.sent
    assert (True, False) == (client.stream.is_ended, client.stream.is_closed)

    client.stream.incoming = [b"more", b""]
    client.connection.ready()

    assert client.stream.is_closed
    assert ["/1"] == client.asked


def test_a_client_that_ends_its_side_still_gets_its_answer():
    """As `nc -N` does."""
    client = Client(Stream(ASK % 1, b""))

    client.connection.ready()

    assert [b"this is /1\n"] == client.answers
    assert client.stream.is_closed


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"nonsense\r\n\r\n", b"400"), (b"a" * 9000, b"431"), (b"GET / HT", b"400")],
)
def test_what_is_no_request_is_told_and_ends_the_connection(content, status):
    """What follows could be anything."""
    client = Client(Stream(content, b"", None))

    client.connection.ready()

    assert client.stream.sent.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in client.stream.sent
    assert [] == client.asked


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), OSError("odd")])
def test_a_client_that_goes_away_costs_nobody_anything(error):
    """The connection closes."""
    client = Client(Stream(error))

    client.connection.ready()

    assert client.connection.state is ConnectionState.CLOSED
    assert client.stream.is_closed


def test_an_answer_to_a_client_that_is_gone_is_dropped():
    """It may have given up while a sensor hung."""
    client = Client(Stream(ASK % 1), at_once=False)
    client.connection.ready()
    client.connection.close()

    client.connection.respond(plain(200, "here"))

    assert client.stream.sent == b""


def test_a_stream_is_opened_before_anything_is_read():
    """TLS shakes hands first."""
    stream = Stream(ASK % 1)
    stream.opens_after = 2
    client = Client(stream)
    client.connection.ready()
    client.connection.ready()
    assert (ConnectionState.OPENING, []) == (client.connection.state, client.asked)

    client.connection.ready()

    assert ["/1"] == client.asked


def times(client):
    """Return how long the connection may stay as it is."""
    return client.connection.until_s - client.now_s


def test_a_client_must_ask_soon():
    """A trickle does not give it more time."""
    client = Client(Stream(b"GET"))
    client.now_s += 4
    client.connection.ready()

    assert 6 == times(client)


def test_a_client_that_asked_may_be_quiet_until_the_next_scrape():
    """Once it begins to ask again, it must go on."""
    client = Client(Stream(ASK % 1))
    client.connection.ready()
    assert 330 == times(client)
    client.now_s += 60

    client.stream.incoming = [b"G", b"E"]
    client.connection.ready()
    client.now_s += 1
    client.stream.incoming = [b"T"]
    client.connection.ready()

    assert 9 == times(client)


def test_a_client_may_wait_as_long_as_its_answer_takes_but_must_take_it():
    """The page has a deadline of its own."""
    client = Client(Stream(ASK % 1, room=10), at_once=False)
    client.connection.ready()
    assert math.inf == times(client)

    client.connection.respond(plain(200, "here"))

    assert 30 == times(client)


def test_a_fault_of_ours_costs_one_connection(caplog):
    """It is logged; the loop goes on."""
    client = Client(Stream(ASK % 1))
    client.connection._handle = None  # what is called is no function

    client.connection.ready()

    assert client.connection.state is ConnectionState.CLOSED
    assert "TypeError" in caplog.text
