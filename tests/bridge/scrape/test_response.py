"""An answer, however its bytes come: status, headers, a bounded body, and what may follow it."""

import gc
import gzip
import weakref
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import ScrapeError
from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape.response import ScrapeResponse
from tests.bridge.node import GOOD, answer

LIMIT_BYTES = 2**20
HEAD_BYTES = 2**16
CHUNKED = answer(b"", content_length="", transfer_encoding="chunked")
NO_HTTP = "the response is not valid HTTP; is this the right port?"
LONG = "the response has too long headers; is this the right port?"


def replied(*pieces, is_closed=False):
    """Return the reply that comes of *pieces*, behind which the node may close."""
    reply = ScrapeResponse(
        Target(group="all", host="n1", port=1, graphite_path="n", page_limit=LIMIT_BYTES)
    )
    for piece in pieces:
        if not reply.is_over:
            reply.feed(memoryview(piece))
    if is_closed and not reply.is_over:
        reply.end()
    reply.close()
    return reply


def outcome(reply):
    """Return all that the client looks at, with the page or why there is none."""
    try:
        page = reply.page()
    except ScrapeError as error:
        page = str(error)
    if reply.status not in (0, 200):  # of a refusal no more is read than is shown
        page = reply.excerpt()
    return reply.status, reply.is_complete, page, reply.media, reply.location


def chunked(body, size, extension=b""):
    """Return an answer in chunks of a *size*."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    framed = [b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts]
    return CHUNKED + b"".join(framed) + b"0\r\n\r\n"


ANSWERS = {
    "whole": answer(),
    "empty": answer(b""),
    "packed": answer(gzip.compress(GOOD * 99), content_encoding="gzip"),
    "in chunks": chunked(GOOD * 9, 7),
    "chunks with extensions": chunked(GOOD, 5, b';a="b c";d'),
    "with trailers": chunked(GOOD, 5)[:-2] + b"Content-Type: text/html\r\nX: y\r\n\r\n",
    "after 1xx": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\n" + answer(),
    "until it closes": answer(content_length=""),
    "refusal": answer(b"no " * 99, "500 x"),
    "moved": answer(b"", "302 x", location="/other"),
    "no content": answer(b"", "204 x", content_length=""),
    "HTML": answer(b"<html>"),
    "no gzip": answer(content_encoding="gzip"),
    "half": answer(content_length=1000),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "TLS": b"\x15\x03\x01\0\x02\x02\x46",
    "two lengths": answer(content_Length=7),
    "length and chunks": answer(transfer_encoding="chunked"),
    "a wrong chunk": CHUNKED + b"zz\r\n",
    "another protocol": answer(b"", "101 x", connection="upgrade", upgrade="h2c") + b"more",
    "two answers": answer() + answer(b"other 1\n", kind="text/html"),
    "followed by something": answer() + b"garbage",
}


@given(st.sampled_from(sorted(ANSWERS)), st.sets(st.integers(1, 2000), max_size=30))
def test_any_answer_cut_into_any_pieces_gives_the_same_reply(name, cuts):
    """Where the network cuts it is nobody's choice."""
    sent = ANSWERS[name]
    places = [0, *sorted(cut for cut in cuts if cut < len(sent)), len(sent)]
    pieces = [sent[at:to] for at, to in pairwise(places)]

    whole, cut = replied(sent, is_closed=True), replied(*pieces, is_closed=True)

    assert outcome(whole) == outcome(cut)


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"\r\n", b"a:b"]))
)
def test_any_bytes_are_an_answer_or_a_fault(pieces):
    """Nothing else comes out of them, and what is no answer is never kept."""
    reply = replied(*pieces, is_closed=True)

    assert reply.closes or not reply.has_begun
    assert outcome(reply)


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("whole", GOOD),
        ("empty", b""),
        ("packed", GOOD * 99),
        ("in chunks", GOOD * 9),
        ("chunks with extensions", GOOD),
        ("with trailers", GOOD),
        ("after 1xx", GOOD),
    ],
)
def test_a_whole_answer_leaves_its_connection_for_the_next(name, page):
    """Whatever its frame is."""
    reply = replied(ANSWERS[name])

    assert (200, True, False) == (reply.status, reply.is_complete, reply.closes)
    assert page == reply.page()


def test_trailers_change_nothing_of_what_the_head_said():
    """They come when the page is read already."""
    head = answer(b"", kind="", content_length="", transfer_encoding="chunked")
    trailers = b"Content-Type: application/openmetrics-text\r\nLocation: /other\r\n\r\n"

    reply = replied(head + b"4\r\nup 1\r\n0\r\n" + trailers)

    assert ("", "", b"up 1") == (reply.media, reply.location, reply.page())


@pytest.mark.parametrize("name", ["two answers", "followed by something"])
def test_what_nobody_asked_for_is_not_read_and_costs_the_connection(name):
    """It would be taken for the answer to the next request."""
    reply = replied(ANSWERS[name])

    assert (200, GOOD, True) == (reply.status, reply.page(), reply.closes)
    assert reply.media == "text/plain"


def test_what_comes_behind_the_answer_in_a_piece_of_its_own_costs_the_connection_too():
    """As long as the reply is there to see it."""
    reply = ScrapeResponse(Target(group="all", host="n1", port=1, graphite_path="n"))
    for piece in (answer(), answer(b"other 1\n")):
        reply.feed(memoryview(piece))

    assert (True, GOOD) == (reply.closes, reply.page())


@pytest.mark.parametrize(
    "head",
    [
        answer(connection="close"),
        answer().replace(b"HTTP/1.1", b"HTTP/1.0"),
        answer(b"x" * 999, "500 x"),
    ],
)
def test_some_answers_are_the_last_of_their_connection(head):
    """The node says so, or the rest of a refusal is not waited for."""
    reply = replied(head)

    assert (True, True) == (reply.is_complete, reply.closes)


def test_a_page_without_a_length_ends_with_the_connection():
    """Not before, and then it is whole."""
    open_yet = replied(ANSWERS["until it closes"])
    closed = replied(ANSWERS["until it closes"], is_closed=True)

    assert (False, True) == (open_yet.is_complete, closed.is_complete)
    assert closed.page() == GOOD
    assert closed.closes


@pytest.mark.parametrize(
    "name", ["half", "no HTTP", "length and chunks", "two lengths", "a wrong chunk"]
)
def test_a_page_with_a_length_does_not_end_with_the_connection(name):
    """What is missing is missing."""
    assert not replied(ANSWERS[name], is_closed=True).is_complete


def test_gzip_in_the_transfer_is_refused():
    """Nobody asked for it, and to read it as it is would be wrong."""
    packed = gzip.compress(GOOD)
    reply = replied(chunked(packed, 99).replace(b"chunked", b"gzip, chunked"))

    with pytest.raises(ScrapeError, match="the page is gzip"):
        reply.page()


def test_a_header_that_stands_twice_says_both():
    """A page that is packed twice is not unpacked once and taken for metrics."""
    reply = replied(answer(content_encoding="gzip", Content_Encoding="gzip"))

    assert str(reply.error) == "the page has the unexpected encoding 'gzip, gzip'"


def head_of(size):
    """Return an answer whose head has so many bytes."""
    rest = answer(GOOD, x="")
    missing = size - (len(rest) - len(GOOD)) - len("x: \r\n")
    return answer(GOOD, x="y" * missing)


@pytest.mark.parametrize("step", [1, 1000, 2**18])
@pytest.mark.parametrize(("size", "is_taken"), [(HEAD_BYTES, True), (HEAD_BYTES + 1, False)])
def test_a_head_may_have_64_kib_however_it_comes(size, is_taken, step):
    """Byte for byte, or in one piece with the page."""
    sent = head_of(size)

    reply = replied(*(sent[at : at + step] for at in range(0, len(sent), step)))

    assert is_taken is (reply.error is None)
    assert (GOOD if is_taken else LONG) == outcome(reply)[2]


@pytest.mark.parametrize(
    ("piece", "fault"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n", LONG),
        (b"\r\n" * 100, LONG),
        (b"HTTP/1.1 200 " + b"x" * 10**5, LONG),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20000, LONG),
        (b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", NO_HTTP),
        (b"HTTP/1.1 999999 x\r\n\r\n", NO_HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", NO_HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", NO_HTTP),
        (b"HTTP/1.1 200 OK\r\nx: y\r\n folded\r\n\r\n", NO_HTTP),
        (b"HTTP/1.1 200 OK\r\nx\0y: z\r\n\r\n", NO_HTTP),
        (b"GET / HTTP/1.1\r\n\r\n", NO_HTTP),
    ],
)
def test_a_hostile_head_is_left(piece, fault):
    """Soon, and with a reason."""
    reply = replied(*[piece] * 4000)

    assert (fault, 0, True) == (str(reply.error), reply.status, reply.closes)


@pytest.mark.parametrize("start", [b"3;x=", b"0\r\nx: ", b"0\r\n"])
def test_what_goes_on_behind_the_head_without_a_page_is_left(start):
    """Extensions of a chunk and trailers that never end would fill the memory."""
    piece = b"x: y\r\n" if start == b"0\r\n" else b"y" * 1000

    reply = replied(CHUNKED + b"4\r\nup 1\r\n" + start, *[piece] * 20000)

    assert "the page is incomplete: invalid HTTP after 4 bytes" == str(reply.error)


def test_a_page_in_chunks_of_a_byte_is_read():
    """Its frame has more bytes than it has; it brings something all the time."""
    body = GOOD * 3000

    assert body == replied(chunked(body, 1)).page()


def test_a_reply_goes_when_it_is_closed():
    """Parser and reply hold each other until then; nobody looks for such rings at each scrape."""
    gc.disable()
    try:
        reply = weakref.ref(replied(answer()))
        assert reply() is None
    finally:
        gc.enable()
