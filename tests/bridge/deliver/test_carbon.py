"""The connection to carbon; a server takes the part of carbon."""

import asyncio
import socket
from itertools import repeat

import pytest

from fructosa_bridge.deliver.carbon import CLOSED_AT_ONCE, OTHER_PROTOCOL, Carbon
from fructosa_bridge.deliver.encode import plaintext_lines
from fructosa_bridge.model.errors import DeliveryError
from fructosa_bridge.model.points import Batch
from fructosa_bridge.nodes.dns_cache import NO_NAME_SERVER, DNSCache

SOON_S = 10


class Receiver:
    """A carbon that keeps the paths of the lines of each connection."""

    async def start(self, port=0):
        """Listen, on a free port by default."""
        self.connections = []
        self._arrival, self._connection = asyncio.Event(), asyncio.Event()
        self._writers = []
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port, limit=2**22)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def _accept(self, reader, writer):
        received = []
        self.connections.append(received)
        self._writers.append(writer)
        self._connection.set()
        while line := await reader.readline():
            received.append(line.decode().split(" ")[0])
            self._arrival.set()
        writer.close()

    async def connected(self):
        """Wait until there is a connection."""
        await asyncio.wait_for(self._connection.wait(), 10)

    async def received(self, connection, number):
        """Wait until so many lines have arrived on a connection; return their paths."""
        async with asyncio.timeout(10):
            while len(self.connections) <= connection or len(self.connections[connection]) < number:
                self._arrival.clear()
                await self._arrival.wait()
        return self.connections[connection]

    async def stop(self):
        """Close all connections and stop listening."""
        self._server.close()
        for writer in self._writers:
            writer.close()


@pytest.fixture
async def receiver():
    """A carbon."""
    running = await Receiver().start()
    yield running
    await running.stop()


class OtherProtocol(Receiver):
    """A carbon that closes each connection as soon as it has read something."""

    async def _accept(self, reader, writer):
        self.connections.append(await reader.read(1))
        writer.close()


class Clock:
    """A clock that a test sets."""

    now_s = 0.0

    def __call__(self):
        return self.now_s


def batch(name):
    """Return a batch of one point."""
    return [Batch(1, 10, [(name, 1.0)])]


async def closed(carbon):
    """Wait until the end of the connection has been noticed."""
    async with asyncio.timeout(10):
        while carbon._writer is not None:
            await asyncio.sleep(0)


async def test_one_connection_is_used_for_all_batches(receiver):
    """Carbon has thousands of clients."""
    carbon = Carbon("127.0.0.1", receiver.port, plaintext_lines)

    await carbon.send(batch("a"))
    await carbon.send(batch("b"))

    assert ["a", "b"] == await receiver.received(0, 2)
    assert len(receiver.connections) == 1
    await carbon.close()


async def test_the_last_batches_are_sent_again_on_a_new_connection(receiver):
    """However old they are: a carbon that hung may not have read them."""
    clock = Clock()
    carbon = Carbon("127.0.0.1", receiver.port, plaintext_lines, clock)
    for name, clock.now_s in (("old", 0), ("new", 95), ("newest", 100)):
        await carbon.send(batch(name))
    await receiver.received(0, 3)
    await receiver.stop()
    await closed(carbon)
    restarted = await Receiver().start(receiver.port)

    await carbon.send(batch("next"))

    assert ["old", "new", "newest", "next"] == await restarted.received(0, 4)
    await carbon.close()
    await restarted.stop()


async def test_the_batches_kept_to_be_sent_again_are_limited(receiver):
    """They are those of the last seconds, and at least as many bytes as the kernels may buffer."""
    clock = Clock()
    carbon = Carbon("127.0.0.1", receiver.port, plaintext_lines, clock)
    large = [Batch(1, 10, [("x" * 2**20, 1.0)])]
    for clock.now_s in range(0, 400, 20):
        await carbon.send(large)

    assert 8 * 2**20 <= carbon._sent_bytes <= 9 * 2**20 + 1000
    assert sum(sent.size for sent in carbon._sent) == carbon._sent_bytes
    await carbon.close()


async def test_the_error_of_a_refused_connection_has_the_address(receiver):
    """The batches stay with the caller."""
    carbon = Carbon("127.0.0.1", receiver.port, plaintext_lines)
    await receiver.stop()

    with pytest.raises(DeliveryError, match=rf"carbon at 127.0.0.1:{receiver.port}: .* refused"):
        await carbon.send(batch("a"))


async def test_a_connection_that_ends_while_sending_is_an_error(receiver):
    """All batches of that send must be sent again."""
    carbon = Carbon("127.0.0.1", receiver.port, lambda batches: repeat(b"a 1 1\n" * 10_000))
    sending = asyncio.create_task(carbon.send(batch("a")))
    await receiver.connected()

    await receiver.stop()

    with pytest.raises(DeliveryError, match=rf"^carbon at 127.0.0.1:{receiver.port}: "):
        await sending
    assert 0 == carbon.unacknowledged


async def test_a_carbon_whose_machine_is_gone_is_noticed(receiver):
    """No error arrives then, so the kernel has a limit for how long an acknowledgement may take."""
    carbon = Carbon("127.0.0.1", receiver.port, plaintext_lines)

    await carbon.send([Batch(1, 10, [("a", 1.0)])])

    connection = carbon._writer.get_extra_info("socket")
    assert 30_000 == connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    await carbon.close()


async def test_a_carbon_that_closes_each_connection_at_once_gets_nothing(caplog):
    """After the second time it is asked whether the port is that of the other protocol."""
    receiver = await OtherProtocol().start()
    carbon, errors = Carbon("127.0.0.1", receiver.port, plaintext_lines, hold_s=SOON_S), []
    for _ in range(3):
        with pytest.raises(DeliveryError) as caught:
            await carbon.send(batch("a"))
        errors.append(str(caught.value))
    await receiver.stop()
    with pytest.raises(DeliveryError, match="refused"):
        await carbon.send(batch("a"))

    texts = (CLOSED_AT_ONCE, OTHER_PROTOCOL, OTHER_PROTOCOL)
    assert [text.format(name=carbon.name) for text in texts] == errors
    assert (3, 0) == (len(receiver.connections), carbon.unacknowledged)
    assert [] == caplog.messages  # the delivery logs the errors


async def test_a_connection_has_to_hold_longer_after_those_that_did_not_last(receiver, monkeypatch):
    """A slow carbon may close it later; one that has lasted ends the doubt."""
    waits, clock = [], Clock()
    wait = asyncio.wait

    async def waited(tasks, timeout):
        waits.append(timeout)
        return await wait(tasks, timeout=0)

    monkeypatch.setattr(asyncio, "wait", waited)
    carbon = Carbon("127.0.0.1", receiver.port, plaintext_lines, clock, hold_s=1)
    for lasts_s in (0, 9, 0, 10, 0):
        await carbon.send(batch("a"))
        clock.now_s += lasts_s
        carbon._watch.cancel()
        carbon._note_end()
        await carbon.close()

    assert [1, 2, 4, 8, 1] == waits


async def test_a_known_address_is_used_while_no_name_server_responds(receiver):
    """A name that was never resolved has an error of its own."""
    answers, clock = [socket.getaddrinfo("127.0.0.1", 1, type=socket.SOCK_STREAM)], Clock()

    def look_up(host, *query):
        if host == "carbon" and answers:
            return answers.pop()
        raise socket.gaierror(socket.EAI_AGAIN, "no response")

    dns = DNSCache(look_up, clock)
    carbon, unknown = (
        Carbon(host, receiver.port, plaintext_lines, hold_s=0, dns=dns)
        for host in ("carbon", "unknown")
    )
    for clock.now_s in (0, 1000):
        await carbon.send(batch("a"))
        await carbon.close()

    with pytest.raises(DeliveryError) as caught:
        await unknown.send(batch("a"))

    assert f"{unknown.name}: {NO_NAME_SERVER.format(host='unknown')}" == str(caught.value)
