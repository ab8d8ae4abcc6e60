"""OSErrors in words for people."""

import errno
import socket

import pytest

from fructosa_service.os_errors import reason


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ECONNREFUSED, "Connect call failed ('::1', 1)"), "Connection refused"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (TimeoutError(), "no response in time"),
    ],
)
def test_a_reason_is_short(error, expected):
    """Without the address, which the message names already."""
    assert expected in reason(error)
