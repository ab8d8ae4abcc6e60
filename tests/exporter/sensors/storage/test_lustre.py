"""The sensor Lustre."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.storage.lustre import Lustre, mount_counts

from ...machine import values
from ...recorded import changed, kernel

DEBUG = "/sys/kernel/debug/lustre/llite"
MOUNT = "a361000-ffff8b524be17800"
OTHER = "ai400x2-ff47bce9ca35d800"


def operations(filesystem, **counts):
    """Return the samples of these operations."""
    return {("lustre_operations_total", filesystem, name): count for name, count in counts.items()}


def counts_of(text):
    """Return the counts in the lines of *text*."""
    return mount_counts([words for line in text.split("\n") if (words := line.split())])


def test_bytes_and_operations_of_each_file_system():
    """Counts of cache hits and times are ignored; the file system has its name on the servers."""
    expected = {
        ("lustre_read_bytes_total", "a361000"): 44179456,
        ("lustre_write_bytes_total", "a361000"): 44204032,
        **operations(
            "a361000",
            read=16,
            write=16,
            ioctl=2,
            open=434,
            close=434,
            seek=2,
            fsync=12,
            readdir=20,
            getattr=897,
            unlink=205,
            mkdir=4,
            rmdir=2,
            mknod=410,
            statfs=1,
            getxattr=76,
            inode_permission=7576,
        ),
        **operations("ai400x2", ioctl=114, open=35955554, setxattr=1),
    }
    assert expected == values(Lustre(read=kernel("lustre")))


def test_mounts_of_one_file_system_are_summed():
    """In /proc, as with older versions, where the lines of bytes have the number of reads."""
    expected = {
        ("lustre_read_bytes_total", "lustrefs"): 48567943168 + 4194304,
        ("lustre_write_bytes_total", "lustrefs"): 107462907658240 + 93813797294080,
        **operations(
            "lustrefs",
            read=46318 + 1,
            write=102484615 + 89467810,
            open=10271 + 136,
            close=10267 + 96,
            seek=20,
            readdir=30,
            truncate=10171,
            getattr=224,
            unlink=20,
            statfs=57491,
            alloc_inode=80,
            getxattr=102495000,
            removexattr=10171,
            inode_permission=21245,
        ),
    }
    assert expected == values(Lustre(read=kernel("lustre-proc")))


@pytest.mark.parametrize("folder", ["/proc/fs/lustre", "/sys/fs/lustre/llite", "/proc"])
def test_the_sensor_is_unavailable_without_lustre_mounts(tmp_path, folder):
    """Whether Lustre is loaded or not; debugfs, which is often not accessible, is not read."""
    (tmp_path / folder.lstrip("/")).mkdir(parents=True)

    with pytest.raises(SensorUnavailable, match="no Lustre file system is mounted"):
        values(Lustre(read=Kernel(tmp_path)))


@pytest.mark.parametrize("files", [{f"{DEBUG}/{MOUNT}/stats": None}, {f"{DEBUG}/{MOUNT}": None}])
def test_a_mount_that_is_removed_while_it_is_read_costs_only_itself(tmp_path, files):
    """It is listed, but its statistics no longer exist."""
    found = values(Lustre(read=changed("lustre", tmp_path, files)))

    assert operations("ai400x2", ioctl=114, open=35955554, setxattr=1) == found


def test_unreadable_statistics_cost_only_their_mount(tmp_path):
    """A folder is in their place."""
    read = changed("lustre", tmp_path, {f"{DEBUG}/{OTHER}/stats": None})
    (tmp_path / DEBUG.lstrip("/") / OTHER / "stats").mkdir()

    assert {"a361000"} == {labels[1] for labels in values(Lustre(read=read))}


def test_the_sensor_is_unavailable_without_statistics(tmp_path):
    """As if debugfs is not mounted, which the message mentions."""
    read = changed("lustre", tmp_path, {DEBUG: None})

    with pytest.raises(SensorUnavailable, match="debugfs is mounted"):
        values(Lustre(read=read))


class Closed(Kernel):
    """A machine as seen by a user other than root."""

    def content(self, path):
        """Return the content of a file that is not in debugfs."""
        if path.startswith("/sys/kernel/debug"):
            raise PermissionError(path)
        return super().content(path)


def test_debugfs_without_permission_is_a_permission_error(tmp_path):
    """Lustre is mounted, so it is an error, even if another mount can be read."""
    changed("lustre", tmp_path, {})

    with pytest.raises(PermissionError):
        values(Lustre(read=Closed(tmp_path)))


@pytest.mark.parametrize(
    ("mount", "expected"),
    [("scratch-ffff88", "scratch"), ("my-fs-ffff88", "my-fs"), ("scratch", "scratch")],
)
def test_the_file_system_is_the_part_before_the_address_of_the_mount(tmp_path, mount, expected):
    """The name may contain a hyphen."""
    read = changed(
        "lustre-proc", tmp_path, {f"/proc/fs/lustre/llite/{mount}/stats": "open 1 samples"}
    )

    assert values(Lustre(read=read))["lustre_operations_total", expected, "open"] == 1


def test_a_mount_with_an_invalid_utf8_name_is_exposed(tmp_path):
    """Names are bytes."""
    folder = os.fsencode(tmp_path) + b"/proc/fs/lustre/llite/\xff-f8"
    os.makedirs(folder)  # noqa: PTH103 - a name that is no text
    with open(folder + b"/stats", "w") as file:  # noqa: PTH123
        file.write("open 1 samples [regs]\n")

    assert operations("\udcff", open=1) == values(Lustre(read=Kernel(tmp_path)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("open", {}),
        ("open 5", {}),
        ("open 5 samples", {"open": 5}),
        ("open x samples [regs]", {}),
        ("open -5 samples [regs]", {}),
        (f"open {'9' * 21} samples [regs]", {}),
        ("open ٥ samples [regs]", {}),
        ("open 5 apples [regs]", {}),
        ("user_made_this 5 samples [regs]", {}),
        ("snapshot_time 5.5 secs.nsecs", {}),
        ("read_bytes 5 samples [bytes] 1 2", {"read": 5}),
        ("read_bytes 5 samples [bytes] 1 2 7", {"read": 5, "read_bytes": 7}),
        ("read_bytes 5 samples [bytes] 1 2 -7", {"read": 5}),
        ("read_bytes 5 samples [pages] 1 2 7", {}),
        ("read 4 samples [usec]\nread_bytes 5 samples [bytes] 1 2 7", {"read": 4, "read_bytes": 7}),
    ],
)
def test_invalid_lines_have_no_sample(text, expected):
    """Truncated, not a number, or unknown."""
    assert expected == counts_of(text)


WORDS = st.sampled_from(["open", "read_bytes", "samples", "[bytes]", "1", "-1", "1e9", "\udcff"])


@given(st.lists(st.lists(WORDS | st.text(), min_size=1)))
def test_any_lines_are_parsed(lines):
    """No count is negative or far beyond 64 bits."""
    assert all(0 <= count < 10**20 for count in mount_counts(lines).values())
