"""/proc/diskstats and /proc/net/dev into counters, with the names that psutil gives them.

They are most of what a node with many disks and interfaces is asked for; psutil passes through
several tables for each. Source: Documentation/admin-guide/iostats.rst, proc_pid_net(5).
"""

from typing import NamedTuple

from fructosa_exporter.kernel import Kernel

_SECTOR_BYTES = 512  # in this file, whatever the disk has
_DISK_WORDS = 13
_INTERFACE_WORDS = 16


class DiskCounters(NamedTuple):
    """What a disk or partition has done since boot; times in milliseconds."""

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
    """What a network interface has sent and received since it is there."""

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

    Raises: OSError where there is no /proc; ValueError for what is no number.
    """
    found = {}
    for words in (kernel or Kernel()).lines("/proc/diskstats"):
        if len(words) >= _DISK_WORDS:
            reads, reads_merged, read, read_ms, writes, writes_merged, written, write_ms = map(
                int, words[3:11]
            )
            found[words[2]] = DiskCounters(
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
    return found


def interface_counters(kernel: Kernel | None = None) -> dict[str, InterfaceCounters]:
    """Return the counters of each network interface, by name.

    Raises: OSError where there is no /proc; ValueError for what is no number.
    """
    found = {}
    for line in (kernel or Kernel()).text("/proc/net/dev").split("\n"):
        name, _, numbers = line.rpartition(":")  # the name may hold colons itself
        words = numbers.split()
        if name and len(words) >= _INTERFACE_WORDS:
            found[name.strip()] = InterfaceCounters(*map(int, (*words[:4], *words[8:12])))
    return found
