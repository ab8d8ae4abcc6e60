"""Whether lagent, in a container, sees the host's network and files, or only those of its own.

For the network, links in /proc/PID/ns would tell, but are for root alone. So what both show is
compared: the names of interfaces, addresses and routes.
"""

from pathlib import Path

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel, is_root_known

OTHER_NETWORK = (
    "lagent is in a container with a network of its own, and cannot ask for that of the host; "
    "start it in the host's network"
)

OTHER_ROOT = (
    "lagent is in a container, and does not see the files of the host; bind the host's / there, "
    "and set [lagent] rootfs"
)

_OWN = Path("/proc/self/net")
_COMPARED = ("fib_trie", "if_inet6", "route")


def check_network() -> None:
    """Raise SensorUnavailable if system calls show another network than that of the machine."""
    if not is_same_network():
        raise SensorUnavailable(OTHER_NETWORK)


def check_root() -> None:
    """Raise SensorUnavailable if files are those of the container, and not of the machine."""
    if not is_root_known():
        raise SensorUnavailable(OTHER_ROOT)


def is_same_network(own: Path = _OWN) -> bool:
    """Return whether system calls show the network of the machine.

    *own* has the files of this process.
    """
    machine = Path(Kernel().path("/proc/net"))
    return machine == Path("/proc/net") or _shown(machine) == _shown(own)


def _shown(folder: Path) -> list[bytes]:
    """Return what tells one network from another, without what changes at each reading."""
    lines = _content(folder / "dev").splitlines()
    names = [line.partition(b":")[0].strip() for line in lines if b":" in line]
    return [*sorted(names), *(_content(folder / name) for name in _COMPARED)]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
