"""Parses /proc/self/mounts, and classifies file systems as local or remote.

Source: proc_pid_mounts(5), which is fstab(5) with octal escapes; proc_filesystems(5).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fructosa_exporter.kernel import Kernel

# If a file server is down, every call on its mounts blocks. They are measured only if configured.
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
# Read-only images are always full, which would only cause alerts.
IMAGES = frozenset({"erofs", "iso9660", "squashfs", "udf"})
# Listed as nodev in /proc/filesystems, but local all the same.
_LOCAL_WITHOUT_DEVICE = frozenset({"bcachefs", "zfs"})

# Their statfs() only uses numbers in the kernel's memory. It can't hang, whatever the disk does, so
# it needs no timeout.
_IN_MEMORY = frozenset({"ext2", "ext3", "ext4", "f2fs", "tmpfs", "vfat", "xfs"})

_ESCAPE = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A mounted file system: the fields of a line in /proc/self/mounts."""

    device: str
    mountpoint: str
    fstype: str
    opts: str


def parse_mounts(text: str) -> list[Mount]:
    """Return the mounts in *text*; invalid lines are left out."""
    mounts = []
    for line in text.split("\n"):
        fields = line.split(" ")
        if len(fields) >= len(Mount._fields):
            mounts.append(Mount(*map(_unescaped, fields[: len(Mount._fields)])))
    return mounts


def _unescaped(field: str) -> str:
    if "\\" not in field:
        return field
    # An escape stands for one byte. Invalid UTF-8 arrives as lone surrogates, and is returned so.
    raw = field.encode("utf-8", "surrogateescape").decode("latin-1")
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 8) & 0xFF), raw)
    return plain.encode("latin-1").decode("utf-8", "surrogateescape")


def is_remote(fstype: str) -> bool:
    """Return whether a file system may be on a server. FUSE counts as remote, except fuseblk."""
    return fstype in REMOTE or fstype == "fuse" or fstype.startswith("fuse.")


def never_hanging(mounts: Iterable[Mount]) -> set[str]:
    """Return the mount points whose size can be read without any risk of hanging."""
    # Of several mounts on the same mount point, the last one is visible.
    visible = {mount.mountpoint: mount.fstype for mount in mounts}
    # Resolving a path passes through the mounts above it, which may contact their servers.
    risky = tuple(f"{above}/" for above, fstype in visible.items() if _may_contact_server(fstype))
    return {
        mountpoint
        for mountpoint, fstype in visible.items()
        if fstype in _IN_MEMORY and not mountpoint.startswith(risky)
    }


def _may_contact_server(fstype: str) -> bool:
    return is_remote(fstype) or fstype == "autofs"


def local_types(filesystems: str) -> frozenset[str]:
    """Return the types in /proc/filesystems that store files on this node."""
    lines = [line.split("\t") for line in filesystems.split("\n") if "\t" in line]
    return frozenset(name for nodev, name, *_ in lines if not nodev) | _LOCAL_WITHOUT_DEVICE


class Mounts:
    """Reads the mounts of this node; parses them only if they have changed."""

    def __init__(self, kernel: Kernel | None = None) -> None:
        self._kernel = kernel or Kernel()
        self._last: tuple[str, list[Mount]] = ("", [])
        self._types: Mapping[str, bool] = {}

    def __call__(self) -> list[Mount]:
        """Return all mounts, including virtual file systems such as proc.

        Raises: OSError if there is no /proc.
        """
        text = self._kernel.text("/proc/self/mounts")
        if text != self._last[0]:
            self._last = (text, parse_mounts(text))
        return self._last[1]

    def local(self, mounts: Sequence[Mount]) -> list[Mount]:
        """Return those of *mounts* that store files on this node.

        Raises: OSError if there is no /proc.
        """
        if any(mount.fstype not in self._types for mount in mounts):
            # A kernel module may have added a type meanwhile.
            known = local_types(self._kernel.text("/proc/filesystems"))
            self._types = {mount.fstype: mount.fstype in known for mount in mounts}
        return [mount for mount in mounts if mount.device and self._types[mount.fstype]]


SHARED = Mounts()
