"""Parsing and classification of mounts."""

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sources.mounts import Mount, Mounts, is_remote, never_hanging, parse_mounts

from ..recorded import unpack

TREE = r"""# Made up for this test, in the form of proc_pid_mounts(5).
== /proc/self/mounts
proc /proc proc rw,relatime 0 0
/dev/sda1 / ext4 rw 0 0
/dev/sdb1 /mnt/a\040b\134c\011d\012e xfs ro,noatime 0 0
tmpfs /run tmpfs rw 0 0
server:/x /nfs nfs4 rw,hard 0 0
pool/home /home zfs rw 0 0
half a line
== /proc/filesystems
nodev	proc
nodev	tmpfs
	ext4
	xfs
nodev	nfs4
nodev	zfs
"""


@pytest.fixture
def mounts(tmp_path):
    """Mounts of a recorded machine."""
    unpack(TREE, tmp_path)
    return Mounts(Kernel(tmp_path))


def test_names_of_mounts_are_unescaped(mounts):
    """Spaces, tabs, newlines and backslashes are escaped in the file."""
    parsed = mounts()

    assert Mount("/dev/sdb1", "/mnt/a b\\c\td\ne", "xfs", "ro,noatime") == parsed[2]
    assert ["/proc", "/", parsed[2].mountpoint, "/run", "/nfs", "/home"] == [
        mount.mountpoint for mount in parsed
    ]


def test_local_mounts_have_a_device_of_this_node(mounts):
    """The kernel lists the types that have one; zfs is added."""
    assert ["/dev/sda1", "/dev/sdb1", "pool/home"] == [one.device for one in mounts.local(mounts())]


def test_changed_mounts_are_read_again(mounts, tmp_path):
    """Also if a kernel module has added the type meanwhile."""
    mounts.local(mounts())
    file = tmp_path / "proc/self/mounts"
    file.write_text("/dev/sda1 / ext4 rw 0 0\n/dev/sdc1 /data btrfs rw 0 0\n")
    known = tmp_path / "proc/filesystems"
    known.write_text(known.read_text() + "\tbtrfs\n")

    assert ["/dev/sda1", "/dev/sdc1"] == [one.device for one in mounts.local(mounts())]


def test_names_may_be_invalid_utf8(mounts, tmp_path):
    """All their bytes are kept, escaped or not."""
    (tmp_path / "proc/self/mounts").write_bytes(b"/dev/a /mnt/\xff\\377\xc3\xa9\\040 ext4 rw 0 0\n")

    assert ["/mnt/\udcff\udcff\xe9 "] == [one.mountpoint for one in mounts()]


@pytest.mark.parametrize(
    ("fstype", "expected"),
    [("nfs4", True), ("lustre", True), ("fuse.sshfs", True), ("fuseblk", False), ("xfs", False)],
)
def test_remote_file_systems_are_known_by_type(fstype, expected):
    """FUSE counts as remote, except fuseblk."""
    assert expected is is_remote(fstype)


def test_some_file_systems_never_hang(mounts):
    """Of several mounts on the same mount point, the last one counts."""
    mounted = [*mounts(), Mount("/dev/sdz1", "/mnt/over", "ext4", "rw")]
    hidden = [*mounted, Mount("server:/y", "/mnt/over", "nfs4", "rw")]

    assert {"/", "/mnt/a b\\c\td\ne", "/run", "/mnt/over"} == never_hanging(mounted)
    assert "/mnt/over" not in never_hanging(hidden)


@pytest.mark.parametrize("fstype", ["nfs4", "fuse.sshfs", "autofs"])
def test_a_mount_below_a_remote_one_may_hang(fstype):
    """Whatever its own type; its neighbours don't."""
    mounted = [
        Mount("server:/x", "/home", fstype, "rw"),
        Mount("/dev/sda2", "/home/local", "ext4", "rw"),
        Mount("/dev/sda3", "/home2", "ext4", "rw"),
    ]

    assert {"/home2"} == never_hanging(mounted)


@given(st.text())
def test_any_text_is_parsed(text):
    """Invalid lines are left out."""
    assert all(len(mount) == 4 for mount in parse_mounts(text))


def test_psutil_sees_the_same_on_this_machine():
    """Except for names of devices, which psutil gets from another source."""
    expected = {one.mountpoint for one in psutil.disk_partitions()}

    assert expected <= {one.mountpoint for one in Mounts().local(Mounts()())}
