"""Telling the service manager that a program is ready, where one wants to know (systemd does).

Source: sd_notify(3): a datagram to the socket that NOTIFY_SOCKET names.
"""

import logging
import os
import socket
from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)


def tell_manager(urls: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """Say that all runs, and at which *urls*; nothing where nobody listens."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # A name that begins with @ is not in the file system.
    name = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.sendto(f"READY=1\nSTATUS=serves {' '.join(urls)}".encode(), name)
    except OSError as error:
        log.warning("the service manager could not be told that all runs: %s: %s", address, error)
