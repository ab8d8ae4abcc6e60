"""The sensor NFSClient."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors.storage.nfs import NFSClient, version_4_names

from ...machine import values
from ...recorded import changed, kernel

FILE = "/proc/net/rpc/nfs"


def version_4_values(folder, counts):
    """Return the operations of version 4 for a kernel that reports these *counts*."""
    text = f"proc4 {len(counts)} {' '.join(map(str, counts))}\n"
    found = values(NFSClient(read=changed("nfs", folder, {FILE: text})))
    return {labels[2]: count for labels, count in found.items()}


def test_calls_and_operations():
    """Only operations that have been called; version 2 is ignored."""
    operations = {
        "3": {
            "null": 1,
            "getattr": 4084749,
            "setattr": 29200,
            "lookup": 94754,
            "access": 32580,
            "readlink": 186,
            "read": 47747,
            "write": 7981,
            "create": 8639,
            "symlink": 6356,
            "remove": 6962,
            "rename": 7958,
            "readdirplus": 241,
            "fsstat": 4,
            "fsinfo": 4,
            "pathconf": 2,
            "commit": 39,
        },
        "4": {"null": 1, "setclientid": 1, "setclientid_confirm": 1, "remove": 2},
    }

    found = values(NFSClient(read=kernel("nfs")))

    expected = {
        ("nfs_client_rpc_calls_total",): 4329785,
        ("nfs_client_rpc_retransmissions_total",): 0,
        ("nfs_client_rpc_authentication_refreshes_total",): 4338291,
    } | {
        ("nfs_client_operations_total", version, operation): count
        for version, counts in operations.items()
        for operation, count in counts.items()
    }
    assert expected == found


def test_the_sensor_is_unavailable_without_the_nfs_client(tmp_path):
    """The file exists only while the module is loaded."""
    sensor = NFSClient(read=changed("nfs", tmp_path, {FILE: None}))

    with pytest.raises(SensorUnavailable, match="NFS client is not loaded"):
        values(sensor)


@pytest.mark.parametrize(
    ("number", "position", "expected"),
    [
        (53, 36, "secinfo"),  # Linux 3.12
        (54, 37, "fsid_present"),  # 3.13
        (54, 53, "destroy_clientid"),
        (60, 59, "copy"),  # 4.7
        (61, 60, "lookupp"),  # 4.14
        (62, 60, "offload_cancel"),  # 4.20
        (62, 61, "lookupp"),
        (64, 63, "copy_notify"),  # 5.6
        (69, 68, "read_plus"),  # 5.10
        (70, 69, "offload_status"),  # 6.15
        (71, 56, "deallocate"),  # 6.16
        (71, 57, "zero_range"),
        (71, 70, "offload_status"),
    ],
)
def test_names_of_version_4_depend_on_the_number_of_operations(
    tmp_path, number, position, expected
):
    """Kernels have inserted new operations between the others."""
    counts = [0] * number
    counts[position] = 5

    assert {expected: 5} == version_4_values(tmp_path, counts)


@pytest.mark.parametrize(("number", "known"), [(48, 37), (53, 37), (72, 57), (10**6, 57)])
def test_operations_at_unknown_positions_are_summed_up(tmp_path, number, known):
    """In unknown kernels, only the first positions are certain; no call is lost."""
    found = version_4_values(tmp_path, [1] * number)

    assert number - known == found.pop("other")
    assert known == len(found) == len(version_4_names([str(number)]))


def test_operation_names_are_unique():
    """For every number of operations."""
    for number in range(80):
        names = version_4_names([str(number)])
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("\n\n", {}),
        ("rpc\n", {}),
        ("rpc 1", {("nfs_client_rpc_calls_total",): 1}),
        ("rpc x -1 3", {("nfs_client_rpc_authentication_refreshes_total",): 3}),
        (f"rpc {'9' * 5000} ١ 1_0", {}),
        ("proc3\nproc4\n", {}),
        ("proc3 22 0 7", {("nfs_client_operations_total", "3", "getattr"): 7}),
        ("proc3 99 " + "0 " * 22 + "7", {("nfs_client_operations_total", "3", "other"): 7}),
        ("proc4 72 " + "0 " * 72, {}),
        ("proc4 61", {}),
        ("proc4 many 0 7", {("nfs_client_operations_total", "4", "read"): 7}),
        ("proc4 69 0 ? 7", {("nfs_client_operations_total", "4", "write"): 7}),
        ("proc5 1 7\n?\n", {}),
    ],
)
def test_invalid_counts_have_no_sample(tmp_path, text, expected):
    """Truncated, not a number, or too large."""
    assert expected == values(NFSClient(read=changed("nfs", tmp_path, {FILE: text})))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    content=st.binary() | st.lists(st.sampled_from([b"rpc", b"proc4", b"61", b"\n"])).map(b" ".join)
)
def test_any_content_is_parsed(tmp_path, content):
    """No error is raised."""
    (tmp_path / "proc/net/rpc").mkdir(parents=True, exist_ok=True)
    (tmp_path / FILE.lstrip("/")).write_bytes(content)
    read = type(kernel("nfs"))(tmp_path)

    list(NFSClient(read=read).samples())
