"""An agent, built from its configuration."""

import http.client
import socket
from contextlib import closing
from dataclasses import replace

import bcrypt
import pytest
import requests

from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.config import read_config
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.serve import create_server, serve_until_stopped, tls_and_users
from fructosa_exporter.web.server import open_listener
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import FileError
from fructosa_service.web.settings import WebSettings

from ..certificates import Authority
from .web.client import once, serving

LOOPBACK = Endpoint("127.0.0.1", 0)


def server(listen=open_listener, **web):
    """Return a server of one sensor, with these settings in the section [web]."""
    config = replace(read_config(None), web=WebSettings(**web))
    return create_server(config, [SensorReader(SENSORS["BootTime"]())], [LOOPBACK], listen)


def test_an_agent_serves_the_samples_of_its_sensors():
    """The loop of the server polls the collector."""
    with serving(server()) as running:
        status, _, text = once(running, "/metrics")

    assert 200 == status
    assert "\nfructosa_boot_time_seconds 1" in text


def test_a_socket_that_is_open_already_can_be_used():
    """As root opens it before privileges are dropped."""
    opened = open_listener(LOOPBACK)

    with serving(server(listen=lambda _: opened)) as running:
        assert running.endpoints == [Endpoint(*opened.getsockname())]
        assert 200 == once(running, "/-/healthy")[0]


def test_with_a_certificate_only_tls_is_accepted(tmp_path):
    """A plain HTTP request gets no HTTP response."""
    authority = Authority(tmp_path)
    pair = authority.server()
    with serving(server(tls_certificate=pair.certificate, tls_key=pair.key)) as running:
        endpoint = running.endpoints[0]
        trusting = authority.client_context()
        client = http.client.HTTPSConnection(endpoint.host, endpoint.port, context=trusting)
        with closing(client):
            client.request("GET", "/-/healthy")
            status = client.getresponse().status
        with socket.create_connection((endpoint.host, endpoint.port), timeout=30) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            try:
                response = plain.recv(100)
            except ConnectionResetError:
                response = b""

    assert 200 == status
    assert b"HTTP" not in response


def test_with_a_users_file_a_password_is_required(tmp_path):
    """The loop of the server polls the authenticator."""
    users = tmp_path / "users"
    users.write_text(f"ada:{bcrypt.hashpw(b'right', bcrypt.gensalt(4)).decode()}\n")
    users.chmod(0o600)
    # Each request takes its place after its password was checked, and only then.
    with serving(server(users_file=users, max_requests=1)) as running:
        url = f"http://{running.endpoints[0]}/metrics"
        statuses = [
            requests.get(url, auth=auth, timeout=30).status_code
            for auth in (None, ("ada", "wrong"), ("ada", "right"))
        ]

    assert [401, 401, 200] == statuses


def test_the_configured_limits_are_used():
    """With a limit of one connection, the idle one is closed for the next."""
    with serving(server(max_connections=1)) as running:
        endpoint = running.endpoints[0]
        with socket.create_connection((endpoint.host, endpoint.port), timeout=30) as idle:
            assert 200 == once(running, "/-/healthy")[0]
            assert b"" == idle.recv(1)


def test_tls_and_users_are_optional():
    """By default, neither is used."""
    assert (None, None) == tls_and_users(WebSettings())


@pytest.mark.parametrize("missing", ["tls", "users"])
def test_a_file_that_can_not_be_used_is_an_error(tmp_path, missing):
    """The message has its path."""
    gone = tmp_path / "gone.pem"
    web = {
        "tls": WebSettings(tls_certificate=gone, tls_key=gone),
        "users": WebSettings(users_file=gone),
    }[missing]

    with pytest.raises(FileError, match=str(gone)):
        tls_and_users(web)


class Watching(Sensor):
    """Notes when it begins and ends."""

    def __init__(self, calls):
        super().__init__()
        self.calls = calls

    def begin(self):
        """Note that it begins."""
        self.calls.append("begin")

    def close(self):
        """Note that it ends."""
        self.calls.append("close")


def test_sensors_begin_before_it_is_ready_and_are_closed_at_the_end():
    """A thread that watches must not outlive the agent, whatever ends that."""

    class Failing:
        def serve_forever(self):
            calls.append("serve")
            raise OSError("broken")

    calls = []

    with pytest.raises(OSError, match="broken"):
        serve_until_stopped(
            Failing(), [SensorReader(Watching(calls))], lambda: calls.append("ready")
        )

    assert ["begin", "ready", "serve", "close"] == calls
