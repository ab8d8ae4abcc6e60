"""The HTTP server: addresses, the limit of connections, TLS with files that change."""

import asyncio
import contextlib
import re
import socket
import ssl

import aiohttp
import pytest

from fructosa_bridge.web import server
from fructosa_bridge.web.server import CANNOT_LISTEN
from fructosa_bridge.web.status import ReloadOutcome
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import FileError, ServiceError
from fructosa_service.web import log_limit
from tests.certificates import Authority

from ..fake_status import FakeStatus
from .served import served

REQUEST = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST_REQUEST = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(autouse=True)
async def deadline():
    """Let a test fail whose connection is neither closed nor served, instead of hanging."""
    async with asyncio.timeout(30):
        yield


async def connect(port, tls=None):
    """Return reader and writer of a new connection."""
    name = None if tls is None else "localhost"
    return await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name)


async def test_the_connection_that_is_idle_longest_is_closed_for_a_new_one():
    """Idle connections cannot lock out other clients."""
    async with served(max_connections=3) as pages:
        idle = [await connect(pages.port) for _ in range(3)]
        reader, writer = idle[2]
        writer.write(REQUEST)
        await reader.readuntil(b"healthy\n")

        status = await pages.status("-/healthy")
        closed = await idle[0][0].read()
        writer.write(LAST_REQUEST)
        response = await reader.read()
        for _, one in idle:
            one.close()

    assert 200 == status
    assert b"" == closed
    assert b" 200 OK" in response


async def test_connections_that_come_at_once_count_once():
    """As many as allowed are accepted, and none of them is closed for another."""
    async with served(max_connections=3) as pages:
        clients = [socket.create_connection(("127.0.0.1", pages.port)) for _ in range(3)]
        readers = [await asyncio.open_connection(sock=client) for client in clients]
        for _, writer in readers:
            writer.write(LAST_REQUEST)
        responses = [await reader.read() for reader, _ in readers]
        for _, writer in readers:
            writer.close()

    assert [True] * 3 == [b" 200 OK" in response for response in responses]


async def test_a_connection_is_refused_if_all_others_have_requests_in_progress():
    """None of these is aborted for it."""
    begun, may_finish = asyncio.Event(), asyncio.Event()

    async def reload():
        begun.set()
        await may_finish.wait()
        return ReloadOutcome(True, "done")

    async with served(FakeStatus(reload=reload), max_connections=1) as pages:
        first = asyncio.create_task(pages.status("-/reload", "POST"))
        await begun.wait()
        reader, writer = await connect(pages.port)
        refused = await reader.read()
        writer.close()
        may_finish.set()

        assert b"" == refused
        assert 200 == await first


async def test_a_connection_without_a_request_is_closed(monkeypatch):
    """It costs memory, and a file descriptor."""
    monkeypatch.setattr(server, "_FIRST_REQUEST_S", 0.05)

    async with served() as pages:
        reader, writer = await connect(pages.port)
        received = await reader.read()
        writer.close()

    assert b"" == received


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: \0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: \xff\r\n\r\n",
    ],
)
@pytest.mark.parametrize("stays", [True, False])
async def test_requests_that_are_no_http_fill_no_log(caplog, request_, stays):
    """Whoever can connect could send them all day, and be gone before the answer."""
    async with served() as pages:
        for _ in range(3):
            reader, writer = await connect(pages.port)
            writer.write(request_)
            if stays:
                assert re.match(b"HTTP/1.[01] (400|500) ", await reader.readline())
            writer.close()
            await writer.wait_closed()
        assert 200 == await pages.status("-/healthy")

    assert [] == caplog.messages


async def test_an_error_of_ours_is_logged_some_times(caplog):
    """With its traceback, but not for each request of somebody who has found it."""
    source = FakeStatus(deliveries=None)
    async with served(source) as pages:
        statuses = {await pages.status("destinations") for _ in range(2 * log_limit.MOST)}

    assert {500} == statuses
    assert log_limit.MOST >= len(caplog.records) > 0
    assert caplog.records[0].exc_info


async def test_the_rest_of_a_body_is_not_read():
    """No request needs one; reading it to the end would take time from all others."""
    part = b"1\r\nx\r\n" * 10_000
    async with served() as pages:
        reader, writer = await connect(pages.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        response = await reader.readline()
        with contextlib.suppress(ConnectionError):
            for _ in range(200):  # more than all buffers hold
                writer.write(part)
                await writer.drain()
            pytest.fail("it was read")
        writer.close()

    assert b" 405 " in response


async def test_a_connection_without_a_tls_handshake_is_closed(monkeypatch, tmp_path):
    """As one without a request."""
    monkeypatch.setattr(server, "_FIRST_REQUEST_S", 0.05)

    async with served(**tls(Authority(tmp_path).server())) as pages:
        reader, writer = await connect(pages.port)
        received = await reader.read()
        writer.close()

    assert b"" == received


async def test_tls_handshakes_count_as_connections(tmp_path):
    """The oldest is aborted for a new client, so silent ones cannot lock out others."""
    ca = Authority(tmp_path)

    async with served(**tls(ca.server()), max_connections=3) as pages:
        silent = [await connect(pages.port) for _ in range(5)]
        _, response = await certificate_and_response(ca, pages.port)
        closed = [await reader.read() for reader, _ in silent[:3]]
        for _, writer in silent:
            writer.close()

    assert b" 200 OK" in response
    assert [b"", b"", b""] == closed


async def test_a_port_in_use_is_reported_with_what_to_do():
    """And nothing is left listening."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        places = (Endpoint("127.0.0.1", 0), Endpoint("127.0.0.1", port))
        error = CANNOT_LISTEN.format(endpoint=places[1], reason="Address already in use")
        with pytest.raises(ServiceError, match=re.escape(error)):
            async with served(listen=places):
                pass


async def test_an_address_of_another_machine_is_reported():
    """With the reason of the system."""
    endpoint = Endpoint("192.0.2.1", 0)
    error = CANNOT_LISTEN.format(endpoint=endpoint, reason="Cannot assign requested address")

    with pytest.raises(ServiceError, match=re.escape(error)):
        async with served(listen=(endpoint,)):
            pass


async def test_all_configured_addresses_are_listened_on():
    """Instead of host and port of [lmaster]."""
    places = (Endpoint("127.0.0.1", 0), Endpoint("127.0.0.2", 0))

    async with served(listen=places) as pages, aiohttp.ClientSession() as session:
        statuses = []
        for url in pages.server.urls:
            async with session.get(f"{url}-/healthy") as response:
                statuses.append(response.status)

    assert [200, 200] == statuses


async def test_open_connections_do_not_delay_the_shutdown():
    """They are closed."""
    async with served() as pages:
        reader, writer = await connect(pages.port)
        writer.write(REQUEST)
        await reader.readuntil(b"healthy\n")
        await pages.server.close()
        rest = await reader.read()
        writer.close()

    assert b"" == rest


def tls(pair, **more):
    """Return settings of [web] for TLS."""
    return {"tls_certificate": pair.certificate, "tls_key": pair.key, **more}


async def certificate_and_response(authority, port, client=None):
    """Return the serial number of the server's certificate, and the response to a request."""
    reader, writer = await connect(port, authority.client_context(client))
    number = writer.get_extra_info("peercert")["serialNumber"]
    writer.write(LAST_REQUEST)
    # With TLS 1.3, a client learns that its certificate is rejected only after the handshake.
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        response = await reader.read()
        writer.close()
        return number, response
    return number, b""


def expect_change(pages):
    """Have the server look at its files at the next connection, rather than once a second."""
    pages.server._tls._checked_s = 0.0


async def test_a_tls_file_that_cannot_be_read_is_an_error_at_startup(tmp_path):
    """The message names key and file."""
    missing = tmp_path / "none"

    with pytest.raises(FileError, match=r"tls certificate .*none: "):
        async with served(tls_certificate=missing, tls_key=missing):
            pass


async def test_a_new_certificate_is_used_for_new_connections(tmp_path):
    """Without a restart; while the files are invalid, the previous certificate stays in use."""
    ca = Authority(tmp_path)
    pair, other = ca.server(), ca.server("other")

    async with served(**tls(pair)) as pages:
        first, response = await certificate_and_response(ca, pages.port)
        pair.replace_with(other)
        expect_change(pages)
        second, _ = await certificate_and_response(ca, pages.port)
        pair.key.write_text("nothing")
        expect_change(pages)
        third, _ = await certificate_and_response(ca, pages.port)

    assert b" 200 OK" in response
    assert "https" == pages.url.partition(":")[0]
    assert first != second == third


async def test_with_a_client_ca_only_its_clients_are_served(tmp_path):
    """Neither clients without a certificate nor plain HTTP get a response."""
    ca = Authority(tmp_path)

    async with served(**tls(ca.server(), client_ca=ca.certificate)) as pages:
        _, accepted = await certificate_and_response(ca, pages.port, ca.client())
        _, rejected = await certificate_and_response(ca, pages.port)
        reader, writer = await connect(pages.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        plain = await reader.read()
        writer.close()

    assert b" 200 OK" in accepted
    assert b"" == rejected
    assert b"HTTP" not in plain


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_clients_of_a_replaced_client_ca_are_rejected(version, tmp_path):
    """Also those that resume a session from before."""
    ca, new_ca = Authority(tmp_path), Authority(tmp_path, "new")
    client_ca = tmp_path / "client-ca.pem"
    client_ca.write_bytes(ca.certificate.read_bytes())
    client = Client(ca.client_context(ca.client()))
    client.context.maximum_version = version

    async with served(**tls(ca.server(), client_ca=client_ca)) as pages:
        before = await asyncio.to_thread(client.request, pages.port)
        resumed = await asyncio.to_thread(client.request, pages.port)
        client_ca.write_bytes(new_ca.certificate.read_bytes())
        expect_change(pages)
        after = await asyncio.to_thread(client.request, pages.port)
        _, accepted = await certificate_and_response(ca, pages.port, new_ca.client())

    assert [(False, True), (True, True), (False, False)] == [before, resumed, after]
    assert b" 200 OK" in accepted


class Client:
    """A client that resumes the TLS session of its last connection."""

    def __init__(self, context):
        self.context = context
        self._session = None

    def request(self, port):
        """Send a request; return whether the session was resumed, and whether it was served."""
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as bare,
            contextlib.suppress(ssl.SSLError, ConnectionError),
            self.context.wrap_socket(
                bare, server_hostname="localhost", session=self._session
            ) as client,
        ):
            client.sendall(LAST_REQUEST)
            response = b"".join(iter(lambda: client.recv(2**16), b""))
            self._session = client.session
            return client.session_reused, b" 200 OK" in response
        return False, False
