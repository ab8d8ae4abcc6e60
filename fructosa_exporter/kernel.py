"""Files of the kernel: /proc and /sys of this machine, or a recorded copy of them.

In a container, those of the host may be elsewhere. What the kernel shows of the reading process
itself, its network and its mounts, is then read of the host's process 1.
"""

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

import psutil

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")
_CHUNK = 64 * 1024
_YEAR_2000_S = 946_684_800
_FILE_SIZE_LIMIT = 16 * 1024 * 1024  # no kernel file is as large; bounds the memory of a reading
# Files of the machine that are not the kernel's, and of which sensors tell.
_OF_ROOT = (
    *("/etc/os-release", "/usr/lib/os-release", "/etc/hostname"),
    *("/run/systemd/", "/run/utmp", "/var/run/utmp"),
)


class HostPaths(NamedTuple):
    """Where the machine's /sys and / are: ``[lagent] sysfs`` and ``rootfs``."""

    sysfs: str = "/sys"
    rootfs: str = "/"


_host = HostPaths()


def use_paths(procfs: str = "/proc", sysfs: str = "/sys", rootfs: str = "/") -> None:
    """Let all sensors read the machine whose files are here; psutil reads its /proc, too."""
    global _host
    psutil.PROCFS_PATH = procfs
    _host = HostPaths(sysfs.rstrip("/"), rootfs)


def is_host_elsewhere() -> bool:
    """Return whether this process is in a container, and the machine is not what it itself sees."""
    return psutil.PROCFS_PATH != "/proc" or _host.rootfs != "/"


def is_root_known() -> bool:
    """Return whether the machine's own files are here, and not only what the kernel shows."""
    return _host.rootfs != "/" or not is_host_elsewhere() or not _is_procfs()


def below_root(path: str) -> str:
    """Return where the machine's *path* is here, if its root is known."""
    return path if _host.rootfs == "/" else f"{_host.rootfs.rstrip('/')}{path}"


def _is_procfs() -> bool:
    """Return whether the machine's /proc is the kernel's, and not a copy of some of its files."""
    return os.path.islink(f"{psutil.PROCFS_PATH}/self")  # noqa: PTH114


def _of_proc(rest: str) -> str:
    """Return where /proc + *rest* of the machine is here."""
    if is_host_elsewhere() and _is_procfs():
        if rest.startswith("/self/"):
            rest = f"/1{rest[5:]}"
        elif rest == "/net" or rest.startswith("/net/"):
            rest = f"/1{rest}"
    return f"{psutil.PROCFS_PATH}{rest}"


def is_in_the_past(at_s: float, now_s: float) -> bool:
    """Return whether a time by the node's clock can be true: that may be wrong until it is set."""
    return _YEAR_2000_S <= at_s <= now_s


class Kernel:
    """Reads files by their paths on Linux: ``/proc/loadavg``, ``/sys/class/net``.

    *root* is the root directory of a recorded tree, for tests. Without it, files are those of the
    machine that ``use_paths`` was told of.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        self._root = None if root is None else os.fspath(root)

    def path(self, path: str) -> str:
        """Return the actual path of the file that Linux has at *path*."""
        if self._root is not None:
            return f"{self._root}{path}"
        if path == "/proc" or path.startswith("/proc/"):
            return _of_proc(path[5:])
        if path.startswith("/sys/"):
            return f"{_host.sysfs}{path[4:]}"
        if path.startswith(_OF_ROOT):
            return below_root(path)
        return path

    def content(self, path: str) -> bytes:
        """Return the content of the file at *path*.

        Raises: OSError, such as FileNotFoundError.
        """
        # Costs a third of open(), which matters on nodes with many CPUs, disks and ports.
        file = os.open(self.path(path), os.O_RDONLY | os.O_CLOEXEC)
        try:
            chunks, size = [], 0
            while (chunk := os.read(file, _CHUNK)) and size < _FILE_SIZE_LIMIT:
                chunks.append(chunk)
                size += len(chunk)
        finally:
            os.close(file)
        return b"".join(chunks)

    def text(self, path: str) -> str:
        """Return the file at *path* as text; bytes that are not UTF-8 become lone surrogates.

        Raises: OSError, such as FileNotFoundError.
        """
        return self.content(path).decode("utf-8", "surrogateescape")

    def lines(self, path: str) -> Iterator[list[str]]:
        """Yield the words of each line of the file at *path*, without empty lines.

        Raises: OSError, such as FileNotFoundError.
        """
        for line in self.text(path).split("\n"):
            if words := line.split():
                yield words

    def word(self, path: str) -> str | None:
        """Return the stripped text of a file with one value; None if it can't be read.

        sysfs returns various errors (EINVAL, ENODATA, EIO, EOPNOTSUPP) if the hardware does not
        provide a value.

        Raises: PermissionError.
        """
        try:
            return self.text(path).strip()
        except PermissionError:
            raise
        except OSError:
            return None

    def number(self, path: str) -> int | None:
        """Return the integer in the file at *path*; None if there is none.

        The kernel's numbers have 64 bits; a larger one counts as none.

        Raises: PermissionError.
        """
        word = self.word(path)
        if word is None or not _NUMBER.fullmatch(word):
            return None
        number = int(word)
        return number if -(2**63) <= number < 2**64 else None

    def count(self, path: str) -> int | None:
        """Return the integer of at least zero in the file at *path*; None if there is none.

        Raises: PermissionError.
        """
        number = self.number(path)
        return None if number is None or number < 0 else number

    def names(self, folder: str) -> list[str]:
        """Return the names in a *folder*, in natural order; empty if it does not exist."""
        return sorted(self.listing(folder), key=_natural_key)

    def listing(self, folder: str) -> list[str]:
        """Return the names in a *folder*, in any order; empty if it does not exist."""
        try:
            return os.listdir(self.path(folder))  # noqa: PTH208 - names, not Path objects
        except (FileNotFoundError, NotADirectoryError):
            return []

    def exists(self, path: str) -> bool:
        """Return whether there is something at *path*."""
        return os.path.exists(self.path(path))  # noqa: PTH110 - as in names

    def real_path(self, path: str) -> str | None:
        """Return the actual path that *path* leads to through all links; None if to nothing."""
        try:
            return os.path.realpath(self.path(path), strict=True)
        except OSError:
            return None


def _natural_key(name: str) -> tuple[str, int, str]:
    """Return a key that sorts node2 before node10."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or -1), name
