"""Asking nodes over real HTTP and TLS: what goes wrong is told in one line that helps."""

import asyncio
import contextlib
import errno
import gzip
import json
import os
import socket
import ssl
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.access import PAGE, USER, Access
from fructosa_bridge.model.errors import ScrapeError
from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape import scrape_errors
from fructosa_bridge.scrape.client import Client, Page
from fructosa_bridge.scrape.credentials import Credentials
from fructosa_bridge.scrape.dns_cache import DNSCache
from fructosa_bridge.scrape.response_body import ResponseBody, unexpected_content
from fructosa_bridge.scrape.scraper import Scraper
from fructosa_bridge.scrape.target_state import TargetState
from fructosa_service import __version__
from fructosa_service.web.tls import TLSFiles
from tests.bridge.node import (
    GOOD,
    Node,
    answer,
    for_ever,
    then_close,
    then_hang,
    then_reset,
)
from tests.certificates import Authority, encrypted_copy

MIB = 2**20
CHUNKED = answer(b"", content_length="", transfer_encoding="chunked")
PIECE = b"10000\r\n" + b"#" * 0xFFFF + b"\n\r\n"
# 64 KiB that unpack to 64 MiB.
BOMB = gzip.compress(bytes(64 * MIB))
HTML = b"<!DOCTYPE html>\n<html><body>It works!</body></html>"
PATHS = "; check port, and path = /metrics"
RESET = "the connection was lost before a response: Connection reset by peer"
TLS_OR_LOG = "; see its log, or does it need tls = yes?"
REDIRECTED = "redirects are not followed: set hosts, port, path and tls accordingly"
TOO_LONG = "the page is longer than 1048576 bytes; if that is expected, raise page limit"


@pytest.fixture
async def node():
    """A node that answers well, until it is told to answer otherwise."""
    one = Node()
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def client():
    """A client that is closed behind the test."""
    async with Client() as one:
        yield one


def target(port, **settings):
    """Return a target on loopback."""
    settings = {"host": "127.0.0.1", "timeout_s": 20.0, "page_limit": MIB, **settings}
    return Target(group="all", port=port, graphite_path="n", **settings)


async def error_of(client, one):
    """Fetch a page that can't be had; return what is said of it: one line."""
    with pytest.raises(ScrapeError) as caught:
        await client.fetch(one)
    message = str(caught.value)
    assert message.isprintable()
    assert not [word for word in ("None", "0x", "message=", "object at") if word in message]
    return message


async def test_a_page_is_asked_for_as_exporters_expect(node, client):
    """Both formats, text first; not packed; how long the scrape may take; and who asks."""
    page = await client.fetch(target(node.port, sensors=("A", "B"), timeout_s=4.5))

    assert Page(GOOD.decode(), is_openmetrics=False) == page
    assert node.requests[0].startswith("GET /metrics?collect[]=A&collect[]=B HTTP/1.1\r\n")
    assert "identity" == node.header("Accept-Encoding")
    assert "4.5" == node.header("X-Prometheus-Scrape-Timeout-Seconds")
    assert f"lmaster/{__version__}" == node.header("User-Agent")
    assert (
        "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1"
        == node.header("Accept")
    )
    assert node.header("Authorization") is None


async def test_one_connection_serves_all_scrapes_of_a_target(node, client):
    """Until the node closes it; then there is a new one, and no error."""
    one = target(node.port)
    await client.fetch(one)
    await client.fetch(one)
    before = node.connections
    node.says = then_close(answer(connection="close"))
    await client.fetch(one)

    await client.fetch(one)

    assert (1, 2) == (before, node.connections)


def in_turn(*answers):
    """Say one of *answers* after the other; the last again and again."""
    left = list(answers)

    async def say(reader, writer):
        says = left.pop(0) if len(left) > 1 else left[0]
        if callable(says):
            await says(reader, writer)
        else:
            writer.write(says)

    return say


@pytest.mark.parametrize(
    "stale",
    [
        then_close(b""),
        then_reset(),
        then_close(answer(b"", "408 Request Timeout", connection="close")),
        answer(b"", "408 Request Timeout"),
    ],
)
async def test_a_kept_connection_that_ends_when_it_is_asked_costs_no_scrape(node, client, stale):
    """The node may close it at that very moment; a new one is asked, without a word."""
    one = target(node.port)
    await client.fetch(one)
    node.says = in_turn(stale, answer(b"again 1\n"))

    page = await client.fetch(one)

    assert ("again 1\n", 2, 3) == (page.text, node.connections, len(node.requests))


@pytest.mark.parametrize("broken", [then_close(b""), answer(b"", "408 Request Timeout")])
async def test_a_node_that_ends_every_connection_is_asked_again_once(node, client, broken):
    """A new connection that brings nothing is an error, not a reason to try for ever."""
    one = target(node.port)
    await client.fetch(one)
    node.says = broken

    message = await error_of(client, one)

    assert message.startswith(("the node closed", "the response is 408 Request Timeout"))
    assert (2, 3) == (node.connections, len(node.requests))


async def test_half_an_answer_on_a_kept_connection_is_an_error(node, client):
    """Something had come: the node was not about to close a connection at rest."""
    one = target(node.port)
    await client.fetch(one)
    node.says = in_turn(then_close(b"HTTP/1.1 200 OK\r\n"), answer())

    message = await error_of(client, one)

    assert message.startswith("the node closed the connection without a response")
    assert 2 == len(node.requests)


async def test_what_follows_an_answer_is_never_taken_for_the_next_one(node, client):
    """Be it a whole answer."""
    one = target(node.port)
    node.says = answer() + answer(b"wrong 1\n")

    pages = [(await client.fetch(one)).text for _ in range(3)]

    assert [GOOD.decode()] * 3 == pages
    assert 3 == node.connections


async def test_a_fetch_that_is_cancelled_leaves_no_connection(node, client):
    """While it waits for an answer; the next one goes well."""
    one = target(node.port)
    node.says = then_hang()
    fetching = asyncio.create_task(client.fetch(one))
    async with asyncio.timeout(20):
        while not node.requests:
            await asyncio.sleep(0.001)

    fetching.cancel()

    with pytest.raises(asyncio.CancelledError):
        await fetching
    await asyncio.wait_for(node.gone.wait(), 20)
    node.says = answer()
    assert GOOD.decode() == (await client.fetch(one)).text


async def test_a_target_that_is_forgotten_has_no_connection_any_more(node, client):
    """The node need not hold it until it is tired of it."""
    one = target(node.port)
    await client.fetch(one)

    client.forget(one)

    await asyncio.wait_for(node.gone.wait(), 20)


async def test_a_connection_that_would_rest_for_long_is_closed_at_once(node, client):
    """Most servers would close it before the next scrape."""
    await client.fetch(target(node.port, interval_s=300))

    await asyncio.wait_for(node.gone.wait(), 20)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", True),
        ("Application/OpenMetrics-Text", True),
        ("text/plain; version=0.0.4", False),
        ("application/octet-stream", False),
        ("", False),
    ],
)
async def test_the_page_says_whether_it_is_openmetrics(node, client, kind, expected):
    """By its Content-Type, in any case of letters; without one it's text."""
    node.says = answer(kind=kind)

    page = await client.fetch(target(node.port))

    assert expected == page.is_openmetrics


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(GOOD),
        gzip.compress(GOOD[:9]) + gzip.compress(GOOD[9:]),
    ],
)
async def test_a_packed_page_is_unpacked(node, client, content):
    """Be it in one part of gzip or several."""
    node.says = answer(content, content_encoding="gzip")

    page = await client.fetch(target(node.port))

    assert GOOD.decode() == page.text


async def test_who_rather_packs_than_sends_may_say_so(node, client):
    """With compression = yes, where the network is slow."""
    await client.fetch(target(node.port, access=Access(compression=True)))

    assert "gzip" == node.header("Accept-Encoding")


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("/federate?match[]=up", "/federate?match[]=up&collect[]=A"),
        ("/a%20b", "/a%20b?collect[]=A"),
    ],
)
async def test_a_page_may_be_elsewhere(node, client, page, line):
    """With a query of its own, and as it is written."""
    await client.fetch(target(node.port, path=page, sensors=("A",)))

    assert node.requests[0].startswith(f"GET {line} HTTP/1.1\r\n")


FAULTS = [
    (
        "closed at once",
        then_close(b""),
        f"the node closed the connection without a response{TLS_OR_LOG}",
    ),
    ("reset at once", then_reset(), f"{RESET}{TLS_OR_LOG}"),
    ("half of the header", then_close(b"HTTP/1.1 200 OK\r\nCont"), "the node closed"),
    (
        "half a page",
        then_close(answer(content_length=1000)),
        "the page is incomplete: the connection was closed after 27 bytes",
    ),
    ("a page reset", then_reset(answer(content_length=1000)), "the page is incomplete: "),
    ("half in chunks", then_close(CHUNKED + b"5\r\nup 1\n"), "the page is incomplete: "),
    (
        "half of the gzip",
        answer(gzip.compress(GOOD)[:-12], content_encoding="gzip"),
        "the page is incomplete: ",
    ),
    (
        "gzip that is none",
        answer(content_encoding="gzip"),
        "the page is not valid gzip after 0 bytes",
    ),
    (
        "gzip that nobody tells",
        answer(gzip.compress(GOOD)),
        "the page is gzip, but has no Content-Encoding",
    ),
    (
        "another packing",
        answer(content_encoding="br"),
        "the page has the unexpected encoding 'br'",
    ),
    ("a wrong chunk", answer(b"zz\r\n", content_length="", transfer_encoding="chunked"), "the "),
    ("an endless page", for_ever(CHUNKED, PIECE), TOO_LONG),
    ("a gigabyte", for_ever(answer(b"", content_length=2**30), b"#" * 2**16), TOO_LONG),
    ("a gigabyte announced", then_hang(answer(b"", content_length=2**30)), TOO_LONG),
    (
        "an excerpt that is packed",
        answer(b"x", "500 x", content_encoding="br"),
        "the response is 500 Internal Server Error",
    ),
    ("a bomb of gzip", answer(BOMB, content_encoding="gzip"), TOO_LONG),
    (
        "a thousand parts of gzip",
        answer(gzip.compress(b"") * 1000, content_encoding="gzip"),
        "the page has more than 100 gzip members",
    ),
    (
        "HTML",
        answer(HTML, kind="text/html"),
        f"the response is a web page (HTML), not metrics{PATHS}",
    ),
    ("HTML as text", answer(HTML), f"the response is a web page (HTML), not metrics{PATHS}"),
    ("JSON", answer(b"{}", kind="application/json"), f"the response is JSON, not metrics{PATHS}"),
    ("JSON as text", answer(b'\n{ "a": 1}'), f"the response is JSON, not metrics{PATHS}"),
    (
        "protobuf",
        answer(b"\x01", kind="application/vnd.google.protobuf; encoding=delimited"),
        "the response is in Prometheus's protobuf format",
    ),
    (
        "moved",
        answer(b"", "302 Found", location="https://n1/other"),
        f"the response is 302 Found to https://n1/other; {REDIRECTED}",
    ),
    (
        "moved for ever",
        answer(b"", "308 Gone", location="/x y"),
        "the response is 308 Permanent Redirect to /x y; ",
    ),
    (
        "moved nowhere",
        answer(b"", "301 x"),
        "the response is 301 Moved Permanently; redirects are not",
    ),
    (
        "unknown user",
        answer(b"", "401 Unauthorized"),
        "the response is 401 Unauthorized; set user and password file, or token file",
    ),
    (
        "forbidden",
        answer(b"not for you\n", "403 Forbidden"),
        "the response is 403 Forbidden: not for you; allow lmaster's address or user there",
    ),
    (
        "not found",
        answer(HTML, "404 Not Found", kind="text/html"),
        "the response is 404 Not Found; check path = /metrics",
    ),
    (
        "broken",
        answer(b"a\r\nb\x1b\n", "500 x"),
        r"the response is 500 Internal Server Error: 'a b\x1b'",
    ),
    ("busy", answer(b"", "503 Service Unavailable"), "the response is 503 Service Unavailable"),
    ("no such status", answer(b"", "299 \x1b[31m"), "the response is 299"),
    ("nothing", answer(b"", "204 No Content", content_length=""), "the response is 204 No Content"),
    (
        "an excerpt that breaks off",
        then_close(answer(b"what", "500 x", content_length=99)),
        "the response is 500 Internal Server Error",
    ),
    ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n", "the response is not valid HTTP; is this the right"),
    ("zeros", bytes(1000), "the response is not valid HTTP; is this the right port?"),
    (
        "a TLS alert",
        b"\x15\x03\x01\0\x02\x02\x46",
        "the node speaks TLS on this port; set tls = yes",
    ),
    (
        "long headers",
        for_ever(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 2**14),
        "the response has too long headers",
    ),
    ("two lengths", answer(content_Length=7), "the response is not valid HTTP; is this the"),
]


@pytest.mark.parametrize(
    ("says", "expected"), [pytest.param(says, said, id=what) for what, says, said in FAULTS]
)
async def test_a_fault_of_a_node_is_told_in_one_line(node, client, says, expected):
    """What it is, and what to do; the next scrape of a mended node goes well."""
    node.says = says

    message = await error_of(client, target(node.port))
    node.says = answer()
    mended = await client.fetch(target(node.port))

    assert message.startswith(expected)
    assert GOOD.decode() == mended.text


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        (
            then_hang(),
            "no response within the timeout of 0.2 s: the node accepted the connection only; "
            "is it overloaded?",
        ),
        (then_hang(b"HTTP/1.1 200 OK\r\n"), "no response within the timeout of 0.2 s: "),
        (
            then_hang(answer(content_length=1000)),
            "the page is incomplete within the timeout of 0.2 s: 27 bytes; "
            "ask for fewer sensors, or raise timeout",
        ),
        (
            then_hang(answer(b"wait", "500 x", content_length=1000)),
            "the response is 500 Internal Server Error",
        ),
    ],
)
async def test_a_node_that_hangs_is_left_in_time(node, client, says, expected):
    """Its connection is closed; what had come is told."""
    node.says = says

    message = await error_of(client, target(node.port, timeout_s=0.2))

    assert message.startswith(expected)
    await asyncio.wait_for(node.gone.wait(), 20)


async def test_a_page_that_is_refused_is_not_read_to_its_end(node, client):
    """The connection is closed instead, so that the node stops too."""
    node.says = for_ever(answer(b"", content_length=2**40), b"#" * 2**16)

    await error_of(client, target(node.port))

    await asyncio.wait_for(node.gone.wait(), 20)


async def test_a_node_that_is_not_there_says_why(client, unused_tcp_port):
    """Nobody listens on the port; nobody has the name."""
    refused = await error_of(client, target(unused_tcp_port))
    unknown = await error_of(client, target(1, host="no-such-host.invalid"))

    assert "cannot connect: Connection refused" == refused
    assert unknown.startswith(("unknown host no-such-host.invalid: ", "cannot resolve the name"))


async def test_a_node_that_is_off_is_told_from_a_slow_one(client):
    """A queue of connections that nobody accepts, and that is full, drops what comes."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())

        message = await error_of(client, target(deaf.getsockname()[1], connect_timeout_s=0.2))

        for one in waiting:
            one.close()

    assert (
        "cannot connect within 0.2 s: no response; is the node up, "
        "does a firewall drop packets?" == message
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
            "cannot resolve the name n1: no name server responds; check the DNS",
        ),
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "unknown host n1: Name or service not known; check hosts, or the DNS",
        ),
        (
            OSError(errno.EMFILE, "Too many open files"),
            "cannot connect: lmaster has too many open files; raise the limit (ulimit -n)",
        ),
        (OSError(errno.EHOSTUNREACH, "x"), "cannot connect: No route to host"),
        (OSError(None, None), "cannot connect: unknown reason"),
        (OSError(), "cannot connect: unknown reason"),
        (ssl.SSLError(1, "x"), "TLS failed (unknown reason); see the log of the node"),
        (
            ssl.SSLCertVerificationError(1, "x"),
            "the node's certificate is not trusted: unknown reason; renew it on the node",
        ),
    ],
)
def test_what_the_system_says_becomes_a_line(error, expected):
    """Also what a test can't bring about."""
    assert expected == scrape_errors.connect_failed(error, target(1, host="n1"))


async def test_names_are_known_while_no_name_server_answers():
    """What was found last is used; a name that is no more is an error, as one never known."""
    answers = [
        [
            (socket.AF_INET, 1, 6, "", ("10.0.0.1", 1)),
            (socket.AF_INET6, 1, 6, "", ("fe80::1", 1, 0, 2)),
        ],
        socket.gaierror(socket.EAI_AGAIN, "no answer"),
        socket.gaierror(socket.EAI_NONAME, "no such name"),
        socket.gaierror(socket.EAI_AGAIN, "no answer"),
    ]

    def look_up(*asked):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    now_s = [0.0]
    names = DNSCache(look_up, lambda: now_s[0])
    first = [await names.resolve("n1", 1) for _ in range(2)]
    now_s[0] = 61.0
    second = await names.resolve("n1", 1)
    with pytest.raises(socket.gaierror, match="no such name"):
        await names.resolve("n1", 1)
    with pytest.raises(socket.gaierror, match="no answer"):
        await names.resolve("n2", 1)
    names.close()

    assert [("10.0.0.1", 1), ("fe80::1", 1, 0, 2)] == [one[4] for one in second]
    assert [second, second] == first


async def test_a_node_is_found_by_its_name(node, client):
    """As the system knows it."""
    page = await client.fetch(target(node.port, host="localhost"))

    assert GOOD.decode() == page.text


async def test_openmetrics_is_translated_as_such(node, client):
    """A page without its end is half a page there, and none in the older format."""
    states = []
    scraper = Scraper(client, lambda batches: None, sample_limit=10)
    for body, kind in (
        (GOOD + b"# EOF\n", "application/openmetrics-text"),
        (GOOD, "application/openmetrics-text"),
        (GOOD, "text/plain"),
    ):
        node.says = answer(body, kind=kind)
        states.append(TargetState(target(node.port)))
        await scraper.scrape(states[-1], 1000)
    scraper.flush()

    assert [True, False, True] == [state.up for state in states]


# Who asks.


def with_user(folder):
    """Return the access of a user."""
    file = folder / "password"
    file.write_text("open sesame\n")
    return Access(user="lmaster", password_file=file)


def with_token(folder, token="abc.DEF-123\n"):  # noqa: S107 - nobody's
    """Return the access of who has a token."""
    file = folder / "token"
    file.write_text(token)
    return Access(token_file=file)


@pytest.mark.parametrize(
    ("make", "header"),
    [(with_user, "Basic bG1hc3RlcjpvcGVuIHNlc2FtZQ=="), (with_token, "Bearer abc.DEF-123")],
)
async def test_who_lmaster_is_stands_in_the_request(node, client, tmp_path, make, header):
    """A user with a password, or a token."""
    await client.fetch(target(node.port, access=make(tmp_path)))

    assert header == node.header("Authorization")


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (with_user, "the node does not accept user and the password in password file"),
        (with_token, "the node does not accept the token in token file"),
    ],
)
async def test_a_refused_user_is_told_which_file_is_wrong(node, client, tmp_path, make, what):
    """What is in the file is not told."""
    node.says = answer(b"", "401 Unauthorized")

    message = await error_of(client, target(node.port, access=make(tmp_path)))

    assert f"the response is 401 Unauthorized; {what}" == message


def missing(path):
    """Make nothing at *path*."""


def forbidden(path):
    """Make a file at *path* that can't be read."""
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path.touch(mode=0)


CHECK = "check the path and its permissions"
FILES = [
    (missing, f"can't be read: No such file or directory; {CHECK}"),
    (os.mkdir, "is no file; give the path of one"),
    (os.mkfifo, "is no file; give the path of one"),
    (forbidden, f"can't be read: Permission denied; {CHECK}"),
    (lambda path: path.write_bytes(b"\n"), "is empty; write the secret into it"),
    (lambda path: path.write_bytes(b"a\nb\n"), "has several lines; write the secret into one"),
    (lambda path: path.write_bytes(b"a" * 2**21), "has more than 1048576 bytes; check the path"),
]


@pytest.mark.parametrize(("make", "message"), FILES)
@pytest.mark.parametrize("key", ["password file", "token file"])
async def test_a_file_that_is_wrong_is_an_error_of_the_targets(
    node, client, tmp_path, key, make, message
):
    """Nothing is sent; and once it's right, no restart is needed."""
    path = tmp_path / "secret"
    make(path)
    access = Access(token_file=path) if "token" in key else Access(user="u", password_file=path)

    said = await error_of(client, target(node.port, access=access))

    assert f"[nodes:all] {key} {path}: {message}" == said
    assert [] == node.requests


async def test_a_file_that_comes_late_is_read(node, client, tmp_path):
    """At the next scrape."""
    one = target(node.port, access=Access(token_file=tmp_path / "token"))
    await error_of(client, one)
    with_token(tmp_path)

    await client.fetch(one)

    assert "Bearer abc.DEF-123" == node.header("Authorization")


class Clock:
    """A clock that a test sets."""

    now_s = 0.0

    def __call__(self):
        return self.now_s


def test_a_file_is_read_again_when_it_changes(tmp_path, caplog):
    """And what was read goes on to be used when the file is broken."""
    clock = Clock()
    access = with_token(tmp_path)
    credentials = Credentials("all", access, clock)
    said = [credentials.authorization()]

    for content in ("new", "no token\n"):
        access.token_file.write_text(content)
        clock.now_s += 60
        said.append(credentials.authorization())

    assert ["Bearer abc.DEF-123", "Bearer new", "Bearer new"] == said
    assert "holds no token; write one word, in ASCII; what was read before goes on" in caplog.text


def test_another_authority_is_trusted_when_its_file_changes(tmp_path):
    """A context made anew, so that new connections are new in its sense too."""
    clock = Clock()
    one, other = Authority(tmp_path), Authority(tmp_path, "other")
    credentials = Credentials("all", Access(tls=True, ca=one.certificate), clock)
    before = credentials.context()

    same = credentials.context()
    one.certificate.write_bytes(other.certificate.read_bytes())
    clock.now_s += 60
    after = credentials.context()

    assert before is same
    assert before is not after
    assert before.get_ca_certs() != after.get_ca_certs()


@pytest.mark.parametrize("token", ["two words", "smörgås", "tab\there", "x" * 9000, "\x1b"])
async def test_what_is_no_token_is_not_sent(node, client, tmp_path, token):
    """It would end the header, or be refused there."""
    said = await error_of(client, target(node.port, access=with_token(tmp_path, token)))

    assert said.endswith("token: holds no token; write one word, in ASCII")


# TLS.


@pytest.fixture
def authority(tmp_path):
    """An authority that the tests trust."""
    return Authority(tmp_path)


@pytest.fixture
async def secure(authority):
    """A function that starts a node that speaks TLS, with a certificate."""
    nodes = []

    async def start(pair=None, client_ca=None):
        pair = pair or authority.server()
        files = TLSFiles(certificate=pair.certificate, key=pair.key, client_ca=client_ca)
        node = Node()
        await node.start(files.context())
        nodes.append(node)
        return node

    yield start
    for node in nodes:
        await node.stop()


def trusting(authority, **more):
    """Return the access of who trusts an authority."""
    return Access(tls=True, ca=authority.certificate, **more)


async def test_a_page_comes_by_tls(secure, client, authority):
    """When the node's certificate is signed by the authority that is trusted."""
    node = await secure()

    page = await client.fetch(target(node.port, access=trusting(authority)))

    assert GOOD.decode() == page.text


async def test_a_certificate_may_have_one_name_for_all_nodes(secure, client, authority):
    """With tls server name."""
    pair = authority._write("nodes", authority._made.issue_cert("nodes.cluster"))
    node = await secure(pair)

    refused = await error_of(client, target(node.port, access=trusting(authority)))
    page = await client.fetch(
        target(node.port, access=trusting(authority, server_name="nodes.cluster"))
    )

    assert (
        "the node's certificate is not trusted: it is not valid for 127.0.0.1; "
        "set tls server name to a name in the certificate" == refused
    )
    assert GOOD.decode() == page.text


async def test_a_node_may_want_a_certificate(secure, client, authority):
    """And says so to who has none."""
    node = await secure(client_ca=authority.certificate)
    own = authority.client()

    refused = await error_of(client, target(node.port, access=trusting(authority)))
    page = await client.fetch(
        target(node.port, access=trusting(authority, certificate=own.certificate, key=own.key))
    )

    assert refused == (
        "the node closed the connection without a response; see its log, "
        "or does it need tls certificate and tls key?"
    )
    assert GOOD.decode() == page.text


async def test_what_a_node_says_of_a_missing_certificate_is_told(client, authority):
    """Most servers say in TLS that they want one; asyncio's closes without a word."""
    pair = authority.server()
    files = TLSFiles(certificate=pair.certificate, key=pair.key, client_ca=authority.certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        saying = asyncio.create_task(asyncio.to_thread(refuse, listening, files.context()))

        message = await error_of(
            client, target(listening.getsockname()[1], access=trusting(authority))
        )

        listening.shutdown(socket.SHUT_RDWR)
        await saying
    assert (
        "the node refused the TLS handshake (tlsv13 alert certificate required); "
        "set tls certificate and tls key" == message
    )


def refuse(listening, context):
    """Refuse who has no certificate, and read until he has gone: a reset would hide why."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:  # shut down
            return
        tls = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with contextlib.suppress(OSError):
            tls.do_handshake()
        with socket.socket(fileno=tls.detach()) as plain, contextlib.suppress(OSError):
            while plain.recv(1000):
                pass


async def test_a_wrong_certificate_is_told_by_what_is_wrong(secure, client, authority, tmp_path):
    """It has expired, or nobody knows who has signed it."""
    node, old = await secure(), await secure(authority.expired())
    stranger = Authority(tmp_path, "stranger")

    expired = await error_of(client, target(old.port, access=trusting(authority)))
    unknown = await error_of(client, target(node.port, access=trusting(stranger)))
    system = await error_of(client, target(node.port, access=Access(tls=True)))

    not_trusted = "the node's certificate is not trusted: "
    no_authority = "it is signed by an unknown authority; set tls ca to a file with that authority"
    assert f"{not_trusted}it has expired; renew it on the node" == expired
    assert f"{not_trusted}{no_authority}" == unknown == system


async def test_tls_and_plain_http_are_told_apart(secure, client, authority):
    """TLS on a plain port, whose server calls it a bad request, and the other way round."""
    encrypted = await secure()
    plain = await asyncio.start_server(bad_request, "127.0.0.1", 0)
    port = plain.sockets[0].getsockname()[1]

    want_tls = await error_of(client, target(encrypted.port))
    want_none = await error_of(client, target(port, access=trusting(authority)))

    plain.close()
    await plain.wait_closed()
    assert want_tls.endswith("tls = yes?")
    assert "the node does not speak TLS on this port; check port, or set tls = no" == want_none


async def bad_request(reader, writer):
    """Answer whatever comes as a server does that understands nothing of it."""
    await reader.read(1)
    writer.write(answer(b"", "400 Bad Request"))
    writer.close()


def no_pem(path):
    """Write something else."""
    path.write_text("hello\n")


def half_pem(path):
    """Write a file that was cut."""
    path.write_text("-----BEGIN CERTIFICATE-----\nx")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (missing, f"can't be read: No such file or directory; {CHECK}"),
        (no_pem, "holds no certificate; give a PEM file that does"),
        (half_pem, "can't be used; give a whole PEM file"),
    ],
)
async def test_an_authority_that_can_not_be_read_is_told(node, client, tmp_path, make, message):
    """With its section, key and file."""
    path = tmp_path / "own.pem"
    make(path)

    said = await error_of(client, target(node.port, access=Access(tls=True, ca=path)))

    assert f"[nodes:all] tls ca {path}: {message}" == said


async def test_a_key_that_can_not_be_used_is_told(client, authority):
    """It has a password, or belongs to another certificate."""
    own, other = authority.client(), authority.client("other")
    access = trusting(authority, certificate=own.certificate, key=encrypted_copy(own.key))
    stolen = trusting(authority, certificate=own.certificate, key=other.key)

    asked = await error_of(client, target(1, access=access))
    async with Client() as fresh:
        wrong = await error_of(fresh, target(1, access=stolen))

    assert asked.endswith("has a password; write it without one, readable to lmaster alone")
    assert wrong.endswith(": does not belong to tls key; give two that match")


# What parses.


@given(st.text() | st.from_regex(r"/[ -~]*", fullmatch=True))
def test_any_text_is_the_path_of_a_page_or_refused(text):
    """What is one can stand in a request line."""
    try:
        found = PAGE.parse(text)
    except ValueError:
        return
    assert found.startswith("/")
    assert found.isascii()
    assert not set(found) & set(" \r\n\t\0#\x7f")


@given(st.text())
def test_any_text_is_a_user_or_refused(text):
    """A colon would begin the password."""
    try:
        found = USER.parse(text)
    except ValueError:
        return
    assert ":" not in found
    assert found.isprintable()


@given(st.lists(st.binary(max_size=200)), st.booleans(), st.integers(1, 50))
def test_a_body_is_what_was_sent_however_it_is_cut(parts, is_packed, step):
    """Into chunks of any size, packed or not."""
    sent = b"".join(parts)
    wire = gzip.compress(sent) if is_packed else sent
    body = ResponseBody("gzip" if is_packed else "", MIB)

    for start in range(0, len(wire), step):
        body.add(wire[start : start + step])

    assert sent == body.complete()


@given(st.binary())
def test_any_bytes_are_gzip_or_refused(content):
    """Nothing but ScrapeError comes out of them."""
    body = ResponseBody("gzip", 1000)
    try:
        body.add(content)
        body.complete()
    except ScrapeError:
        return
    assert body.size <= 1000


def test_a_bomb_is_left_before_it_fills_the_memory():
    """One chunk that would unpack to 64 MiB gives a piece more than is allowed."""
    body = ResponseBody("gzip", MIB)

    with pytest.raises(ScrapeError, match="longer than 1048576 bytes"):
        body.add(BOMB)

    assert MIB < body.size <= MIB + 2**18


VALUES = st.none() | st.integers() | st.text()


# Names that the first 500 bytes have room for: longer ones are cut where they are looked at.
NAMES = st.text(max_size=20)


@given(st.lists(VALUES) | st.dictionaries(NAMES, VALUES), st.sampled_from([None, 2]))
def test_json_is_known_by_how_it_begins(value, indent):
    """Lists and objects, printed close or wide."""
    page = json.dumps(value, indent=indent).encode()

    assert unexpected_content(page[:500]) == "the response is JSON, not metrics"


@pytest.mark.parametrize(
    "page", [b"", b"# <html>\n", b'{"a.b",c="d"} 1\n', b"up 1\n", b"\n\nup 1\n"]
)
def test_what_may_be_metrics_is_left_to_the_parser(page):
    """Also names in quotes, which stand in braces."""
    assert unexpected_content(page) is None


def test_deflate_is_not_gzip():
    """Nobody asked for it, and there are two kinds of it."""
    with pytest.raises(ScrapeError, match="unexpected encoding 'deflate'"):
        ResponseBody("deflate", MIB).add(zlib.compress(GOOD))
