"""Reads the state of network interfaces, by ioctls on a single socket.

psutil opens four sockets for each interface. Source: netdevice(7), and
/sys/class/net/*/{speed,duplex} (Documentation/ABI/testing/sysfs-class-net).
"""

import fcntl
import os
import re
import socket
import struct
from typing import NamedTuple

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel

from .namespaces import OTHER_NETWORK, is_same_network

_FLAGS, _MTU = 0x8913, 0x8921  # SIOCGIFFLAGS, SIOCGIFMTU
_NAME_BYTES = 16
_IFREQ_BYTES = 40
_NET = "/sys/class/net"
# The driver knows no speed: -1 in 16 and in 32 bits.
_UNKNOWN_SPEEDS = (0xFFFF, 0xFFFF_FFFF)

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
_UP, _LOOPBACK, _RUNNING = 1 << 0, 1 << 3, 1 << 6
_HEX = re.compile(r"0x[0-9a-f]{1,8}")


class InterfaceState(NamedTuple):
    """The state of an interface, named as in psutil; *speed* in Mbit/s, 0 if unknown."""

    isup: bool
    duplex: str
    speed: int
    mtu: int
    flags: str


def interface_states(kernel: Kernel | None = None) -> dict[str, InterfaceState]:
    """Return the state of each network interface, by name.

    In a container with a network of its own, that of the host is read from its /sys.

    Raises: SensorUnavailable if its /sys is not here.
    """
    kernel = kernel or Kernel()
    states: dict[str, InterfaceState | None]
    if is_same_network():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
            states = {name: _state(control, kernel, name) for name in kernel.names(_NET)}
    elif kernel.path(_NET) == _NET:
        raise SensorUnavailable(OTHER_NETWORK)
    else:
        states = {name: _state_in_sysfs(kernel, name) for name in kernel.names(_NET)}
    return {name: state for name, state in states.items() if state is not None}


def link_losses(kernel: Kernel) -> dict[str, int]:
    """Return how often the interface of each adapter has lost its link, by its name."""
    adapters = [name for name in kernel.names(_NET) if kernel.exists(f"{_NET}/{name}/device")]
    counts = ((name, kernel.count(f"{_NET}/{name}/carrier_down_count")) for name in adapters)
    return {name: losses for name, losses in counts if losses is not None}


def _state(control: socket.socket, kernel: Kernel, name: str) -> InterfaceState | None:
    """Return the state of the interface *name*; None if it does not exist."""
    request = os.fsencode(name)
    if len(request) >= _NAME_BYTES:  # not an interface, such as bonding_masters
        return None
    request = request.ljust(_IFREQ_BYTES, b"\0")
    try:
        (flags,) = struct.unpack_from("H", fcntl.ioctl(control, _FLAGS, request), _NAME_BYTES)
        (mtu,) = struct.unpack_from("i", fcntl.ioctl(control, _MTU, request), _NAME_BYTES)
    except OSError:
        return None
    return _with_speed(kernel, name, flags, mtu)


def _state_in_sysfs(kernel: Kernel, name: str) -> InterfaceState | None:
    folder = f"{_NET}/{name}"
    mtu = kernel.count(f"{folder}/mtu")
    text = kernel.word(f"{folder}/flags") or ""
    if mtu is None or not _HEX.fullmatch(text):
        return None
    flags = int(text, 16)
    # The kernel's flags are without this one: it follows from the state of the link.
    if flags & _UP and kernel.word(f"{folder}/operstate") in ("up", "unknown"):
        flags |= _RUNNING
    return _with_speed(kernel, name, flags, mtu)


def _with_speed(kernel: Kernel, name: str, flags: int, mtu: int) -> InterfaceState:
    speed, duplex = None, None
    if flags & _RUNNING and not flags & _LOOPBACK:  # else the files have no valid values
        speed = speed_megabits(kernel, name)
        duplex = kernel.word(f"{_NET}/{name}/duplex")
    return InterfaceState(
        bool(flags & _RUNNING), duplex or "unknown", speed or 0, mtu, _flag_names(flags)
    )


def speed_megabits(kernel: Kernel, name: str) -> int | None:
    """Return the speed of an interface that runs, in Mbit/s; None if its driver knows none."""
    speed = kernel.count(f"{_NET}/{name}/speed")
    return None if speed in _UNKNOWN_SPEEDS else speed


def _flag_names(flags: int) -> str:
    return ",".join(name for bit, name in enumerate(_FLAG_NAMES) if flags >> bit & 1)
