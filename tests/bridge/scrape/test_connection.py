"""One connection: a page at a time, and what may happen to it amid, between and after them."""

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
from tests.bridge.node import GOOD, Node, answer, then_close, then_hang, then_reset
from tests.certificates import Authority

REQUEST = b"GET /metrics HTTP/1.1\r\n\r\n"
PATIENCE_S = 20


@pytest.fixture
async def node():
    """A node that answers well, until it is told to answer otherwise."""
    one = Node()
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def connect(node):
    """A function that makes a connection to the node, which is closed behind the test."""
    made = []

    async def make(**how):
        loop = asyncio.get_running_loop()
        port = how.pop("port", node.port)
        _, connection = await loop.create_connection(NodeConnection, "127.0.0.1", port, **how)
        made.append(connection)
        return connection

    yield make
    for connection in made:
        connection.close()
    await asyncio.sleep(0)


def new_reply():
    """Return a reply that nothing has come of."""
    return ScrapeResponse(Target(group="all", host="127.0.0.1", port=1, graphite_path="n"))


async def asked(connection, reply=None):
    """Ask on a connection; return the reply."""
    reply = reply or new_reply()
    await asyncio.wait_for(connection.request(REQUEST, reply), PATIENCE_S)
    return reply


async def until_closed(connection):
    """Wait until the connection has noticed its end."""
    async with asyncio.timeout(PATIENCE_S):
        while connection.is_open:
            await asyncio.sleep(0.001)


async def test_a_connection_is_asked_again_and_again(node, connect):
    """It stays open between two pages."""
    connection = await connect()

    pages = [(await asked(connection)).page() for _ in range(3)]

    assert [GOOD] * 3 == pages
    assert (True, 1) == (connection.is_open, node.connections)


@pytest.mark.parametrize(
    "says",
    [
        answer(connection="close"),
        answer() + b"more",
        answer() + answer(),
        answer(b"<html>", kind="text/html"),
        answer(b"x" * 1000, "500 x"),
        b"SSH-2.0\r\n",
        then_close(answer(content_length="")),
    ],
)
async def test_a_connection_is_closed_when_it_can_not_be_used_again(node, connect, says):
    """The node says so, or something is left on its way."""
    node.says = says
    connection = await connect()

    await asked(connection)

    assert not connection.is_open
    await asyncio.wait_for(node.gone.wait(), PATIENCE_S)


async def test_a_node_that_closes_a_connection_at_rest_is_noticed(node, connect):
    """Who asks then hears so at once."""
    node.says = then_close(answer())
    connection = await connect()
    await asked(connection)

    await until_closed(connection)

    with pytest.raises(ConnectionClosed):
        await asked(connection)


async def test_what_a_node_says_unasked_closes_the_connection(node, connect):
    """It would be taken for the next answer."""
    talking = asyncio.Event()

    async def says(reader, writer):
        writer.write(answer())
        await talking.wait()
        writer.write(answer(b"late 1\n"))

    node.says = says
    connection = await connect()
    await asked(connection)

    talking.set()

    await until_closed(connection)
    await asyncio.wait_for(node.gone.wait(), PATIENCE_S)


@pytest.mark.parametrize(
    ("says", "is_begun", "error"),
    [
        (then_close(b""), False, type(None)),
        (then_close(b"HTTP/1.1 200"), True, type(None)),
        (then_close(answer(content_length=1000)), True, type(None)),
        (then_reset(), False, ConnectionResetError),
    ],
)
async def test_an_answer_that_breaks_off_is_told(node, connect, says, is_begun, error):
    """With what the system says, and whether anything had come."""
    node.says = says
    connection, reply = await connect(), new_reply()

    with pytest.raises(ConnectionClosed) as caught:
        await asked(connection, reply)

    assert (is_begun, error) == (reply.has_begun, type(caught.value.error))
    assert not connection.is_open


async def test_who_is_cancelled_leaves_no_open_connection(node, connect):
    """Half of an answer would be left on it."""
    node.says = then_hang(answer(content_length=1000))
    connection, reply = await connect(), new_reply()
    asking = asyncio.create_task(connection.request(REQUEST, reply))
    async with asyncio.timeout(PATIENCE_S):
        while not reply.size:
            await asyncio.sleep(0.001)

    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not connection.is_open
    await asyncio.wait_for(node.gone.wait(), PATIENCE_S)


async def test_who_is_cancelled_when_all_has_come_leaves_no_open_connection_either(connect):
    """The two may happen in one turn of the loop; then nobody is there who would keep it."""
    connection, reply = await connect(), new_reply()
    asking = asyncio.create_task(connection.request(b"", reply))
    await asyncio.sleep(0)
    got = answer()
    connection.get_buffer(-1)[: len(got)] = got

    connection.buffer_updated(len(got))
    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (True, False) == (reply.is_complete, connection.is_open)


@pytest.fixture
async def secure(tmp_path):
    """A node that speaks TLS, and how to speak with it."""
    authority = Authority(tmp_path)
    pair = authority.server()
    own = Node()
    await own.start(TLSFiles(certificate=pair.certificate, key=pair.key).context())
    context = ssl.create_default_context(cafile=authority.certificate)
    yield own, {"port": own.port, "ssl": context, "server_hostname": "127.0.0.1"}
    await own.stop()


async def test_a_page_that_ends_with_the_connection_may_come_by_tls(secure, connect):
    """When the node says good-bye (close_notify), nothing is missing."""
    node, how = secure
    node.says = then_close(answer(content_length=""))

    reply = await asked(await connect(**how))

    assert (True, GOOD) == (reply.is_complete, reply.page())


async def test_a_page_that_is_cut_off_below_tls_is_not_whole(secure, connect):
    """Without a good-bye anybody on the way could shorten it."""
    node, how = secure

    async def says(reader, writer):
        writer.write(answer(content_length=""))
        await writer.drain()
        writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
        raise asyncio.CancelledError

    node.says = says

    with pytest.raises(ConnectionClosed):
        await asked(await connect(**how))


async def test_a_node_that_ends_tls_at_rest_is_noticed(secure, connect):
    """Its good-bye ends the connection, also if it leaves the socket open."""
    node, how = secure
    node.says = then_close(answer())
    connection = await connect(**how)
    await asked(connection)

    await until_closed(connection)

    assert not connection.is_open


@pytest.mark.parametrize("speaks_tls", [False, True])
async def test_a_connection_goes_when_it_is_closed(node, secure, speaks_tls):
    """No ring of references keeps it until somebody looks for such."""
    how = secure[1] if speaks_tls else {"port": node.port}
    gc.collect()
    gc.disable()
    try:
        loop = asyncio.get_running_loop()
        port = how.pop("port")
        connection = (await loop.create_connection(NodeConnection, "127.0.0.1", port, **how))[1]
        await asked(connection)
        gone = weakref.ref(connection)
        connection.close()
        del connection
        async with asyncio.timeout(PATIENCE_S):
            while gone() is not None:
                await asyncio.sleep(0.001)
    finally:
        gc.enable()
