"""The edge to the network interfaces: their state, asked of the kernel with one socket.

psutil opens four sockets an interface for the same. Source: netdevice(7), and
/sys/class/net/*/{speed,duplex} (Documentation/ABI/testing/sysfs-class-net).
"""

import fcntl
import os
import socket
import struct
from typing import NamedTuple

from fructosa_exporter.kernel import Kernel

_FLAGS, _MTU = 0x8913, 0x8921  # SIOCGIFFLAGS, SIOCGIFMTU
_NAME_BYTES = 16
_IFREQ_BYTES = 40
_NET = "/sys/class/net"

_FLAG_NAMES = (
    "up",
    "broadcast",
    "debug",
    "loopback",
    "pointopoint",
    "notrailers",
    "running",
    "noarp",
    "promisc",
    "allmulti",
    "master",
    "slave",
    "multicast",
    "portsel",
    "automedia",
    "dynamic",
)
_LOOPBACK, _RUNNING = 1 << 3, 1 << 6


class InterfaceState(NamedTuple):
    """What an interface is like, as psutil names it: *speed* in Mbit/s, 0 where nobody knows."""

    isup: bool
    duplex: str
    speed: int
    mtu: int
    flags: str


def interface_states(kernel: Kernel | None = None) -> dict[str, InterfaceState]:
    """Return the state of each network interface, by its name."""
    kernel = kernel or Kernel()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asking:
        found = {name: _state(asking, kernel, name) for name in kernel.names(_NET)}
    return {name: state for name, state in found.items() if state is not None}


def _state(asking: socket.socket, kernel: Kernel, name: str) -> InterfaceState | None:
    """Return the state of the interface *name*; None when it has just gone."""
    request = os.fsencode(name)
    if len(request) >= _NAME_BYTES:  # what else lies in that folder, such as bonding_masters
        return None
    request = request.ljust(_IFREQ_BYTES, b"\0")
    try:
        (flags,) = struct.unpack_from("H", fcntl.ioctl(asking, _FLAGS, request), _NAME_BYTES)
        (mtu,) = struct.unpack_from("i", fcntl.ioctl(asking, _MTU, request), _NAME_BYTES)
    except OSError:
        return None
    speed, duplex = None, None
    if flags & _RUNNING and not flags & _LOOPBACK:  # else there is nothing to tell
        speed = kernel.count(f"{_NET}/{name}/speed")
        duplex = kernel.word(f"{_NET}/{name}/duplex")
    return InterfaceState(
        bool(flags & _RUNNING), duplex or "unknown", speed or 0, mtu, _names(flags)
    )


def _names(flags: int) -> str:
    return ",".join(name for bit, name in enumerate(_FLAG_NAMES) if flags >> bit & 1)
