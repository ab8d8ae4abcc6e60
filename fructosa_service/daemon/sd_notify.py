"""Notifies the service manager (systemd) that a program is ready.

Source: sd_notify(3): a datagram to the socket in NOTIFY_SOCKET.
"""

import logging
import os
import socket
from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)


def notify_ready(urls: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """Report that the program is ready and serves at *urls*; do nothing without a manager."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # A leading @ stands for a name in the abstract namespace.
    name = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.sendto(f"READY=1\nSTATUS=serves {' '.join(urls)}".encode(), name)
    except OSError as error:
        log.warning("cannot notify the service manager at %s: %s", address, error)
