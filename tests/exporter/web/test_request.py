"""Parsing of HTTP requests."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.web.request import HEAD_LIMIT_BYTES, BadRequest, head_end, parse


def head(*lines):
    """Return the head of a request."""
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def hosted(first, *lines):
    """Return the head of a request with the header Host, which HTTP/1.1 requires."""
    return head(first, "Host: n", *lines)


def outcome(content):
    """Return "a request" if *content* is valid, or the status with which it is rejected."""
    try:
        parse(content)
    except BadRequest as error:
        return error.status
    return "a request"


def test_a_scrape_of_prometheus_is_parsed():
    """Names of headers are in lower case; repeated headers are joined."""
    request = parse(
        head(
            "GET /metrics?collect[]=CPUPercent&collect[]=Users&x= HTTP/1.1",
            "Host: node001:9888",
            "Accept-Encoding: gzip",
            "accept: text/plain;q=0.5",
            "Accept: */*",
        )
    )

    assert ("GET", "/metrics", False) == (request.method, request.path, request.is_last)
    assert {"collect[]": ["CPUPercent", "Users"], "x": [""]} == request.query
    assert "gzip" == request.headers["accept-encoding"]
    assert "text/plain;q=0.5, */*" == request.headers["accept"]


def test_parsed_requests_are_cached_unless_they_hold_a_password():
    """A scraper sends the same head each time."""
    heads = [hosted("GET / HTTP/1.1"), hosted("GET / HTTP/1.1", "AUTHORIZATION: Basic eDp5")]

    plain, secret = ([parse(one) for _ in range(2)] for one in heads)

    assert plain[0] is plain[1]
    assert secret[0] is not secret[1]
    assert secret[0] == secret[1]


@pytest.mark.parametrize("address", ["http://node001:9888/metrics?a=1", "/metrics?a=1"])
def test_a_target_may_be_a_url_or_a_path(address):
    """Proxies send whole URLs."""
    request = parse(hosted(f"GET {address} HTTP/1.1"))

    assert ("/metrics", {"a": ["1"]}) == (request.path, request.query)


@pytest.mark.parametrize(
    ("version", "header", "expected"),
    [
        ("1.1", "Accept: */*", False),
        ("1.1", "Connection: Keep-Alive", False),
        ("1.1", "Connection: close", True),
        ("1.1", "Connection: TE, Close", True),
        ("1.0", "Accept: */*", True),
    ],
)
def test_a_connection_is_kept_alive_unless_the_client_closes_it(version, header, expected):
    """With HTTP/1.0 it is always closed."""
    assert expected is parse(hosted(f"GET / HTTP/{version}", header)).is_last


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([""], 400),
        (["GET /"], 400),
        (["GET  / HTTP/1.1"], 400),
        (["GET / HTTP/1.1 "], 400),
        (["GET /a b HTTP/1.1"], 400),
        (["GET /\x00 HTTP/1.1"], 400),
        (["GET /é HTTP/1.1"], 400),
        (["G(T / HTTP/1.1"], 400),
        (["GET http://[ HTTP/1.1"], 400),
        (["GET / HTTP/2.0"], 505),
        (["GET / HTTP/1.1", "no header"], 400),
        (["GET / HTTP/1.1", "Host : n"], 400),
        (["GET / HTTP/1.1", " folded: n"], 400),
        (["GET / HTTP/1.1", "a: b", "  more"], 400),
        (["GET / HTTP/1.1", "a: b\x00"], 400),
        (["GET / HTTP/1.1", "a: b\rc: d"], 400),
        (["GET / HTTP/1.1", *["a: b"] * 101], 431),
        (["GET /?" + "&".join("a" * 200) + " HTTP/1.1"], 400),
        (["GET / HTTP/1.1", "Content-Length: 1"], 413),
        (["GET / HTTP/1.1", "Content-Length: 0, 5"], 400),
        (["GET / HTTP/1.1", "Transfer-Encoding: chunked"], 413),
        (["POST / HTTP/1.1", "Content-Length: nonsense"], 400),
    ],
)
def test_an_invalid_request_is_rejected(lines, status):
    """Each kind has its status."""
    with pytest.raises(BadRequest) as raised:
        parse(hosted(*lines))

    assert status == raised.value.status


@pytest.mark.parametrize(
    "value", ["", "n", "n:9888", "n:", "10.0.0.1:9888", "[::1]:9888", "[fe80::1%25eth0]", "a_b.c-d"]
)
def test_a_host_may_have_a_port(value):
    """It may be empty, too."""
    assert value == parse(head("GET / HTTP/1.1", f"Host: {value}")).headers["host"]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Host: a", "host: a"],
        *(
            [f"Host: {odd}"]
            for odd in ("a b", "a,b:c", "a:b", "a/b", "a@b", "[::1", "::1", "é", "<")
        ),
    ],
)
def test_a_host_that_is_missing_repeated_or_invalid_is_rejected(lines):
    """As RFC 9112 demands in its section 3.2; with HTTP/1.0 it may be missing."""
    with pytest.raises(BadRequest, match="the header Host") as raised:
        parse(head("GET / HTTP/1.1", *lines))

    assert 400 == raised.value.status
    assert ("a request" if not lines else 400) == outcome(head("GET / HTTP/1.0", *lines))


@pytest.mark.parametrize("empty", [b"\r\n", b"\n"])
def test_an_empty_line_may_come_before_a_request(empty):
    """Some clients send one after a body; two are no request."""
    request = hosted("GET /next HTTP/1.1")

    assert None is head_end(empty + request[:-2])
    assert len(empty + request) == head_end(empty + request)
    assert "/next" == parse(empty + request).path
    assert 400 == outcome((empty * 2 + request)[: head_end(empty * 2 + request)])


@pytest.mark.parametrize("filler", [b" ", b"\t", b"a", b"A:", b"\r", b"%", b"a ", b"["])
@pytest.mark.parametrize(
    "begin", [b"", b"GET ", b"GET / HTTP/1.1\r\nA:", b"GET / HTTP/1.1\r\nHost:"]
)
def test_no_request_takes_longer_to_parse_than_an_honest_one_of_its_size(begin, filler):
    """Whatever it repeats; one of these took 500 times as long."""
    bad = begin + filler * ((8000 - len(begin)) // len(filler)) + b"\0\r\n\r\n"
    honest = hosted("GET / HTTP/1.1", *(f"X-{at}: {'a' * 65}" for at in range(99)))

    assert cpu_time_s(bad) < 10 * cpu_time_s(honest)


def cpu_time_s(content):
    """Return the least CPU time of some attempts to parse a request."""

    def attempt():
        # Another one each time, as requests are cached.
        content_again = content[:-4] + b"\r\nZ: %d\r\n\r\n" % next(_numbers)
        start_s = time.thread_time()
        head_end(content_again)
        outcome(content_again)
        return time.thread_time() - start_s

    return min(attempt() for _ in range(5))


_numbers = itertools.count()


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\n\n", b"\n\r\n"])
def test_a_head_ends_with_an_empty_line(end):
    """With any line ends; what follows belongs to the next request."""
    received = b"GET / HTTP/1.1" + end + b"GET /next"

    assert len(b"GET / HTTP/1.1" + end) == head_end(received)
    assert None is head_end(received[: -len(b"GET /next") - 1])


@given(st.integers(0, 40))
def test_the_end_of_a_head_is_found_wherever_the_search_resumes(start):
    """The head may arrive byte by byte."""
    received = b"GET / HTTP/1.1\r\na: bc\r\n\r\n"

    assert len(received) == head_end(received, min(start, len(received) - 1))


@pytest.mark.parametrize("received", [b"a" * (HEAD_LIMIT_BYTES + 1), b"a" * 9000 + b"\r\n\r\n"])
def test_a_head_that_is_too_long_is_rejected(received):
    """Even before it is complete."""
    with pytest.raises(BadRequest, match="more than 8192 bytes"):
        head_end(received)


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_or_rejected(content):
    """No other error is raised."""
    assert outcome(content) in ("a request", 400, 413, 431, 505)


_MUTATED = st.tuples(st.integers(0, 60), st.binary(max_size=5))


@given(st.lists(_MUTATED, max_size=5))
def test_a_mutated_request_is_parsed_or_rejected(mutations):
    """No other error is raised, and no header holds a line end."""
    content = bytearray(head("GET /metrics?collect[]=A HTTP/1.1", "Host: n", "Accept: */*"))
    for at, odd in mutations:
        content[at : at + len(odd)] = odd
    try:
        request = parse(bytes(content))
    except BadRequest:
        return

    assert all(name == name.lower() for name in request.headers)
    assert not any("\n" in value or "\r" in value for value in request.headers.values())
