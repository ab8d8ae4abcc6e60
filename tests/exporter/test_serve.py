"""The wiring: an agent of a configuration."""

import http.client
import socket
from contextlib import closing
from dataclasses import replace

import bcrypt
import pytest
import requests

from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.config import read_config
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.serve import create_server, tls_and_users
from fructosa_exporter.web.server import open_listener
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import FileError
from fructosa_service.web.settings import WebSettings

from ..certificates import Authority
from .web.client import once, serving

LOOPBACK = Endpoint("127.0.0.1", 0)


def server(listen=open_listener, **web):
    """Return a server of one sensor, with these settings of the section [web]."""
    config = replace(read_config(None), web=WebSettings(**web))
    return create_server(config, [SensorReader(SENSORS["BootTime"]())], [LOOPBACK], listen)


def test_an_agent_serves_what_its_sensors_read():
    """On the endpoint that it is given; the collector is polled by the server's loop."""
    with serving(server()) as running:
        status, _, text = once(running, "/metrics")

    assert 200 == status
    assert "\nfructosa_boot_time_seconds 1" in text


def test_a_listener_may_have_been_opened_before():
    """While the process still had the right to."""
    opened = open_listener(LOOPBACK)

    with serving(server(listen=lambda _: opened)) as running:
        assert running.endpoints == [Endpoint(*opened.getsockname())]
        assert 200 == once(running, "/-/healthy")[0]


def test_with_a_certificate_it_speaks_tls(tmp_path):
    """And nothing else."""
    authority = Authority(tmp_path)
    pair = authority.server()
    with serving(server(tls_certificate=pair.certificate, tls_key=pair.key)) as running:
        endpoint = running.endpoints[0]
        trusting = authority.asking()
        client = http.client.HTTPSConnection(endpoint.host, endpoint.port, context=trusting)
        with closing(client):
            client.request("GET", "/-/healthy")
            status = client.getresponse().status
        with socket.create_connection((endpoint.host, endpoint.port), timeout=30) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            try:
                answer = plain.recv(100)
            except ConnectionResetError:
                answer = b""

    assert 200 == status
    assert b"HTTP" not in answer


def test_with_a_file_of_users_it_lets_in_who_is_right(tmp_path):
    """The checks of passwords are polled by the server's loop too."""
    users = tmp_path / "users"
    users.write_text(f"ada:{bcrypt.hashpw(b'right', bcrypt.gensalt(4)).decode()}\n")
    users.chmod(0o600)
    with serving(server(users_file=users)) as running:
        url = f"http://{running.endpoints[0]}/metrics"
        found = [
            requests.get(url, auth=auth, timeout=30).status_code
            for auth in (None, ("ada", "wrong"), ("ada", "right"))
        ]

    assert [401, 401, 200] == found


def test_limits_are_those_of_the_configuration():
    """One connection is closed for the next, where no more are allowed."""
    with serving(server(max_connections=1)) as running:
        endpoint = running.endpoints[0]
        with socket.create_connection((endpoint.host, endpoint.port), timeout=30) as idle:
            assert 200 == once(running, "/-/healthy")[0]
            assert b"" == idle.recv(1)


def test_without_settings_neither_tls_nor_users_are_read():
    """OpenSSL is not loaded for them."""
    assert (None, None) == tls_and_users(WebSettings())


@pytest.mark.parametrize("missing", ["tls", "users"])
def test_files_that_can_not_be_used_are_told_before_anything_is_served(tmp_path, missing):
    """With their settings."""
    gone = tmp_path / "gone.pem"
    web = {
        "tls": WebSettings(tls_certificate=gone, tls_key=gone),
        "users": WebSettings(users_file=gone),
    }[missing]

    with pytest.raises(FileError, match=str(gone)):
        tls_and_users(web)
