"""What a service manager is told."""

import socket

import pytest

from fructosa_service.daemon.sd_notify import tell_manager

URLS = ["http://localhost:9888/metrics"]
SAID = b"READY=1\nSTATUS=serves http://localhost:9888/metrics"


@pytest.mark.parametrize("is_abstract", [False, True])
def test_a_manager_that_listens_is_told_that_all_runs(tmp_path, is_abstract):
    """At a path, or at a name that is in no file system."""
    address = f"@fructosa-{tmp_path}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{address[1:]}" if is_abstract else address)

        tell_manager(URLS, {"NOTIFY_SOCKET": address})

        assert SAID == manager.recv(4096)


def test_without_a_manager_nobody_is_told():
    """As at a terminal."""
    tell_manager(URLS, {})


def test_a_manager_that_is_gone_ends_nothing(tmp_path, caplog):
    """The log says so."""
    tell_manager(URLS, {"NOTIFY_SOCKET": str(tmp_path / "gone")})

    assert "could not be told that all runs" in caplog.text
