"""A response from the bytes of a node: status, headers, body, and what may follow it."""

import gc
import gzip
import re
import weakref
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import ScrapeError
from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape.response import PAGE_CUT, WRONG_PAGE, ScrapeResponse, clock_off_s
from fructosa_bridge.scrape.response_body import IS_GZIP, UNEXPECTED_ENCODING
from fructosa_bridge.scrape.scrape_errors import (
    INVALID_HTTP,
    LONG_HEAD,
    NOT_HTTP,
    SPEAKS_TLS,
    invalid_head,
)

from ..node import GOOD_PAGE, http_response

LIMIT_BYTES = 2**20
HEAD_BYTES = 2**16
CHUNKED = http_response(b"", content_length="", transfer_encoding="chunked")


def received(*pieces, is_closed=False):
    """Return the response that was received in *pieces*; then the connection may be closed."""
    response = ScrapeResponse(
        Target(group="all", host="n1", port=1, graphite_path="n", page_limit=LIMIT_BYTES)
    )
    for piece in pieces:
        if not response.is_over:
            response.feed(memoryview(piece))
    if is_closed and not response.is_over:
        response.end()
    response.close()
    return response


def outcome(response):
    """Return everything the client reads from a response: the page, or the error."""
    try:
        page = response.page()
    except ScrapeError as error:
        page = str(error)
    if response.status not in (0, 200):  # only the excerpt is read
        page = response.excerpt()
    return response.status, response.is_complete, page, response.media, response.location


def chunked(body, size, extension=b""):
    """Return a response in chunks of a *size*."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    framed = [b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts]
    return CHUNKED + b"".join(framed) + b"0\r\n\r\n"


RESPONSES = {
    "whole": http_response(),
    "empty": http_response(b""),
    "compressed": http_response(gzip.compress(GOOD_PAGE * 99), content_encoding="gzip"),
    "in chunks": chunked(GOOD_PAGE * 9, 7),
    "chunks with extensions": chunked(GOOD_PAGE, 5, b';a="b c";d'),
    "with trailers": chunked(GOOD_PAGE, 5)[:-2] + b"Content-Type: text/html\r\nX: y\r\n\r\n",
    "after 1xx": b"HTTP/1.1 100 x\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\n" + http_response(),
    "until it closes": http_response(content_length=""),
    "error": http_response(b"no " * 99, "500 x"),
    "redirect": http_response(b"", "302 x", location="/other"),
    "no content": http_response(b"", "204 x", content_length=""),
    "HTML": http_response(b"<html>"),
    "not gzip": http_response(content_encoding="gzip"),
    "half": http_response(content_length=1000),
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "TLS": b"\x15\x03\x01\0\x02\x02\x46",
    "two lengths": http_response(content_Length=7),
    "a length twice": http_response(content_Length=len(GOOD_PAGE)),
    "length and chunks": chunked(GOOD_PAGE, 5).replace(b"\r\n", b"\r\nContent-Length: 7\r\n", 1),
    "length without chunks": http_response(transfer_encoding="chunked"),
    "lines without CR": b"HTTP/1.1 200 OK\nContent-Length: %d\n\n" % len(GOOD_PAGE) + GOOD_PAGE,
    "folded": http_response(x="y").replace(b": y", b": y\r\n\tz"),
    "odd header": http_response().replace(
        b"\r\n", b"\r\nX Y : z\0\r\nno header\r\nContent-Type : a\r\n", 1
    ),
    "invalid chunk": CHUNKED + b"zz\r\n",
    "another protocol": http_response(b"", "101 x", connection="upgrade", upgrade="h2c") + b"more",
    "two responses": http_response() + http_response(b"other 1\n", content_type="text/html"),
    "followed by garbage": http_response() + b"garbage",
}


@given(st.sampled_from(sorted(RESPONSES)), st.sets(st.integers(1, 2000), max_size=30))
def test_a_response_in_any_pieces_is_the_same(name, cuts):
    """The network decides where it is split."""
    sent = RESPONSES[name]
    bounds = [0, *sorted(cut for cut in cuts if cut < len(sent)), len(sent)]
    pieces = [sent[at:to] for at, to in pairwise(bounds)]

    whole, split = received(sent, is_closed=True), received(*pieces, is_closed=True)

    assert outcome(whole) == outcome(split)


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"\r\n", b"a:b"]))
)
def test_any_bytes_are_a_response_or_an_error(pieces):
    """No other error is raised, and the connection is not used again."""
    response = received(*pieces, is_closed=True)

    assert response.closes or not response.has_begun
    assert outcome(response)


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("whole", GOOD_PAGE),
        ("empty", b""),
        ("compressed", GOOD_PAGE * 99),
        ("in chunks", GOOD_PAGE * 9),
        ("chunks with extensions", GOOD_PAGE),
        ("with trailers", GOOD_PAGE),
        ("after 1xx", GOOD_PAGE),
    ],
)
def test_after_a_complete_response_the_connection_can_be_used_again(name, page):
    """Whatever its framing is."""
    response = received(RESPONSES[name])

    assert (200, True, False) == (response.status, response.is_complete, response.closes)
    assert page == response.page()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (http_response(b" not for you\n", "403 x"), "not for you"),
        (http_response(b"x" * 999, "500 x"), "x" * 200),
        (http_response(b"<html>", "404 x", content_type="text/html"), ""),
    ],
)
def test_the_excerpt_of_an_error_is_the_start_of_its_text(content, expected):
    """A web page is not an excerpt that people can read."""
    assert expected == received(content).excerpt()


def test_trailers_do_not_change_the_headers():
    """The page has been read by then."""
    head = http_response(b"", content_type="", content_length="", transfer_encoding="chunked")
    trailers = b"Content-Type: application/openmetrics-text\r\nLocation: /other\r\n\r\n"

    response = received(head + b"4\r\nup 1\r\n0\r\n" + trailers)

    assert ("", "", b"up 1") == (response.media, response.location, response.page())


@pytest.mark.parametrize("name", ["two responses", "followed by garbage"])
def test_bytes_after_a_response_are_not_read_and_the_connection_closes(name):
    """They would be read as the response to the next request."""
    response = received(RESPONSES[name])

    assert (200, GOOD_PAGE, True) == (response.status, response.page(), response.closes)
    assert response.media == "text/plain"


def test_bytes_that_arrive_after_a_response_close_the_connection():
    """If they arrive separately, while the response is still in use."""
    response = ScrapeResponse(Target(group="all", host="n1", port=1, graphite_path="n"))
    for piece in (http_response(), http_response(b"other 1\n")):
        response.feed(memoryview(piece))

    assert (True, GOOD_PAGE) == (response.closes, response.page())


@pytest.mark.parametrize(
    "content",
    [
        http_response(connection="close"),
        http_response().replace(b"HTTP/1.1", b"HTTP/1.0"),
        http_response(b"x" * 999, "500 x"),
    ],
)
def test_after_some_responses_the_connection_closes(content):
    """The node says so, or the rest of an error is not read."""
    response = received(content)

    assert (True, True) == (response.is_complete, response.closes)


def test_a_page_without_a_length_ends_with_the_connection():
    """Not before; then it is complete."""
    still_open = received(RESPONSES["until it closes"])
    closed = received(RESPONSES["until it closes"], is_closed=True)

    assert (False, True) == (still_open.is_complete, closed.is_complete)
    assert closed.page() == GOOD_PAGE
    assert closed.closes


@pytest.mark.parametrize(
    "name", ["half", "not HTTP", "length without chunks", "two lengths", "invalid chunk"]
)
def test_an_incomplete_page_does_not_end_with_the_connection(name):
    """It has a length or chunks, or is not valid HTTP."""
    assert not received(RESPONSES[name], is_closed=True).is_complete


@pytest.mark.parametrize(
    "name", ["a length twice", "length and chunks", "lines without CR", "folded", "odd header"]
)
def test_an_odd_head_is_understood_as_by_prometheus_and_the_connection_closes(name):
    """Nobody knows what else would come on it."""
    response = received(RESPONSES[name])

    assert (200, True, True) == (response.status, response.is_complete, response.closes)
    assert response.page() == GOOD_PAGE


@pytest.mark.parametrize("page", [b"a 1\nb 12", b"a 1\n# EO", b"a"])
def test_a_page_without_a_length_and_a_last_line_feed_is_refused(page):
    """A number may be cut. With a length, in chunks or in gzip, nothing can be missing."""
    response = received(http_response(page, content_length=""), is_closed=True)

    with pytest.raises(ScrapeError, match=re.escape(PAGE_CUT)):
        response.page()
    assert page == received(http_response(page)).page() == received(chunked(page, 2)).page()
    zipped = http_response(gzip.compress(page), content_length="", content_encoding="gzip")
    assert page == received(zipped, is_closed=True).page()


@pytest.mark.parametrize("page", [b"", b"a 1\nb 12\n", b"a 1\n# EOF"])
def test_a_page_without_a_length_may_end_where_a_line_ends(page):
    """Or where OpenMetrics ends."""
    assert page == received(http_response(page, content_length=""), is_closed=True).page()


def test_the_transfer_encoding_gzip_is_refused():
    """It was not requested, and its content is not a page."""
    compressed = gzip.compress(GOOD_PAGE)
    response = received(chunked(compressed, 99).replace(b"chunked", b"gzip, chunked"))

    with pytest.raises(
        ScrapeError, match=re.escape(WRONG_PAGE.format(problem=IS_GZIP, path="/metrics"))
    ):
        response.page()


def test_repeated_headers_are_joined():
    """A page that is compressed twice must not be decompressed once."""
    response = received(http_response(content_encoding="gzip", Content_Encoding="gzip"))

    assert str(response.error) == UNEXPECTED_ENCODING.format(coding="gzip, gzip")


def response_with_head(size):
    """Return a response whose head has so many bytes."""
    rest = http_response(GOOD_PAGE, x="")
    missing = size - (len(rest) - len(GOOD_PAGE)) - len("x: \r\n")
    return http_response(GOOD_PAGE, x="y" * missing)


@pytest.mark.parametrize("step", [1, 1000, 2**18])
@pytest.mark.parametrize(("size", "is_accepted"), [(HEAD_BYTES, True), (HEAD_BYTES + 1, False)])
def test_a_head_may_have_64_kib(size, is_accepted, step):
    """Whether it arrives byte by byte, or in one piece with the page."""
    sent = response_with_head(size)

    response = received(*(sent[at : at + step] for at in range(0, len(sent), step)))

    assert is_accepted is (response.error is None)
    assert (GOOD_PAGE if is_accepted else LONG_HEAD) == outcome(response)[2]


@pytest.mark.parametrize(
    ("piece", "error"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n", LONG_HEAD),
        (b"\r\n" * 100, LONG_HEAD),
        (b"HTTP/1.1 200 " + b"x" * 10**5, LONG_HEAD),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20000, LONG_HEAD),
        (b"HTTP/1.1 999999 x\r\n\r\n", invalid_head("its first line is b'HTTP/1.1 999999 x'")),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            invalid_head("Content-Length overflow"),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            invalid_head("Invalid character in Content-Length"),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            invalid_head("it has several lengths, 1 and 2"),
        ),
        (
            b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
            invalid_head("it switches to another protocol"),
        ),
        (b"HTTP/1.1 200 OK\nx: y\n" * 9, LONG_HEAD),
        (b"\x15\x03\x01\0\x02\x02\x46", SPEAKS_TLS),
        (b"GET / HTTP/1.1\r\n\r\n", NOT_HTTP),
        (b"HTTP/2 200\r\n\r\n", NOT_HTTP),
    ],
)
def test_a_hostile_head_is_refused(piece, error):
    """Soon, with a reason."""
    response = received(*[piece] * 4000)

    assert (error, 0, True) == (str(response.error), response.status, response.closes)


@pytest.mark.parametrize("start", [b"3;x=", b"0\r\nx: ", b"0\r\n"])
def test_an_endless_body_without_a_page_is_refused(start):
    """Endless extensions of a chunk, or trailers, would fill the memory."""
    piece = b"x: y\r\n" if start == b"0\r\n" else b"y" * 1000

    response = received(CHUNKED + b"4\r\nup 1\r\n" + start, *[piece] * 20000)

    assert INVALID_HTTP.format(size=4) == str(response.error)


def test_a_page_in_chunks_of_a_byte_is_accepted():
    """The framing has more bytes than the page, but each chunk has a byte of the page."""
    body = GOOD_PAGE * 3000

    assert body == received(chunked(body, 1)).page()


def test_a_closed_response_is_freed():
    """Until then parser and response refer to each other; no garbage collection is needed."""
    gc.disable()
    try:
        response = weakref.ref(received(http_response()))
        assert response() is None
    finally:
        gc.enable()


DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
DATE_S = 784111777


@pytest.mark.parametrize(
    ("date", "sent_s", "received_s", "expected"),
    [
        # What happened between sending and receiving is not known, nor is the part of a second.
        (DATE, DATE_S, DATE_S, None),
        (DATE, DATE_S + 0.9, DATE_S + 1.0, None),
        (DATE, DATE_S - 1, DATE_S - 1, None),
        (DATE, DATE_S - 1.1, DATE_S - 1.1, 1.6),
        (DATE, DATE_S + 2, DATE_S + 2, None),
        (DATE, DATE_S + 2.1, DATE_S + 2.1, -1.6),
        (DATE, DATE_S - 5, DATE_S + 5, None),
        (DATE, DATE_S + 95, DATE_S + 96, -95),
        (DATE, DATE_S - 3600, DATE_S - 3600, 3600.5),
        ("Sun, 06 Nov 1994 09:49:37 +0100", DATE_S - 9, DATE_S - 8, 9),
        ("", 0, 0, None),
        ("yesterday", 0, 0, None),
    ],
)
def test_a_clock_is_off_if_that_is_certain(date, sent_s, received_s, expected):
    """By more than a second beyond what the measurement leaves open."""
    assert pytest.approx(expected, abs=0.01) == clock_off_s(date, sent_s, received_s)


DATES = r"..., \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ [-+]?\w+"


@given(st.text() | st.from_regex(DATES, fullmatch=True))
def test_any_date_is_parsed_or_ignored(date):
    """A node may send anything."""
    assert isinstance(clock_off_s(date, 0, 0), float | None)
