"""Parses /proc/diskstats and /proc/net/dev; the counters are named as in psutil.

On nodes with many disks and interfaces, these are most of the samples. psutil builds several
intermediate tables for each. Source: Documentation/admin-guide/iostats.rst, proc_pid_net(5).
"""

from typing import NamedTuple

from fructosa_exporter.kernel import Kernel

_SECTOR_BYTES = 512  # the unit of this file, whatever the sector size of the disk
_DISK_WORDS = 13
_INTERFACE_WORDS = 16


class DiskCounters(NamedTuple):
    """The counters of a disk or partition since boot; times in milliseconds."""

    read_count: int
    read_merged_count: int
    read_bytes: int
    read_time: int
    write_count: int
    write_merged_count: int
    write_bytes: int
    write_time: int
    busy_time: int


class InterfaceCounters(NamedTuple):
    """The counters of a network interface since its creation."""

    bytes_recv: int
    packets_recv: int
    errin: int
    dropin: int
    bytes_sent: int
    packets_sent: int
    errout: int
    dropout: int


def disk_counters(kernel: Kernel | None = None) -> dict[str, DiskCounters]:
    """Return the counters of each disk and partition, by name.

    Raises: OSError if there is no /proc; ValueError for an invalid number.
    """
    counters = {}
    for words in (kernel or Kernel()).lines("/proc/diskstats"):
        if len(words) >= _DISK_WORDS:
            reads, reads_merged, read, read_ms, writes, writes_merged, written, write_ms = map(
                int, words[3:11]
            )
            counters[words[2]] = DiskCounters(
                reads,
                reads_merged,
                read * _SECTOR_BYTES,
                read_ms,
                writes,
                writes_merged,
                written * _SECTOR_BYTES,
                write_ms,
                int(words[12]),
            )
    return counters


def interface_counters(kernel: Kernel | None = None) -> dict[str, InterfaceCounters]:
    """Return the counters of each network interface, by name.

    Raises: OSError if there is no /proc; ValueError for an invalid number.
    """
    counters = {}
    for line in (kernel or Kernel()).text("/proc/net/dev").split("\n"):
        name, _, numbers = line.rpartition(":")  # the name may contain colons
        words = numbers.split()
        if name and len(words) >= _INTERFACE_WORDS:
            counters[name.strip()] = InterfaceCounters(*map(int, (*words[:4], *words[8:12])))
    return counters
