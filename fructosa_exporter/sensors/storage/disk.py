"""Disks and file systems."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

import psutil

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import below_root
from fructosa_exporter.metrics import Rows, Sample, counter, gauge, info
from fructosa_exporter.sensor import CalmSensorOptions, Sensor, SensorOptions, SlowSensorOptions
from fructosa_exporter.sources.devices import DeviceFilter, KeyCache
from fructosa_exporter.sources.guarded_calls import GuardedCalls, result_or_error
from fructosa_exporter.sources.io_counters import disk_counters
from fructosa_exporter.sources.mounts import IMAGES, Mount, Mounts, is_remote, never_hanging
from fructosa_exporter.sources.mounts import SHARED as MOUNTS
from fructosa_exporter.sources.namespaces import check_root
from fructosa_service.config.kinds import PATTERN, TEXT, YES_NO, several
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import option
from fructosa_service.errors import KeyProblem

log = logging.getLogger(__name__)

NOT_MOUNTED = "{path} is not mounted in this container; bind the host's / with rbind and rslave"

# The part of the sensor's deadline that its mounts may use: the sensor must return before it.
_MOUNTS_SHARE = 0.75


class DiskPartitions(Sensor):
    """Mounted partitions: device, file system type, options, and whether they are read-only.

    Source: /proc/self/mounts, without remote and pseudo file systems.
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

    read = staticmethod(lambda: MOUNTS.local(MOUNTS()))

    def samples(self) -> Iterator[Sample]:
        # Of several mounts at one mount point, only the last is visible.
        mounts = {(part.device, part.mountpoint): part for part in self.read()}
        if not mounts:
            raise SensorUnavailable("no disk partition is mounted")
        for (device, mountpoint), part in mounts.items():
            yield self.PARTITION.sample(1, device, mountpoint, part.fstype, part.opts)
            yield self.READ_ONLY.sample(int("ro" in part.opts.split(",")), device, mountpoint)


@dataclass(frozen=True, kw_only=True)
class DiskUsageOptions(CalmSensorOptions):
    """Which file systems are measured."""

    path: tuple[Path, ...] = option(
        several(PATH),
        (),
        "Measure only the file systems that contain these paths.",
    )
    fstypes: tuple[str, ...] = option(
        several(TEXT),
        (),
        "Measure only file systems of these types, including remote and pseudo ones.",
    )
    remote: bool = option(
        YES_NO, False, "Also measure remote file systems (NFS, Lustre, FUSE, ...)."
    )

    def __post_init__(self) -> None:
        if self.path and (self.fstypes or self.remote):
            raise KeyProblem(
                "path",
                "cannot be combined with fstypes or remote; remove either path or the others",
            )


class DiskUsage(Sensor):
    """Size, used and free space of file systems.

    Source: psutil.disk_usage(), i.e. statvfs(). Free is the space available to ordinary users.
    Space reserved for root counts as neither used nor free. By default, ``/`` and all local file
    systems are measured, except read-only images (squashfs). If a file system hangs, its
    ``fructosa_filesystem_error`` is 1 until it responds again; the others are still measured.
    """

    Options = DiskUsageOptions
    options: DiskUsageOptions

    FIELDS = {
        "total": gauge("fructosa_filesystem_total_bytes", "Size of the file system.", "mountpoint"),
        "used": gauge(
            "fructosa_filesystem_used_bytes", "Used space of the file system.", "mountpoint"
        ),
        "free": gauge(
            "fructosa_filesystem_free_bytes", "Space available to ordinary users.", "mountpoint"
        ),
    }
    UTILIZATION = gauge(
        "fructosa_filesystem_utilization_ratio",
        "Used share of the space for ordinary users.",
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
        mounts: Mounts = MOUNTS,
    ) -> None:
        super().__init__(options, read)
        self._mounts = mounts
        self._calls = GuardedCalls()
        self._problems: dict[str, str] = {}

    def samples(self) -> Iterator[Sample]:
        check_root()
        mounts = self._mounts()
        paths = self._paths(mounts)
        usages = self._measure(paths, never_hanging(mounts))
        self._report({path: usages.get(path) for path in paths})
        for path in paths:
            is_error = path in self._problems
            yield self.ERROR.sample(int(is_error), path)
            if not is_error:
                yield from self._usage_samples(usages[path], path)

    def fullest(self) -> tuple[str, float] | None:
        """Return the mount point of the fullest file system, and how full it is.

        Only of those that can be written, and cannot hang; /tmp and /dev/shm in memory count.

        Raises: SensorUnavailable in a container without the host's files; OSError without /proc.
        """
        check_root()
        mounts = self._mounts()
        writable = {one.mountpoint for one in mounts if "rw" in one.opts.split(",")}
        # Of several mounts of a file system, that with the shortest path counts.
        paths = sorted(never_hanging(mounts) & writable, key=lambda path: (len(path), path))
        usages = self._measure(paths, set(paths))
        shares = ((path, _utilization(usages[path])) for path in paths)
        known = ((path, share) for path, share in shares if share is not None)
        return max(known, key=itemgetter(1), default=None)

    def _measure(self, paths: Sequence[str], safe: set[str]) -> dict[str, Any]:
        """Return the usage of the file systems at *paths*, or an error; those that hang are absent.

        Those in *safe* can't hang and are measured without a thread, whose cost would dominate.
        """
        calls = {path: partial(self._usage, path) for path in paths}
        usages = {path: result_or_error(call) for path, call in calls.items() if path in safe}
        if guarded := {path: call for path, call in calls.items() if path not in safe}:
            usages |= self._calls.results(guarded, self.options.deadline * _MOUNTS_SHARE)
        return usages

    def _usage(self, path: str) -> Any:
        """Return the usage of a file system.

        Raises: OSError, also if it is mounted on the host, but not below ``rootfs``: the sizes
        would be those of another one.
        """
        here = below_root(path)
        if here != path and not self.options.path and not os.path.ismount(here):
            raise OSError(NOT_MOUNTED.format(path=here))
        return self.read(here)

    def _report(self, usages: Mapping[str, Any]) -> None:
        """Log when a file system begins to hang or fail, and when it recovers."""
        previous, self._problems = self._problems, {}
        for path, usage in usages.items():
            if problem := _problem(usage):
                self._problems[path] = problem
                if problem != previous.get(path):
                    log.warning("file system %r %s; its sizes are missing", path, problem)
            elif path in previous:
                log.info("file system %r can be measured again", path)

    def _usage_samples(self, usage: Any, path: str) -> Iterator[Sample]:
        for field, metric in self.FIELDS.items():
            yield metric.sample(getattr(usage, field), path)
        if (share := _utilization(usage)) is not None:
            yield self.UTILIZATION.sample(share, path)

    def _paths(self, mounts: Sequence[Mount]) -> list[str]:
        options = self.options
        if options.path:
            return list(dict.fromkeys(map(str, options.path)))
        if options.fstypes:
            return mountpoints(one for one in mounts if one.fstype in options.fstypes)
        local = local_mountpoints(self._mounts.local(mounts))
        if not options.remote:
            return local
        remote = mountpoints(one for one in mounts if is_remote(one.fstype))
        return list(dict.fromkeys([*local, *remote]))


def _utilization(usage: Any) -> float | None:
    """Return the used share of the space for ordinary users; None if there is none, or an error."""
    if isinstance(usage, OSError) or not usage.used + usage.free:
        return None
    return float(usage.used / (usage.used + usage.free))


def _problem(usage: Any) -> str | None:
    """Return what is wrong with a file system; its *usage* is an error, or None if it hangs."""
    if usage is None:
        return "hangs"
    return f"cannot be measured ({usage.strerror or usage})" if isinstance(usage, OSError) else None


def mountpoints(mounts: Iterable[Mount]) -> list[str]:
    """Return the first mount point of each device, sorted; bind mounts repeat devices."""
    first: dict[str, str] = {}
    for mount in mounts:
        # Pseudo file systems have an arbitrary word as device.
        device = mount.device if "/" in mount.device or ":" in mount.device else mount.mountpoint
        first.setdefault(device, mount.mountpoint)
    return sorted(set(first.values()))


def local_mountpoints(mounts: Sequence[Mount]) -> list[str]:
    """Return ``/`` and the first mount point of each local device, without read-only images."""
    at_root = {mount.device for mount in mounts if mount.mountpoint == "/"}
    others = [
        mount for mount in mounts if mount.fstype not in IMAGES and mount.device not in at_root
    ]
    first: dict[str, str] = {}
    for mount in others:
        first.setdefault(mount.device, mount.mountpoint)
    return ["/", *sorted(set(first.values()))]


@dataclass(frozen=True, kw_only=True)
class DiskIOCountersOptions(SensorOptions):
    """Which disks are exposed."""

    include: tuple[str, ...] = option(
        several(PATTERN),
        ("*",),
        "Expose disks and partitions whose names match one of these patterns.",
    )
    exclude: tuple[str, ...] = option(
        several(PATTERN),
        ("loop*", "ram*"),
        "Exclude disks and partitions whose names match one of these patterns.",
    )


class DiskIOCounters(Sensor):
    """Reads, writes, bytes and busy time of each disk and partition since boot.

    Source: /proc/diskstats.
    """

    Options = DiskIOCountersOptions
    options: DiskIOCountersOptions

    FIELDS = {
        "read_count": counter("fructosa_disk_reads_total", "Reads completed.", "device"),
        "write_count": counter("fructosa_disk_writes_total", "Writes completed.", "device"),
        "read_bytes": counter("fructosa_disk_read_bytes_total", "Bytes read.", "device"),
        "write_bytes": counter("fructosa_disk_written_bytes_total", "Bytes written.", "device"),
        "read_merged_count": counter(
            "fructosa_disk_reads_merged_total", "Reads merged into other reads.", "device"
        ),
        "write_merged_count": counter(
            "fructosa_disk_writes_merged_total", "Writes merged into other writes.", "device"
        ),
    }
    MILLISECONDS = {
        "read_time": counter("fructosa_disk_read_seconds_total", "Time spent on reads.", "device"),
        "write_time": counter(
            "fructosa_disk_write_seconds_total", "Time spent on writes.", "device"
        ),
        "busy_time": counter(
            "fructosa_disk_busy_seconds_total",
            "Time during which I/O was in progress.",
            "device",
        ),
    }

    read = staticmethod(disk_counters)

    def __init__(self, options: DiskIOCountersOptions | None = None, read: Any = None) -> None:
        super().__init__(options, read)
        self._filter = DeviceFilter(self.options.include, self.options.exclude)
        self._keys = KeyCache(self.metrics)
        self._fields = attrgetter(*self.FIELDS)
        self._milliseconds = attrgetter(*self.MILLISECONDS)

    def samples(self) -> Iterator[Rows]:
        disks = self.read()
        if not disks:
            raise SensorUnavailable("the kernel lists no disks")
        names = self._filter.select(disks)
        values: list[float] = []
        for name in names:
            values += self._fields(disks[name])
            values += [spent_ms / 1000 for spent_ms in self._milliseconds(disks[name])]
        yield Rows(self._keys.each(names), values)
