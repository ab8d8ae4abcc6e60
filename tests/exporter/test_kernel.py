"""Files of the kernel, recorded or real."""

import os

import psutil
import pytest

from fructosa_exporter.kernel import Kernel, below_root, is_root_known

from .recorded import unpack


@pytest.fixture
def kernel(tmp_path):
    """A tree of a few files."""
    tree = """# Made up for this test.
== /proc/loadavg
0.10 0.20  0.30

1/2
== /sys/class/net/eth10/speed
 1000
== /sys/class/net/eth9/speed
N/A
== /sys/class/net/eth1/speed !
== /sys/class/net/alias -> eth10
"""
    unpack(tree, tmp_path)
    return Kernel(tmp_path)


def test_a_file_is_read_by_its_path_on_linux(kernel):
    """Whatever the root of the recorded tree."""
    assert kernel.text("/proc/loadavg") == "0.10 0.20  0.30\n\n1/2\n"


def test_lines_are_split_into_words(kernel):
    """Empty lines are left out."""
    assert [["0.10", "0.20", "0.30"], ["1/2"]] == list(kernel.lines("/proc/loadavg"))


@pytest.mark.parametrize(
    ("interface", "expected"),
    [("eth10", 1000), ("alias", 1000), ("eth9", None), ("eth1", None), ("gone", None)],
)
def test_a_missing_number_is_none(kernel, interface, expected):
    """If the file is missing, can't be read or holds no number."""
    assert expected == kernel.number(f"/sys/class/net/{interface}/speed")


@pytest.mark.parametrize(
    ("text", "number", "count"),
    [
        ("0", 0, 0),
        ("18446744073709551615", 2**64 - 1, 2**64 - 1),
        ("18446744073709551616", None, None),
        ("-1", -1, None),
        ("9" * 5000, None, None),
        ("1_000", None, None),
        ("0x10", None, None),
        ("", None, None),
    ],
)
def test_numbers_have_64_bits(tmp_path, text, number, count):
    """Counts are never negative."""
    unpack(f"\n== /proc/x\n{text}\n", tmp_path)
    kernel = Kernel(tmp_path)

    assert (number, count) == (kernel.number("/proc/x"), kernel.count("/proc/x"))


def test_names_are_in_natural_order(kernel):
    """9 comes before 10."""
    assert ["alias", "eth1", "eth9", "eth10"] == kernel.names("/sys/class/net")
    assert [] == kernel.names("/sys/class/infiniband")


def test_a_path_is_followed_through_its_links(kernel, tmp_path):
    """To nothing if something is missing on the way."""
    assert str(tmp_path / "sys/class/net/eth10/speed") == kernel.real_path(
        "/sys/class/net/alias/speed"
    )
    assert kernel.real_path("/sys/class/net/gone") is None
    assert [True, False] == [kernel.exists(f"/sys/class/net/{name}") for name in ("alias", "gone")]


def test_reading_the_text_of_a_missing_file_is_an_error(kernel):
    """Only numbers, words and folders are optional."""
    with pytest.raises(FileNotFoundError):
        kernel.text("/proc/stat")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_missing_permission_is_an_error(kernel, tmp_path):
    """It does not mean that the machine lacks something."""
    (tmp_path / "sys/class/net/eth10/speed").chmod(0)

    with pytest.raises(PermissionError):
        kernel.number("/sys/class/net/eth10/speed")


def test_files_are_those_of_the_machine_that_is_named(kernel, tmp_path, paths):
    """Also for psutil; other files are of this process itself."""
    paths(str(tmp_path / "proc"), str(tmp_path / "sys"), "/host")

    assert Kernel().text("/proc/loadavg").startswith("0.10")
    assert Kernel().number("/sys/class/net/eth10/speed") == 1000
    assert Kernel().path("/etc/os-release") == "/host/etc/os-release"
    assert Kernel().path("/var/lib/my.prom") == "/var/lib/my.prom"
    assert psutil.PROCFS_PATH == str(tmp_path / "proc")


def test_what_the_kernel_shows_of_a_process_itself_is_read_of_process_1(tmp_path, paths):
    """In the /proc of a host, this process is a container's; a copy of files has no process 1."""
    paths(str(tmp_path))
    copied = [Kernel().path(path) for path in ("/proc/net/dev", "/proc/self/mounts")]
    (tmp_path / "self").symlink_to("1234")

    shown = [Kernel().path(path) for path in ("/proc/net/dev", "/proc/self/mounts", "/proc/stat")]

    assert [f"{tmp_path}/{name}" for name in ("net/dev", "self/mounts")] == copied
    assert [f"{tmp_path}/{name}" for name in ("1/net/dev", "1/mounts", "stat")] == shown


def test_files_of_a_machine_are_known_if_its_root_is(tmp_path, paths):
    """Else they would be those of the container."""
    (tmp_path / "self").symlink_to("1234")
    assert is_root_known()

    paths(str(tmp_path))
    assert not is_root_known()

    paths(str(tmp_path), rootfs="/host")
    assert is_root_known()
    assert below_root("/boot") == "/host/boot"


def test_invalid_utf8_is_kept(tmp_path):
    """Names of processes and mounts may be any bytes."""
    unpack("\n== /proc/x\ny\n", tmp_path)
    (tmp_path / "proc/x").write_bytes(b"\xff\n")

    assert Kernel(tmp_path).text("/proc/x") == "\udcff\n"
