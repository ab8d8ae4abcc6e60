"""The sensors of disks and file systems."""

import re
import threading

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors.storage.disk import (
    DiskIOCounters,
    DiskIOCountersOptions,
    DiskPartitions,
    DiskUsage,
    DiskUsageOptions,
    local_mountpoints,
)
from fructosa_exporter.sources.namespaces import OTHER_ROOT
from fructosa_service.config.kinds import several
from fructosa_service.config.path_kind import PATH
from fructosa_service.errors import KeyProblem

from ...machine import FixedMounts, full, partition, record, values


def usage(path):
    """Return the usage of a file system that is half full; ``/gone`` does not exist."""
    if path == "/gone":
        raise FileNotFoundError(path)
    return record(total=10, used=4, free=4)


def measured_mountpoints(sensor):
    """Return the mount points whose size the sensor exposes."""
    return [labels[1] for labels in values(sensor) if labels[0] == "filesystem_total_bytes"]


def sensor_for_path(text):
    """Return the sensor with the option ``path`` parsed from *text*."""
    return DiskUsage(DiskUsageOptions(path=several(PATH).parse(text)), read=usage)


def test_partitions_are_exposed_with_their_options():
    """And whether they are read-only."""
    expected = {
        ("disk_partition_info", "/dev/sda1", "/", "ext4", "ro,noatime"): 1,
        ("disk_partition_read_only", "/dev/sda1", "/"): 1,
    }
    assert expected == values(full("DiskPartitions"))


@pytest.mark.parametrize(
    ("opts", "expected"), [("rw", 0), ("ro", 1), ("rw,errors=remount-ro", 0), ("", 0)]
)
def test_read_only_is_a_whole_option(opts, expected):
    """Not a part of another option."""
    sensor = DiskPartitions(read=lambda: [partition("/dev/sda1", "/", opts=opts)])

    assert expected == values(sensor)["disk_partition_read_only", "/dev/sda1", "/"]


def test_the_last_of_several_mounts_at_one_mount_point_is_exposed():
    """It hides the others; there are no duplicate series."""
    mounts = [partition("tmpfs", "/mnt", opts="rw"), partition("tmpfs", "/mnt", opts="ro")]

    found = values(DiskPartitions(read=lambda: mounts))

    assert found["disk_partition_read_only", "tmpfs", "/mnt"] == 1
    assert len(found) == 2


def test_file_systems_are_measured_in_bytes():
    """The ratio is of the space for ordinary users; root's reserve does not count."""
    expected = {
        ("filesystem_total_bytes", "/"): 10,
        ("filesystem_used_bytes", "/"): 3,
        ("filesystem_free_bytes", "/"): 6,
        ("filesystem_utilization_ratio", "/"): 3 / 9,
        ("filesystem_error", "/"): 0,
    }
    assert expected == values(full("DiskUsage"))


def test_a_file_system_of_size_zero_has_no_utilization():
    """Such as a pseudo file system."""
    sensor = DiskUsage(
        read=lambda _: record(total=0, used=0, free=0), mounts=FixedMounts(partition("a", "/"))
    )

    assert ("filesystem_utilization_ratio", "/") not in values(sensor)


def test_only_configured_paths_are_measured():
    """In the order of the configuration."""
    assert ["/scratch", "/home"] == measured_mountpoints(sensor_for_path("/scratch, /home"))


@pytest.mark.parametrize("text", ["/home, /home", "/home\n/home/"])
def test_a_path_that_is_configured_twice_is_measured_once(text):
    """A page must not have duplicate series."""
    assert ["/home"] == measured_mountpoints(sensor_for_path(text))


def test_a_file_system_that_can_not_be_measured_costs_only_itself():
    """Its error is 1; the others are exposed."""
    found = values(sensor_for_path("/gone, /home"))

    assert found["filesystem_error", "/gone"] == 1
    assert found["filesystem_error", "/home"] == 0
    assert ("filesystem_total_bytes", "/gone") not in found
    assert found["filesystem_total_bytes", "/home"] == 10


def test_in_a_container_file_systems_are_measured_below_rootfs(tmp_path, paths):
    """One that is not mounted there is an error: its sizes would be those of another."""
    paths(rootfs="/")
    mounts = FixedMounts(partition("/dev/a", "/"), partition("/dev/b", "/boot"))
    paths(rootfs=str(tmp_path))
    asked = []

    found = values(DiskUsage(read=lambda path: asked.append(path) or usage("/home"), mounts=mounts))

    assert {1} == {value for key, value in found.items() if key[0] == "filesystem_error"}
    assert [] == asked
    paths(rootfs="/proc/self/root")
    found = values(DiskUsage(read=lambda path: asked.append(path) or usage("/home"), mounts=mounts))
    assert 0 == found["filesystem_error", "/"]
    assert ["/proc/self/root/"] == asked


def test_in_a_container_without_rootfs_they_are_unavailable(tmp_path, paths):
    """Those of the container are not the node's."""
    (tmp_path / "self").symlink_to("1")
    paths(str(tmp_path))

    with pytest.raises(SensorUnavailable, match=re.escape(OTHER_ROOT)):
        values(DiskUsage(read=usage, mounts=FixedMounts(partition("/dev/a", "/"))))


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ([], ["/"]),
        ([partition("/dev/a", "/")], ["/"]),
        ([partition("/dev/a", "/"), partition("/dev/b", "/home")], ["/", "/home"]),
        ([partition("/dev/a", "/"), partition("/dev/a", "/bind")], ["/"]),
        ([partition("/dev/b", "/home"), partition("/dev/b", "/bind")], ["/", "/home"]),
        ([partition("/dev/b", "/b"), partition("/dev/a", "/a")], ["/", "/a", "/b"]),
        ([partition("/dev/loop0", "/snap/core", "squashfs")], ["/"]),
    ],
)
def test_local_file_systems_are_measured_by_default(mounts, expected):
    """Each device once; read-only images are always full."""
    sensor = DiskUsage(read=usage, mounts=FixedMounts(*mounts))

    assert expected == local_mountpoints(mounts)
    assert expected == measured_mountpoints(sensor)


PSEUDO = [
    partition("server:/x", "/nfs", "nfs4"),
    partition("server:/x", "/nfs/again", "nfs4"),
    partition("mds@tcp:/fs", "/lustre", "lustre"),
    partition("tmpfs", "/run", "tmpfs"),
    partition("tmpfs", "/dev/shm", "tmpfs"),
    partition("sshfs", "/mnt", "fuse.sshfs"),
]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["/"]),
        ({"remote": True}, ["/", "/lustre", "/mnt", "/nfs"]),
        ({"fstypes": ("tmpfs",)}, ["/dev/shm", "/run"]),
        ({"fstypes": ("ext4", "nfs4")}, ["/", "/nfs"]),
        ({"fstypes": ("xfs",)}, []),
    ],
)
def test_remote_and_pseudo_file_systems_are_measured_only_if_configured(options, expected):
    """A remote file system might hang; a pseudo one is rarely of interest."""
    mounts = FixedMounts(partition("/dev/a", "/"), pseudo=PSEUDO)

    assert expected == measured_mountpoints(DiskUsage(DiskUsageOptions(**options), usage, mounts))


def test_path_can_not_be_combined_with_fstypes_or_remote():
    """It would be unclear which one applies."""
    with pytest.raises(KeyProblem, match="combined with fstypes or remote"):
        DiskUsageOptions(path=("/",), remote=True)


def test_a_file_system_that_hangs_costs_only_itself():
    """Its error is 1 until it responds again; the others are measured meanwhile."""
    may_end, made = threading.Event(), []

    def hang(path):
        if path == "/hangs":
            made.append(path)
            assert may_end.wait(30)
        return usage(path)

    options = DiskUsageOptions(path=("/hangs", "/home"), deadline=0.4)
    sensor = DiskUsage(options, hang)
    during = [values(sensor) for _ in range(3)]
    may_end.set()
    after = values(sensor)
    while after["filesystem_error", "/hangs"]:  # its thread may still be on the way back
        after = values(sensor)

    for found in during:
        assert found["filesystem_error", "/hangs"] == 1
        assert ("filesystem_total_bytes", "/hangs") not in found
        assert found["filesystem_total_bytes", "/home"] == 10
    assert after["filesystem_total_bytes", "/hangs"] == 10
    assert len(made) >= 2


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (("*",), (), ["sda", "sda1", "loop0"]),
        (("*",), ("loop*", "ram*"), ["sda", "sda1"]),
        (("sd?",), (), ["sda"]),
        (("sd*",), ("*1",), ["sda"]),
    ],
)
def test_disks_are_selected_by_patterns(include, exclude, expected):
    """Those of a shell."""
    counters = record(**dict.fromkeys([*DiskIOCounters.FIELDS, *DiskIOCounters.MILLISECONDS], 1))
    options = DiskIOCountersOptions(include=include, exclude=exclude)
    sensor = DiskIOCounters(options, read=lambda: dict.fromkeys(("sda", "sda1", "loop0"), counters))

    assert expected == [labels[1] for labels in values(sensor) if "reads_total" in labels[0]]


def test_disks_have_counts_bytes_and_seconds():
    """psutil's milliseconds become seconds."""
    expected = {
        ("disk_reads_total", "sda"): 1,
        ("disk_writes_total", "sda"): 2,
        ("disk_read_bytes_total", "sda"): 3,
        ("disk_written_bytes_total", "sda"): 4,
        ("disk_read_seconds_total", "sda"): 0.005,
        ("disk_write_seconds_total", "sda"): 0.006,
        ("disk_reads_merged_total", "sda"): 7,
        ("disk_writes_merged_total", "sda"): 8,
        ("disk_busy_seconds_total", "sda"): 0.009,
    }
    assert expected == values(full("DiskIOCounters"))


@pytest.mark.parametrize("reading", [{}, None])
def test_the_sensor_is_unavailable_without_disks(reading):
    """As on a diskless node."""
    with pytest.raises(SensorUnavailable, match="no disk"):
        values(DiskIOCounters(read=lambda: reading))


def test_the_sensor_is_unavailable_without_partitions():
    """As in a container."""
    with pytest.raises(SensorUnavailable, match="no disk partition"):
        values(DiskPartitions(read=list))
