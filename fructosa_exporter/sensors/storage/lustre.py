"""Lustre file systems, seen from this node as a client."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Sample, counter
from fructosa_exporter.sensor import Sensor

_PROC = "/proc/fs/lustre/llite"
_SYS = "/sys/fs/lustre/llite"
_DEBUG = "/sys/kernel/debug/lustre/llite"

# The operations of llite_opcode_table in lustre/llite/lproc_llite.c, which also has counts of
# pages, cache hits and time.
_OPERATIONS = (  # noqa: SIM905 - as a list, it would be a line for each name
    "read write ioctl open close mmap page_fault page_mkwrite seek fsync readdir setattr truncate"
    " flock getattr fallocate create link unlink symlink mkdir rmdir mknod rename statfs setxattr"
    " getxattr listxattr removexattr inode_permission alloc_inode"
).split()
# Before 2.14, only the lines of the bytes have the number of reads and writes.
_BYTES = {"read_bytes": "read", "write_bytes": "write"}


class Lustre(Sensor):
    """Bytes read and written and operations by this node, for each Lustre file system.

    Source: /proc/fs/lustre/llite/*/stats, or /sys/kernel/debug/lustre/llite/*/stats for Lustre
    since 2.12. Mounts of one file system are summed; if one is unmounted, the sum restarts at
    that of the others. Operations that have not been used are absent. Job statistics are not
    read, nor are sizes, which need the servers: a server that is down does not block the sensor.
    """

    rights = "root, for Lustre since 2.12, because its statistics are in debugfs"

    BYTES = {
        "read_bytes": counter("fructosa_lustre_read_bytes_total", "Bytes read.", "filesystem"),
        "write_bytes": counter("fructosa_lustre_write_bytes_total", "Bytes written.", "filesystem"),
    }
    OPERATIONS = counter(
        "fructosa_lustre_operations_total",
        "Operations of programs on the file system.",
        "filesystem",
        "operation",
    )

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        # The mounts are listed elsewhere: only root may enter debugfs, even without Lustre.
        mounts = dict.fromkeys([*self.read.names(_PROC), *self.read.names(_SYS)])
        if not mounts:
            raise SensorUnavailable("no Lustre file system is mounted")
        stats = {mount: lines for mount in mounts if (lines := self._lines(mount)) is not None}
        if not stats:
            raise SensorUnavailable("there are no Lustre statistics; check that debugfs is mounted")
        yield from self._sums(stats)

    def _sums(self, stats: Mapping[str, list[list[str]]]) -> Iterator[Sample]:
        sums: Counter[tuple[str, str]] = Counter()
        for mount, lines in stats.items():
            # lustre-ffff88105db50000: the name, and the address of the mount in the kernel.
            filesystem = mount.rpartition("-")[0] or mount
            for what, count in mount_counts(lines).items():
                sums[filesystem, what] += count
        for (filesystem, what), count in sums.items():
            if what in self.BYTES:
                yield self.BYTES[what].sample(count, filesystem)
            else:
                yield self.OPERATIONS.sample(count, filesystem, what)

    def _lines(self, mount: str) -> list[list[str]] | None:
        """Return the lines of a mount's statistics; None if it has none or was unmounted."""
        for folder in (_PROC, _DEBUG):
            try:
                return list(self.read.lines(f"{folder}/{mount}/stats"))
            except PermissionError:
                raise
            except OSError:
                continue
        return None


def mount_counts(lines: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return read_bytes, write_bytes and the operations in the statistics of a mount.

    A line is ``open 5 samples [regs]``, or has ``[usec]`` or ``[bytes]`` followed by minimum,
    maximum, sum and, in some versions, the sum of squares.
    """
    counts: dict[str, int] = {}
    calls: dict[str, int] = {}
    for name, *words in lines:
        number = _count(words, 0)
        if number is None or words[1:2] != ["samples"]:
            continue
        if name in _OPERATIONS:
            counts[name] = number
        elif name in _BYTES and words[2:3] == ["[bytes]"]:
            calls[_BYTES[name]] = number
            total = _count(words, 5)
            if total is not None:
                counts[name] = total
    return calls | counts


def _count(words: Sequence[str], at: int) -> int | None:
    word = words[at] if at < len(words) else ""
    # The kernel's counts have 64 bits: more than 20 digits are not a valid count.
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= 20 else None
