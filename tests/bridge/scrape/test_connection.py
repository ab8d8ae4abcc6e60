"""A connection to a node: one response at a time, and what may happen in between."""

import asyncio
import gc
import socket
import ssl
import weakref

import pytest

from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape.connection import ConnectionClosed, NodeConnection
from fructosa_bridge.scrape.response import ScrapeResponse
from fructosa_service.web.tls import TLSFiles
from tests.certificates import Authority

from ..node import GOOD_PAGE, Node, http_response, send_and_close, send_and_hang, send_and_reset

REQUEST = b"GET /metrics HTTP/1.1\r\n\r\n"
TIMEOUT_S = 20


@pytest.fixture
async def node():
    """A node that serves a good page unless the test changes its reply."""
    running = Node()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def connect(node):
    """A function that opens a connection to the node; it is closed after the test."""
    connections = []

    async def open_connection(**options):
        loop = asyncio.get_running_loop()
        port = options.pop("port", node.port)
        _, connection = await loop.create_connection(NodeConnection, "127.0.0.1", port, **options)
        connections.append(connection)
        return connection

    yield open_connection
    for connection in connections:
        connection.close()
    await asyncio.sleep(0)


def new_response():
    """Return a response of which nothing was received yet."""
    return ScrapeResponse(Target(group="all", host="127.0.0.1", port=1, graphite_path="n"))


async def request(connection, response=None):
    """Send a request on a connection; return its response."""
    response = response or new_response()
    await asyncio.wait_for(connection.request(REQUEST, response), TIMEOUT_S)
    return response


async def until_closed(connection):
    """Wait until the connection has noticed its end."""
    async with asyncio.timeout(TIMEOUT_S):
        while connection.is_open:
            await asyncio.sleep(0.001)


async def test_a_connection_is_used_for_several_requests(node, connect):
    """It stays open between them."""
    connection = await connect()

    pages = [(await request(connection)).page() for _ in range(3)]

    assert [GOOD_PAGE] * 3 == pages
    assert (True, 1) == (connection.is_open, node.connections)


@pytest.mark.parametrize(
    "reply",
    [
        http_response(connection="close"),
        http_response() + b"more",
        http_response() + http_response(),
        http_response(content_encoding="br"),
        http_response(Content_Length=len(GOOD_PAGE)),
        http_response(b"x" * 1000, "500 x"),
        b"SSH-2.0\r\n",
        send_and_close(http_response(content_length="")),
    ],
)
async def test_a_connection_that_cannot_be_used_again_is_closed(node, connect, reply):
    """The node says so, or there may be more bytes on their way."""
    node.reply = reply
    connection = await connect()

    await request(connection)

    assert not connection.is_open
    await node.disconnected()


async def test_the_end_of_an_idle_connection_is_noticed(node, connect):
    """The next request fails at once."""
    node.reply = send_and_close(http_response())
    connection = await connect()
    await request(connection)

    await until_closed(connection)

    with pytest.raises(ConnectionClosed):
        await request(connection)


async def test_unexpected_bytes_close_the_connection(node, connect):
    """They would be read as the next response."""
    may_send = asyncio.Event()

    async def reply(reader, writer):
        writer.write(http_response())
        await may_send.wait()
        writer.write(http_response(b"late 1\n"))

    node.reply = reply
    connection = await connect()
    await request(connection)

    may_send.set()

    await until_closed(connection)
    await node.disconnected()


@pytest.mark.parametrize(
    ("reply", "has_begun", "error"),
    [
        (send_and_close(b""), False, type(None)),
        (send_and_close(b"HTTP/1.1 200"), True, type(None)),
        (send_and_close(http_response(content_length=1000)), True, type(None)),
        (send_and_reset(), False, ConnectionResetError),
    ],
)
async def test_a_response_that_ends_early_raises_the_reason(node, connect, reply, has_begun, error):
    """With the error of the system, and whether anything was received."""
    node.reply = reply
    connection, response = await connect(), new_response()

    with pytest.raises(ConnectionClosed) as caught:
        await request(connection, response)

    assert (has_begun, error) == (response.has_begun, type(caught.value.error))
    assert not connection.is_open


async def test_a_cancelled_request_closes_its_connection(node, connect):
    """Half of a response would be left on it."""
    node.reply = send_and_hang(http_response(content_length=1000))
    connection, response = await connect(), new_response()
    requesting = asyncio.create_task(connection.request(REQUEST, response))
    async with asyncio.timeout(TIMEOUT_S):
        while not response.size:
            await asyncio.sleep(0.001)

    requesting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await requesting
    assert not connection.is_open
    await node.disconnected()


async def test_a_request_that_is_cancelled_after_its_response_closes_its_connection(connect):
    """Both may happen in one turn of the loop; then no caller can reuse the connection."""
    connection, response = await connect(), new_response()
    requesting = asyncio.create_task(connection.request(b"", response))
    await asyncio.sleep(0)
    received = http_response()
    connection.get_buffer(-1)[: len(received)] = received

    connection.buffer_updated(len(received))
    requesting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await requesting
    assert (True, False) == (response.is_complete, connection.is_open)


@pytest.fixture
async def tls_node(tmp_path):
    """A node with TLS, and the options of a connection to it."""
    authority = Authority(tmp_path)
    pair = authority.server()
    running = Node()
    await running.start(TLSFiles(certificate=pair.certificate, key=pair.key).context())
    context = ssl.create_default_context(cafile=authority.certificate)
    yield running, {"port": running.port, "ssl": context, "server_hostname": "127.0.0.1"}
    await running.stop()


async def test_over_tls_a_page_may_end_with_the_connection(tls_node, connect):
    """With a close_notify it is complete."""
    node, options = tls_node
    node.reply = send_and_close(http_response(content_length=""))

    response = await request(await connect(**options))

    assert (True, GOOD_PAGE) == (response.is_complete, response.page())


async def test_over_tls_an_end_without_close_notify_is_an_error(tls_node, connect):
    """Anybody on the path could truncate the page."""
    node, options = tls_node

    async def reply(reader, writer):
        writer.write(http_response(content_length=""))
        await writer.drain()
        writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
        raise asyncio.CancelledError

    node.reply = reply

    with pytest.raises(ConnectionClosed):
        await request(await connect(**options))


async def test_a_close_notify_on_an_idle_connection_is_noticed(tls_node, connect):
    """It ends the connection even if the socket stays open."""
    node, options = tls_node
    node.reply = send_and_close(http_response())
    connection = await connect(**options)
    await request(connection)

    await until_closed(connection)

    assert not connection.is_open


@pytest.mark.parametrize("speaks_tls", [False, True])
async def test_a_closed_connection_is_freed(node, tls_node, speaks_tls):
    """No reference cycle keeps it until the next garbage collection."""
    options = tls_node[1] if speaks_tls else {"port": node.port}
    gc.collect()
    gc.disable()
    try:
        loop = asyncio.get_running_loop()
        port = options.pop("port")
        connection = (await loop.create_connection(NodeConnection, "127.0.0.1", port, **options))[1]
        await request(connection)
        reference = weakref.ref(connection)
        connection.close()
        del connection
        async with asyncio.timeout(TIMEOUT_S):
            while reference() is not None:
                await asyncio.sleep(0.001)
    finally:
        gc.enable()
