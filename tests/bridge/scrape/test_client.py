"""The HTTP client, over real HTTP and TLS: requests, kept connections, and errors."""

import asyncio
import contextlib
import gzip
import socket
import threading

import pytest

from fructosa_bridge.model.access import Access
from fructosa_bridge.model.errors import ScrapeError
from fructosa_bridge.nodes.dns_cache import NO_NAME_SERVER, DNSCache
from fructosa_bridge.scrape import scrape_errors
from fructosa_bridge.scrape.client import Client, Page
from fructosa_bridge.scrape.response import MISNAMED_PAGE, PAGE_CUT, WRONG_PAGE
from fructosa_bridge.scrape.response_body import IS_HTML, PAGE_TOO_LONG, UNEXPECTED_ENCODING
from fructosa_service import __version__
from fructosa_service.web.tls import TLSFiles
from tests.certificates import Authority

from ..fast_clock import fast_clock
from ..node import (
    GOOD_PAGE,
    Node,
    http_response,
    send_and_close,
    send_and_hang,
    send_and_reset,
    send_forever,
)
from .targets import new_target

CLOSED = scrape_errors.CLOSED_AT_ONCE + scrape_errors.PERHAPS_TLS
CHUNKED = http_response(b"", content_length="", transfer_encoding="chunked")
TOO_LONG = PAGE_TOO_LONG.format(limit=2**20)
HTML_PAGE = WRONG_PAGE.format(problem=IS_HTML, path="/metrics")
CHUNK = b"10000\r\n" + b"#" * 0xFFFF + b"\n\r\n"


@pytest.fixture
async def node():
    """A node that serves a good page unless the test changes its reply."""
    running = Node()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def client():
    """A client that is closed after the test."""
    async with Client() as opened:
        yield opened


def error_status(status):
    """Return the error of a response with another status."""
    return scrape_errors.ERROR_STATUS.format(status=status)


def not_trusted(problem):
    """Return the error of a certificate with a problem."""
    return scrape_errors.NOT_TRUSTED.format(problem=problem)


async def error_of(client, target):
    """Fetch a page that cannot be fetched; return the error, which is one readable line."""
    with pytest.raises(ScrapeError) as caught:
        await client.fetch(target)
    message = str(caught.value)
    assert message.isprintable()
    assert not [word for word in ("None", "0x", "message=", "object at") if word in message]
    return message


async def test_the_request_has_the_headers_that_exporters_expect(node, client):
    """The text format alone; no compression; the timeout; the client's name."""
    page = await client.fetch(new_target(node.port, sensors=("A", "B"), timeout_s=4.5))

    assert Page(GOOD_PAGE.decode(), is_openmetrics=False) == page
    assert node.requests[0].startswith("GET /metrics?collect[]=A&collect[]=B HTTP/1.1\r\n")
    assert "identity" == node.header("Accept-Encoding")
    assert "4.5" == node.header("X-Prometheus-Scrape-Timeout-Seconds")
    assert f"lmaster/{__version__}" == node.header("User-Agent")
    assert "text/plain;version=0.0.4,*/*;q=0.1" == node.header("Accept")
    assert node.header("Authorization") is None


async def test_one_connection_is_used_for_all_scrapes_of_a_target(node, client):
    """When the node has closed it, there is a new one, and no error."""
    target = new_target(node.port)
    await client.fetch(target)
    await client.fetch(target)
    before = node.connections
    node.reply = send_and_close(http_response(connection="close"))
    await client.fetch(target)

    await client.fetch(target)

    assert (1, 2) == (before, node.connections)


def in_turn(*replies):
    """Return a reply that sends *replies* one after the other, the last one again and again."""
    left = list(replies)

    async def reply(reader, writer):
        content = left.pop(0) if len(left) > 1 else left[0]
        if callable(content):
            await content(reader, writer)
        else:
            writer.write(content)

    return reply


@pytest.mark.parametrize(
    "stale",
    [
        send_and_close(b""),
        send_and_reset(),
        send_and_close(http_response(b"", "408 Request Timeout", connection="close")),
        http_response(b"", "408 Request Timeout"),
    ],
)
async def test_a_kept_connection_that_is_closed_at_the_next_request_is_replaced(
    node, client, stale
):
    """A node may close an idle connection at any time; the request is repeated on a new one."""
    target = new_target(node.port)
    await client.fetch(target)
    node.reply = in_turn(stale, http_response(b"again 1\n"))

    page = await client.fetch(target)

    assert ("again 1\n", 2, 3) == (page.text, node.connections, len(node.requests))


@pytest.mark.parametrize("reply", [send_and_close(b""), http_response(b"", "408 Request Timeout")])
async def test_a_request_is_repeated_only_once(node, client, reply):
    """An error of a new connection is the error of the scrape."""
    target = new_target(node.port)
    await client.fetch(target)
    node.reply = reply

    message = await error_of(client, target)

    assert message.startswith((scrape_errors.CLOSED_AT_ONCE, error_status("408 Request Timeout")))
    assert (2, 3) == (node.connections, len(node.requests))


async def test_a_partial_response_on_a_kept_connection_is_an_error(node, client):
    """The node did not just close an idle connection."""
    target = new_target(node.port)
    await client.fetch(target)
    node.reply = in_turn(send_and_close(b"HTTP/1.1 200 OK\r\n"), http_response())

    message = await error_of(client, target)

    assert message == CLOSED
    assert 2 == len(node.requests)


async def test_bytes_after_a_response_are_not_the_next_response(node, client):
    """Even if they are a whole response."""
    target = new_target(node.port)
    node.reply = http_response() + http_response(b"wrong 1\n")

    pages = [(await client.fetch(target)).text for _ in range(3)]

    assert [GOOD_PAGE.decode()] * 3 == pages
    assert 3 == node.connections


async def test_a_cancelled_fetch_closes_its_connection(node, client):
    """The next fetch succeeds on a new one."""
    target = new_target(node.port)
    node.reply = send_and_hang()
    fetching = asyncio.create_task(client.fetch(target))
    await node.next_request()

    fetching.cancel()

    with pytest.raises(asyncio.CancelledError):
        await fetching
    await node.disconnected()
    node.reply = http_response()
    assert GOOD_PAGE.decode() == (await client.fetch(target)).text


async def test_the_connection_to_a_forgotten_target_is_closed(node, client):
    """The node need not keep it open."""
    target = new_target(node.port)
    await client.fetch(target)

    client.forget(target)

    await node.disconnected()


async def test_with_a_long_interval_the_connection_is_not_kept(node, client):
    """Most servers would close it before the next scrape."""
    await client.fetch(new_target(node.port, interval_s=300))

    await node.disconnected()


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", True),
        ("Application/OpenMetrics-Text", True),
        ("text/plain; version=0.0.4", False),
        ("application/octet-stream", False),
        ("", False),
    ],
)
async def test_the_content_type_says_whether_a_page_is_openmetrics(
    node, client, content_type, expected
):
    """It is case-insensitive; without one the page is text."""
    node.reply = http_response(content_type=content_type)

    page = await client.fetch(new_target(node.port))

    assert expected == page.is_openmetrics


async def test_openmetrics_can_be_requested(node, client):
    """With format = openmetrics, for exporters that have no text format."""
    await client.fetch(new_target(node.port, format="openmetrics"))

    assert (
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        == node.header("Accept")
    )


async def test_a_page_with_a_wrong_content_type_is_read_with_a_warning(node, client):
    """The frameworks of many exporters call everything HTML."""
    node.reply = http_response(content_type="text/html; charset=utf-8")

    page = await client.fetch(new_target(node.port))

    assert (GOOD_PAGE.decode(), MISNAMED_PAGE.format(media="text/html")) == (
        page.text,
        page.warning,
    )


async def test_a_page_may_be_compressed(node, client):
    """Even if that was not requested."""
    node.reply = http_response(gzip.compress(GOOD_PAGE), content_encoding="gzip")

    page = await client.fetch(new_target(node.port))

    assert GOOD_PAGE.decode() == page.text


async def test_invalid_utf_8_is_kept_as_surrogates(node, client):
    """An old encoding in one label does not refuse the page."""
    node.reply = http_response(b'name{v="\xfc"} 1\n')

    page = await client.fetch(new_target(node.port))

    assert 'name{v="\udcfc"} 1\n' == page.text


async def test_compression_can_be_requested(node, client):
    """With compression = yes, for slow networks."""
    await client.fetch(new_target(node.port, access=Access(compression=True)))

    assert "gzip" == node.header("Accept-Encoding")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/federate?match[]=up", "/federate?match[]=up&collect[]=A"),
        ("/a%20b", "/a%20b?collect[]=A"),
    ],
)
async def test_the_path_of_a_page_can_be_configured(node, client, path, expected):
    """It may have a query, and is sent as it is written."""
    await client.fetch(new_target(node.port, path=path, sensors=("A",)))

    assert node.requests[0].startswith(f"GET {expected} HTTP/1.1\r\n")


ERRORS = [
    ("closed at once", send_and_close(b""), CLOSED),
    (
        "reset at once",
        send_and_reset(),
        scrape_errors.LOST_AT_ONCE.format(reason="Connection reset by peer"),
    ),
    ("half of the head", send_and_close(b"HTTP/1.1 200 OK\r\nCont"), CLOSED),
    (
        "half of the page",
        send_and_close(http_response(content_length=1000)),
        scrape_errors.CLOSED_EARLY.format(size=27),
    ),
    (
        "reset within the page",
        send_and_reset(http_response(content_length=1000)),
        scrape_errors.CLOSED_EARLY.partition("{")[0],
    ),
    (
        "half of the chunks",
        send_and_close(CHUNKED + b"5\r\nup 1\n"),
        scrape_errors.CLOSED_EARLY.format(size=5),
    ),
    ("an invalid chunk", CHUNKED + b"zz\r\n", scrape_errors.INVALID_HTTP.format(size=0)),
    ("an endless page", send_forever(CHUNKED, CHUNK), TOO_LONG),
    (
        "a gigabyte announced",
        send_and_hang(http_response(b"", content_length=2**30)),
        TOO_LONG,
    ),
    (
        "an unexpected encoding",
        http_response(content_encoding="br"),
        UNEXPECTED_ENCODING.format(coding="br"),
    ),
    (
        "HTML",
        http_response(b"<html>", content_type="text/html"),
        HTML_PAGE,
    ),
    (
        "HTML as text",
        http_response(b"<html>"),
        HTML_PAGE,
    ),
    (
        "a redirect",
        http_response(b"", "302 Found", location="https://n1/other"),
        scrape_errors.REDIRECTED.format(status="302 Found", location="https://n1/other"),
    ),
    (
        "no content",
        http_response(b"", "204 x", content_length=""),
        error_status("204 No Content"),
    ),
    (
        "an error with a text",
        http_response(b"not for you\n", "403 Forbidden"),
        error_status("403 Forbidden: not for you") + scrape_errors.ALLOW_LMASTER,
    ),
    (
        "an error with a web page",
        http_response(b"<html>", "404 x", content_type="text/html"),
        error_status("404 Not Found") + scrape_errors.CHECK_PATH.format(path="/metrics"),
    ),
    (
        "an error in an unexpected encoding",
        http_response(b"x", "500 x", content_encoding="br"),
        error_status("500 Internal Server Error"),
    ),
    (
        "half of an error",
        send_and_close(http_response(b"what", "500 x", content_length=99)),
        error_status("500 Internal Server Error"),
    ),
    ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n", scrape_errors.NOT_HTTP),
    ("a TLS alert", b"\x15\x03\x01\0\x02\x02\x46", scrape_errors.SPEAKS_TLS),
    (
        "an endless head",
        send_forever(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 2**14),
        scrape_errors.LONG_HEAD,
    ),
    (
        "two lengths",
        http_response(content_Length=7),
        scrape_errors.invalid_head("it has several lengths, 27 and 7"),
    ),
    ("a cut page", send_and_close(http_response(b"a 1\nb 12", content_length="")), PAGE_CUT),
]


@pytest.mark.parametrize(
    ("reply", "expected"), [pytest.param(reply, text, id=name) for name, reply, text in ERRORS]
)
async def test_an_error_of_a_node_is_reported_in_one_line(node, client, reply, expected):
    """The next scrape succeeds if the node is repaired."""
    node.reply = reply

    message = await error_of(client, new_target(node.port))
    node.reply = http_response()
    repaired = await client.fetch(new_target(node.port))

    assert message.startswith(expected)
    assert GOOD_PAGE.decode() == repaired.text


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (send_and_hang(), scrape_errors.TIMED_OUT.format(timeout_s=1)),
        (send_and_hang(b"HTTP/1.1 200 OK\r\n"), scrape_errors.TIMED_OUT.format(timeout_s=1)),
        (
            send_and_hang(http_response(content_length=1000)),
            scrape_errors.PAGE_TIMED_OUT.format(timeout_s=1, size=27),
        ),
        (
            send_and_hang(http_response(b"wait", "500 x", content_length=1000)),
            error_status("500 Internal Server Error"),
        ),
    ],
    ids=["no response", "half of the head", "half of the page", "half of an error"],
)
async def test_a_node_that_hangs_costs_no_more_than_the_timeout(node, reply, expected):
    """The connection is closed; the error has what was received."""
    node.reply = reply

    with fast_clock(asyncio.get_running_loop()):
        async with Client() as client:
            message = await error_of(client, new_target(node.port, timeout_s=1))
        await node.disconnected()

    assert message.startswith(expected)


async def test_a_page_that_is_too_long_is_not_read_to_its_end(node, client):
    """The connection is closed, so that the node stops sending."""
    node.reply = send_forever(http_response(b"", content_length=2**40), b"#" * 2**16)

    await error_of(client, new_target(node.port))

    await node.disconnected()


async def test_a_connection_that_cannot_be_established_is_reported_with_its_reason(
    client, unused_tcp_port
):
    """Nobody listens on the port, or the name is unknown."""
    refused = await error_of(client, new_target(unused_tcp_port))
    unknown = await error_of(client, new_target(1, host="no-such-host.invalid"))

    assert scrape_errors.REFUSED == refused
    assert unknown.startswith(
        tuple(
            text.partition("{reason}")[0].format(host="no-such-host.invalid")
            for text in (scrape_errors.UNKNOWN_HOST, NO_NAME_SERVER)
        )
    )


async def test_a_name_that_is_not_looked_up_in_time_has_another_error():
    """It is not the node that is to blame."""
    end = threading.Event()

    async with Client(DNSCache(lambda *query: end.wait(20))) as client:
        message = await error_of(client, new_target(1, host="n1", connect_timeout_s=0.05))
        end.set()

    assert scrape_errors.NAME_TIMED_OUT.format(host="n1", timeout_s=0.05) == message


async def test_a_node_that_does_not_accept_the_connection_has_another_error(client):
    """A full queue of connections drops packets, as a node that is down does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(listener.getsockname())

        message = await error_of(
            client, new_target(listener.getsockname()[1], connect_timeout_s=0.2)
        )

        for connection in waiting:
            connection.close()

    assert message == scrape_errors.CONNECT_TIMED_OUT.format(timeout_s=0.2, perhaps_tls="")


async def test_a_host_may_be_a_name(node, client):
    """The system resolves it."""
    page = await client.fetch(new_target(node.port, host="localhost"))

    assert GOOD_PAGE.decode() == page.text


async def test_a_host_may_have_another_address(node, client):
    """It is called by its name, which need not be resolved."""
    page = await client.fetch(new_target(node.port, host="n1.invalid", address="127.0.0.1"))

    assert GOOD_PAGE.decode() == page.text
    assert f"n1.invalid:{node.port}" == node.header("Host")


async def test_the_header_host_has_no_zone(node, client):
    """Servers may reject that, and it means nothing to them."""
    await client.fetch(new_target(node.port, host="fe80::1%eth0", address="127.0.0.1"))

    assert f"[fe80::1]:{node.port}" == node.header("Host")


async def test_a_missing_file_is_an_error_until_it_is_there(node, client, tmp_path):
    """Nothing is sent without it; then no restart is needed."""
    path = tmp_path / "token"
    target = new_target(node.port, access=Access(token_file=path))

    message = await error_of(client, target)
    requests = list(node.requests)
    path.write_text("abc.DEF-123\n")
    await client.fetch(target)

    assert message.startswith(f"[nodes:all] token file {path}: ")
    assert [] == requests
    assert "Bearer abc.DEF-123" == node.header("Authorization")


@pytest.fixture
def authority(tmp_path):
    """An authority that the tests trust."""
    return Authority(tmp_path)


@pytest.fixture
async def tls_node(authority):
    """A function that starts a node with TLS; by default the authority signs its certificate."""
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
    """Return an access that trusts an authority."""
    return Access(tls=True, ca=authority.certificate, **more)


async def test_a_page_can_be_fetched_over_tls(tls_node, client, authority):
    """The certificate of the node is signed by an authority that is trusted."""
    node = await tls_node()

    page = await client.fetch(new_target(node.port, access=trusting(authority)))

    assert GOOD_PAGE.decode() == page.text


async def test_all_nodes_may_have_certificates_with_one_name(tls_node, client, authority):
    """It is configured as tls server name."""
    pair = authority._write("nodes", authority._made.issue_cert("nodes.cluster"))
    node = await tls_node(pair)

    refused = await error_of(client, new_target(node.port, access=trusting(authority)))
    page = await client.fetch(
        new_target(node.port, access=trusting(authority, server_name="nodes.cluster"))
    )

    assert not_trusted(scrape_errors.OTHER_NAME.format(name="127.0.0.1")) == refused
    assert GOOD_PAGE.decode() == page.text


async def test_the_certificate_of_a_node_with_another_address_has_its_name(
    tls_node, client, authority
):
    """Not its address."""
    pair = authority._write("named", authority._made.issue_cert("n1.cluster"))
    node = await tls_node(pair)
    target = new_target(
        node.port, access=trusting(authority), host="n1.cluster", address="127.0.0.1"
    )

    assert GOOD_PAGE.decode() == (await client.fetch(target)).text


async def test_a_node_may_require_a_client_certificate(tls_node, client, authority):
    """A server of asyncio closes the connection without an alert."""
    node = await tls_node(client_ca=authority.certificate)
    pair = authority.client()

    refused = await error_of(client, new_target(node.port, access=trusting(authority)))
    page = await client.fetch(
        new_target(
            node.port, access=trusting(authority, certificate=pair.certificate, key=pair.key)
        )
    )

    assert refused.endswith(scrape_errors.PERHAPS_CERTIFICATE)
    assert GOOD_PAGE.decode() == page.text


async def test_an_alert_for_a_missing_client_certificate_is_reported(client, authority):
    """Most servers send one."""
    pair = authority.server()
    files = TLSFiles(certificate=pair.certificate, key=pair.key, client_ca=authority.certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusing = asyncio.create_task(asyncio.to_thread(refuse_clients, listener, files.context()))

        message = await error_of(
            client, new_target(listener.getsockname()[1], access=trusting(authority))
        )

        listener.shutdown(socket.SHUT_RDWR)
        await refusing
    assert message == scrape_errors.CERTIFICATE_REQUIRED.format(
        reason="tlsv13 alert certificate required"
    )


def refuse_clients(listener, context):
    """Refuse clients without a certificate, and read until they disconnect.

    Closing the connection earlier would reset it, and hide the alert.
    """
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # shut down
            return
        tls = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with contextlib.suppress(OSError):
            tls.do_handshake()
        with socket.socket(fileno=tls.detach()) as plain, contextlib.suppress(OSError):
            while plain.recv(1000):
                pass


async def test_a_certificate_that_is_not_trusted_is_reported_with_the_reason(
    tls_node, client, authority, tmp_path
):
    """It has expired, or its authority is unknown."""
    node, expired_node = await tls_node(), await tls_node(authority.expired())
    unknown_authority = Authority(tmp_path, "unknown")

    expired = await error_of(client, new_target(expired_node.port, access=trusting(authority)))
    unknown = await error_of(client, new_target(node.port, access=trusting(unknown_authority)))
    system = await error_of(client, new_target(node.port, access=Access(tls=True)))

    assert not_trusted(scrape_errors.CERTIFICATE_EXPIRED) == expired
    assert not_trusted(scrape_errors.UNKNOWN_AUTHORITY) == unknown
    assert unknown == system


async def test_tls_on_a_plain_port_is_reported_and_the_reverse(tls_node, client, authority):
    """A plain server replies to a TLS handshake with an error of HTTP."""
    encrypted = await tls_node()
    plain = await asyncio.start_server(bad_request, "127.0.0.1", 0)
    port = plain.sockets[0].getsockname()[1]

    plain_request = await error_of(client, new_target(encrypted.port))
    tls_request = await error_of(client, new_target(port, access=trusting(authority)))

    plain.close()
    await plain.wait_closed()
    assert plain_request.endswith(scrape_errors.PERHAPS_TLS)
    assert tls_request == scrape_errors.SPEAKS_NO_TLS


async def bad_request(reader, writer):
    """Reply to anything like a server that does not understand it."""
    await reader.read(1)
    writer.write(http_response(b"", "400 Bad Request"))
    writer.close()
