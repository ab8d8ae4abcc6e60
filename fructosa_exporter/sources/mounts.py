"""/proc/self/mounts into mounts, and which of them hold files of this node.

Source: proc_pid_mounts(5), which is fstab(5) with octal escapes; proc_filesystems(5).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fructosa_exporter.kernel import Kernel

# A server that is gone blocks every call on its mounts: they are only measured when asked for.
REMOTE = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "cvmfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "orangefs",
        "panfs",
        "smb3",
        "smbfs",
    }
)
# They are full by nature, which would only alarm people.
IMAGES = frozenset({"erofs", "iso9660", "squashfs", "udf"})
# The kernel says that it has no device, and yet it holds files of this node.
_LOCAL_WITHOUT_DEVICE = frozenset({"bcachefs", "zfs"})

# Their statfs() adds up numbers that the kernel has in memory: it can't hang, whatever the disk
# does, and need not be watched.
_IN_MEMORY = frozenset({"ext2", "ext3", "ext4", "f2fs", "tmpfs", "vfat", "xfs"})

_ESCAPE = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """One mounted file system, as a line of /proc/self/mounts tells it."""

    device: str
    mountpoint: str
    fstype: str
    opts: str


def parse_mounts(text: str) -> list[Mount]:
    """Return the mounts that lines of *text* tell; what is no such line is left out."""
    mounts = []
    for line in text.split("\n"):
        fields = line.split(" ")
        if len(fields) >= len(Mount._fields):
            mounts.append(Mount(*map(_unescaped, fields[: len(Mount._fields)])))
    return mounts


def _unescaped(field: str) -> str:
    if "\\" not in field:
        return field
    # An escape stands for a byte; bytes that are no UTF-8 came as surrogates, and stay so.
    raw = field.encode("utf-8", "surrogateescape").decode("latin-1")
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 8) & 0xFF), raw)
    return plain.encode("latin-1").decode("utf-8", "surrogateescape")


def is_remote(fstype: str) -> bool:
    """Tell whether a server answers for a file system: of FUSE nobody knows, but for disks."""
    return fstype in REMOTE or fstype == "fuse" or fstype.startswith("fuse.")


def that_never_hang(mounts: Iterable[Mount]) -> set[str]:
    """Return the mount points of file systems whose size the kernel tells from memory."""
    # Of mounts at one place the last is the one that is seen.
    seen = {mount.mountpoint: mount.fstype for mount in mounts}
    # The way to a mount leads through those above it, which may ask their servers.
    beneath = tuple(f"{above}/" for above, fstype in seen.items() if _may_ask(fstype))
    return {
        mountpoint
        for mountpoint, fstype in seen.items()
        if fstype in _IN_MEMORY and not mountpoint.startswith(beneath)
    }


def _may_ask(fstype: str) -> bool:
    return is_remote(fstype) or fstype == "autofs"


def with_device(filesystems: str) -> frozenset[str]:
    """Return the types of /proc/filesystems that have a device of this node."""
    lines = [line.split("\t") for line in filesystems.split("\n") if "\t" in line]
    return frozenset(name for nodev, name, *_ in lines if not nodev) | _LOCAL_WITHOUT_DEVICE


class Mounts:
    """Reads the mounts of this node; parses them only when they have changed."""

    def __init__(self, kernel: Kernel | None = None) -> None:
        self._kernel = kernel or Kernel()
        self._last: tuple[str, list[Mount]] = ("", [])
        self._types: Mapping[str, bool] = {}

    def __call__(self) -> list[Mount]:
        """Return all mounts, those of the kernel's own file systems too.

        Raises: OSError where there is no /proc.
        """
        text = self._kernel.text("/proc/self/mounts")
        if text != self._last[0]:
            self._last = (text, parse_mounts(text))
        return self._last[1]

    def local(self, mounts: Sequence[Mount]) -> list[Mount]:
        """Return those of *mounts* that hold files of this node.

        Raises: OSError where there is no /proc.
        """
        if any(mount.fstype not in self._types for mount in mounts):
            # A module may have brought a type since the last look.
            known = with_device(self._kernel.text("/proc/filesystems"))
            self._types = {mount.fstype: mount.fstype in known for mount in mounts}
        return [mount for mount in mounts if mount.device and self._types[mount.fstype]]


SHARED = Mounts()
