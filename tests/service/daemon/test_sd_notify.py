"""Notifications of the service manager."""

import socket

import pytest

from fructosa_service.daemon.sd_notify import notify_ready

URLS = ["http://localhost:9888/metrics"]
EXPECTED = b"READY=1\nSTATUS=serves http://localhost:9888/metrics"


@pytest.mark.parametrize("is_abstract", [False, True])
def test_a_manager_is_notified(tmp_path, is_abstract):
    """At a path, or at a name in the abstract namespace."""
    address = f"@fructosa-{tmp_path}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{address[1:]}" if is_abstract else address)

        notify_ready(URLS, {"NOTIFY_SOCKET": address})

        assert EXPECTED == manager.recv(4096)


def test_without_a_manager_nothing_happens():
    """As at a terminal."""
    notify_ready(URLS, {})


def test_a_manager_that_does_not_respond_is_logged(tmp_path, caplog):
    """The daemon keeps running."""
    notify_ready(URLS, {"NOTIFY_SOCKET": str(tmp_path / "gone")})

    assert "cannot notify the service manager" in caplog.text
