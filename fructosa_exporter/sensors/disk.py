"""Disks and file systems."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Sample, counter, gauge, info
from fructosa_exporter.sensor import Sensor, SensorOptions, SlowSensorOptions
from fructosa_service.kinds import PATH, several
from fructosa_service.settings import option

log = logging.getLogger(__name__)

# A server that is gone blocks every call on its mounts: they are only measured when named.
_REMOTE = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "cvmfs",
        "fuse.sshfs",
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
_IMAGES = frozenset({"erofs", "iso9660", "squashfs", "udf"})


class DiskPartitions(Sensor):
    """The mounted partitions: device, file system, options, and whether they are read-only.

    Source: psutil.disk_partitions(), i.e. /proc/self/mounts without pseudo file systems.
    """

    Options = SlowSensorOptions

    PARTITION = info(
        "fructosa_disk_partition_info",
        "A mounted partition.",
        "device",
        "mountpoint",
        "fstype",
        "options",
    )
    READ_ONLY = gauge(
        "fructosa_disk_partition_read_only",
        "1 if the partition is mounted read-only, else 0.",
        "device",
        "mountpoint",
    )

    read = staticmethod(psutil.disk_partitions)

    def samples(self) -> Iterator[Sample]:
        # Of mounts on top of one another at one place the last is the one that is seen.
        mounts = {(part.device, part.mountpoint): part for part in self.read()}
        if not mounts:
            raise SensorUnavailable("no partition of a disk is mounted")
        for (device, mountpoint), part in mounts.items():
            yield self.PARTITION.sample(1, device, mountpoint, part.fstype, part.opts)
            yield self.READ_ONLY.sample(int("ro" in part.opts.split(",")), device, mountpoint)


@dataclass(frozen=True, kw_only=True)
class DiskUsageOptions(SensorOptions):
    """Which file systems are measured."""

    path: tuple[Path, ...] = option(
        several(PATH),
        (),
        "Measure the file systems that hold these paths; without it / and all local ones.",
    )


class DiskUsage(Sensor):
    """Size, use and free space of file systems.

    Source: psutil.disk_usage(), i.e. statvfs(). Free is what ordinary users can still write;
    what is reserved for root counts in neither used nor free. Remote file systems are measured
    only when ``path`` names them.
    """

    Options = DiskUsageOptions
    options: DiskUsageOptions

    FIELDS = {
        "total": gauge("fructosa_filesystem_total_bytes", "Size.", "mountpoint"),
        "used": gauge("fructosa_filesystem_used_bytes", "In use.", "mountpoint"),
        "free": gauge(
            "fructosa_filesystem_free_bytes", "Still to be had by ordinary users.", "mountpoint"
        ),
    }
    UTILIZATION = gauge(
        "fructosa_filesystem_utilization_ratio",
        "Share of the space for ordinary users that is in use.",
        "mountpoint",
    )

    ERROR = gauge(
        "fructosa_filesystem_error",
        "1 if the file system could not be measured, else 0.",
        "mountpoint",
    )

    read = staticmethod(psutil.disk_usage)

    def __init__(
        self,
        options: DiskUsageOptions | None = None,
        read: Callable[[str], Any] | None = None,
        partitions: Callable[[], Sequence[Any]] = psutil.disk_partitions,
    ) -> None:
        super().__init__(options, read)
        self._partitions = partitions

    def samples(self) -> Iterator[Sample]:
        for path in self._paths() or local_mountpoints(self._partitions()):
            usage = self._usage(path)
            yield self.ERROR.sample(int(usage is None), path)
            if usage is None:
                continue
            for field, metric in self.FIELDS.items():
                yield metric.sample(getattr(usage, field), path)
            if usage.used + usage.free:
                yield self.UTILIZATION.sample(usage.used / (usage.used + usage.free), path)

    def _paths(self) -> list[str]:
        return list(dict.fromkeys(map(str, self.options.path)))

    def _usage(self, path: str) -> Any:
        """Return what *path* holds; None when it can't be measured: the others still can."""
        try:
            return self.read(path)
        except OSError as error:
            log.debug("DiskUsage can't measure %s: %s", path, error)
            return None


def local_mountpoints(partitions: Sequence[Any]) -> list[str]:
    """Return ``/`` and where each local device is mounted first: bind mounts repeat devices.

    Images that nobody can write to are left out.
    """
    first: dict[str, str] = {}
    for part in partitions:
        if part.fstype not in _REMOTE | _IMAGES and part.mountpoint != "/":
            first.setdefault(part.device, part.mountpoint)
    at_root = {part.device for part in partitions if part.mountpoint == "/"}
    return ["/", *sorted({path for device, path in first.items() if device not in at_root})]


class DiskIOCounters(Sensor):
    """Reads, writes, bytes and busy time of each disk and partition since boot.

    Source: psutil.disk_io_counters(), i.e. /proc/diskstats.
    """

    FIELDS = {
        "read_count": counter("fructosa_disk_reads_total", "Reads completed.", "device"),
        "write_count": counter("fructosa_disk_writes_total", "Writes completed.", "device"),
        "read_bytes": counter("fructosa_disk_read_bytes_total", "Bytes read.", "device"),
        "write_bytes": counter("fructosa_disk_written_bytes_total", "Bytes written.", "device"),
        "read_merged_count": counter(
            "fructosa_disk_reads_merged_total", "Reads merged into others.", "device"
        ),
        "write_merged_count": counter(
            "fructosa_disk_writes_merged_total", "Writes merged into others.", "device"
        ),
    }
    MILLISECONDS = {
        "read_time": counter("fructosa_disk_read_seconds_total", "Time spent on reads.", "device"),
        "write_time": counter(
            "fructosa_disk_write_seconds_total", "Time spent on writes.", "device"
        ),
        "busy_time": counter(
            "fructosa_disk_busy_seconds_total", "Time with I/O in progress.", "device"
        ),
    }

    read = staticmethod(lambda: psutil.disk_io_counters(perdisk=True, nowrap=False))

    def samples(self) -> Iterator[Sample]:
        disks = self.read()
        if not disks:
            raise SensorUnavailable("the kernel lists no disk")
        for device, counters in disks.items():
            for field, metric in self.FIELDS.items():
                yield metric.sample(getattr(counters, field), device)
            for field, metric in self.MILLISECONDS.items():
                yield metric.sample(getattr(counters, field) / 1000, device)
