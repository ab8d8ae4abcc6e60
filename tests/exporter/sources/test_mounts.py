"""/proc/self/mounts into mounts."""

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sources.mounts import Mount, Mounts, is_remote, parse_mounts, that_never_hang

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


def test_mounts_are_told_with_their_names_as_they_are(mounts):
    """Blanks, tabs, newlines and backslashes are escaped in the file."""
    found = mounts()

    assert Mount("/dev/sdb1", "/mnt/a b\\c\td\ne", "xfs", "ro,noatime") == found[2]
    assert ["/proc", "/", found[2].mountpoint, "/run", "/nfs", "/home"] == [
        one.mountpoint for one in found
    ]


def test_local_mounts_have_a_device_of_this_node(mounts):
    """The kernel says which types do; zfs has one all the same."""
    assert ["/dev/sda1", "/dev/sdb1", "pool/home"] == [one.device for one in mounts.local(mounts())]


def test_mounts_that_come_and_go_are_seen(mounts, tmp_path):
    """Also those of a type that came with a module meanwhile."""
    mounts.local(mounts())
    file = tmp_path / "proc/self/mounts"
    file.write_text("/dev/sda1 / ext4 rw 0 0\n/dev/sdc1 /data btrfs rw 0 0\n")
    known = tmp_path / "proc/filesystems"
    known.write_text(known.read_text() + "\tbtrfs\n")

    assert ["/dev/sda1", "/dev/sdc1"] == [one.device for one in mounts.local(mounts())]


def test_names_that_are_no_unicode_are_kept(mounts, tmp_path):
    """Each byte of them, escaped or not."""
    (tmp_path / "proc/self/mounts").write_bytes(b"/dev/a /mnt/\xff\\377\xc3\xa9\\040 ext4 rw 0 0\n")

    assert ["/mnt/\udcff\udcff\xe9 "] == [one.mountpoint for one in mounts()]


@pytest.mark.parametrize(
    ("fstype", "expected"),
    [("nfs4", True), ("lustre", True), ("fuse.sshfs", True), ("fuseblk", False), ("xfs", False)],
)
def test_some_types_have_a_server_elsewhere(fstype, expected):
    """Of FUSE nobody knows, but for disks."""
    assert expected is is_remote(fstype)


def test_some_file_systems_can_not_hang(mounts):
    """The kernel tells their sizes from memory; of mounts at one place the last is seen."""
    mounted = [*mounts(), Mount("/dev/sdz1", "/mnt/over", "ext4", "rw")]
    hidden = [*mounted, Mount("server:/y", "/mnt/over", "nfs4", "rw")]

    assert {"/", "/mnt/a b\\c\td\ne", "/run", "/mnt/over"} == that_never_hang(mounted)
    assert "/mnt/over" not in that_never_hang(hidden)


@pytest.mark.parametrize("fstype", ["nfs4", "fuse.sshfs", "autofs"])
def test_the_way_to_a_mount_may_lead_through_one_that_hangs(fstype):
    """Then it hangs as well, whatever it is itself; its neighbours don't."""
    mounted = [
        Mount("server:/x", "/home", fstype, "rw"),
        Mount("/dev/sda2", "/home/local", "ext4", "rw"),
        Mount("/dev/sda3", "/home2", "ext4", "rw"),
    ]

    assert {"/home2"} == that_never_hang(mounted)


@given(st.text())
def test_any_text_is_mounts(text):
    """What is no line of them is left out."""
    assert all(len(mount) == 4 for mount in parse_mounts(text))


def test_psutil_sees_the_same_on_this_machine():
    """But for the names of devices that it looks up elsewhere."""
    expected = {one.mountpoint for one in psutil.disk_partitions()}

    assert expected <= {one.mountpoint for one in Mounts().local(Mounts()())}
