"""Disks and file systems."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import psutil

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Rows, Sample, counter, gauge, info
from fructosa_exporter.sensor import CalmSensorOptions, Sensor, SensorOptions, SlowSensorOptions
from fructosa_exporter.sources.devices import DeviceFilter, KeyCache
from fructosa_exporter.sources.guarded_calls import GuardedCalls, result_or_error
from fructosa_exporter.sources.io_counters import disk_counters
from fructosa_exporter.sources.mounts import IMAGES, Mount, Mounts, is_remote, never_hanging
from fructosa_exporter.sources.mounts import SHARED as MOUNTS
from fructosa_service.config.kinds import PATTERN, TEXT, YES_NO, several
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import option
from fructosa_service.errors import KeyProblem

log = logging.getLogger(__name__)

# Of the sensor's deadline, what its mounts have: it must return before that itself.
_MOUNTS_SHARE = 0.75


class DiskPartitions(Sensor):
    """The mounted partitions: device, file system, options, and whether they are read-only.

    Source: /proc/self/mounts, but for remote and pseudo file systems.
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
        # Of mounts on top of one another at one place the last is the one that is seen.
        mounts = {(part.device, part.mountpoint): part for part in self.read()}
        if not mounts:
            raise SensorUnavailable("no partition of a disk is mounted")
        for (device, mountpoint), part in mounts.items():
            yield self.PARTITION.sample(1, device, mountpoint, part.fstype, part.opts)
            yield self.READ_ONLY.sample(int("ro" in part.opts.split(",")), device, mountpoint)


@dataclass(frozen=True, kw_only=True)
class DiskUsageOptions(CalmSensorOptions):
    """Which file systems are measured."""

    path: tuple[Path, ...] = option(
        several(PATH),
        (),
        "Measure the file systems that hold these paths, and no others.",
    )
    fstypes: tuple[str, ...] = option(
        several(TEXT),
        (),
        "Measure the mounts of these types alone; remote and pseudo ones too, if they are named.",
    )
    remote: bool = option(
        YES_NO, False, "Measure remote file systems (NFS, Lustre, FUSE, ...) as well."
    )

    def __post_init__(self) -> None:
        if self.path and (self.fstypes or self.remote):
            raise KeyProblem("path", "says all; leave out fstypes and remote, or the paths")


class DiskUsage(Sensor):
    """Size, use and free space of file systems.

    Source: psutil.disk_usage(), i.e. statvfs(). Free is what ordinary users can still write;
    what is reserved for root counts in neither used nor free. Without options ``/`` and all
    local file systems are measured, but for images that nobody can write to (squashfs). One that
    hangs costs only itself: it has ``fructosa_filesystem_error`` 1 until it answers again.
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
        mounts: Mounts = MOUNTS,
    ) -> None:
        super().__init__(options, read)
        self._mounts = mounts
        self._calls = GuardedCalls()
        self._problems: dict[str, str] = {}

    def samples(self) -> Iterator[Sample]:
        mounts = self._mounts()
        paths = self._paths(mounts)
        found = self._measured(paths, never_hanging(mounts))
        self._report({path: found.get(path) for path in paths})
        for path in paths:
            is_error = path in self._problems
            yield self.ERROR.sample(int(is_error), path)
            if not is_error:
                yield from self._of(found[path], path)

    def _measured(self, paths: Sequence[str], at_once: set[str]) -> dict[str, Any]:
        """Return the use of the file systems at *paths*, or an error; none of those that hang.

        Those in *at_once* can't, and need no thread: it would cost more than all else.
        """
        calls = {path: partial(self.read, path) for path in paths}
        found = {path: result_or_error(call) for path, call in calls.items() if path in at_once}
        if watched := {path: call for path, call in calls.items() if path not in at_once}:
            found |= self._calls.results(watched, self.options.deadline * _MOUNTS_SHARE)
        return found

    def _report(self, found: Mapping[str, Any]) -> None:
        """Log when a file system begins to hang or to fail, and when that is over."""
        before, self._problems = self._problems, {}
        for path, usage in found.items():
            if problem := _problem(usage):
                self._problems[path] = problem
                if problem != before.get(path):
                    log.warning("file system %r %s; its sizes are missing", path, problem)
            elif path in before:
                log.info("file system %r can be measured again", path)

    def _of(self, usage: Any, path: str) -> Iterator[Sample]:
        for field, metric in self.FIELDS.items():
            yield metric.sample(getattr(usage, field), path)
        if usage.used + usage.free:
            yield self.UTILIZATION.sample(usage.used / (usage.used + usage.free), path)

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


def _problem(usage: Any) -> str | None:
    """Return what is wrong where *usage* is an error, or None, as it did not come in time."""
    if usage is None:
        return "hangs"
    return f"can't be measured ({usage.strerror or usage})" if isinstance(usage, OSError) else None


def mountpoints(mounts: Iterable[Mount]) -> list[str]:
    """Return where each device is mounted first, in order: bind mounts repeat devices."""
    first: dict[str, str] = {}
    for mount in mounts:
        # Pseudo file systems have a word in place of a device, which says nothing.
        device = mount.device if "/" in mount.device or ":" in mount.device else mount.mountpoint
        first.setdefault(device, mount.mountpoint)
    return sorted(set(first.values()))


def local_mountpoints(mounts: Sequence[Mount]) -> list[str]:
    """Return ``/`` and where each local device is mounted first.

    Images that nobody can write to are left out.
    """
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
    """Which disks are told of."""

    include: tuple[str, ...] = option(
        several(PATTERN), ("*",), "Tell of disks and partitions whose names match one of these."
    )
    exclude: tuple[str, ...] = option(
        several(PATTERN), ("loop*", "ram*"), "But not of those whose names match one of these."
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
            raise SensorUnavailable("the kernel lists no disk")
        names = self._filter.select(disks)
        values: list[float] = []
        for name in names:
            values += self._fields(disks[name])
            values += [spent_ms / 1000 for spent_ms in self._milliseconds(disks[name])]
        yield Rows(self._keys.each(names), values)
