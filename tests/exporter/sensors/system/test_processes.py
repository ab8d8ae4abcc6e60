"""The sensors of processes and of open files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.system.processes import FileDescriptors, Processes, process_state

from ...machine import values
from ...recorded import changed, kernel

STATES = {
    "running": 1,
    "sleeping": 3,
    "disk_sleep": 1,
    "stopped": 1,
    "tracing_stop": 1,
    "zombie": 1,
    "dead": 0,
    "idle": 1,
    "parked": 0,
    "other": 0,
}


def states(found):
    """Return the number of processes by state."""
    return {key[1]: value for key, value in found.items() if key[0] == "processes"}


def test_processes_are_counted_by_state():
    """States without processes are zero."""
    found = values(Processes(read=kernel("processes")))

    expected = {
        ("process_ids_limit",): 32768,
        ("process_threads_limit",): 192729,
    }
    assert states(found) == STATES
    assert expected == {key: found[key] for key in found if key[0] != "processes"}


@pytest.mark.parametrize(
    ("stat", "expected"),
    [
        (b"7 (sh) S 1 7", "sleeping"),
        (b"7 (a b) R 1 7", "running"),
        (b"7 (a) S (b) Z 1 7", "zombie"),
        (b"7 (a)\nD 1) T 1 7", "stopped"),
        (b"7 (\xff\xfe) I 2 0", "idle"),
        (b"7 () t 2 0", "tracing_stop"),
        (b"7 (sh) x 1 7", "dead"),
        (b"7 (sh) W 1 7", "other"),
        (b"7 (sh) S", "sleeping"),
        (b"7 (sh) ", None),
        (b"7 (sh)", None),
        (b"7 (sh)S 1", None),
        (b"7 (sh) 12 1", None),
        (b"7 (sh", None),
        (b"", None),
        (b"\x00", None),
    ],
)
def test_the_state_follows_the_name(stat, expected):
    """A process can set its name to anything."""
    assert expected == process_state(stat)


@given(name=st.binary(), letter=st.sampled_from("RSDTtZXI"), rest=st.integers())
def test_no_name_changes_the_state(name, letter, rest):
    """Whatever it contains."""
    expected = process_state(b"1 (sh) %c 1" % ord(letter))

    assert expected == process_state(b"1 (%b) %c %d" % (name, ord(letter), rest))


@given(st.binary())
def test_any_content_is_parsed(stat):
    """The result is a known state or None."""
    assert process_state(stat) in {*STATES, None}


def test_a_process_that_ends_after_the_listing_is_not_counted(tmp_path):
    """The others are."""
    read = changed("processes", tmp_path, {"/proc/43/stat": None})
    (tmp_path / "proc/44/stat").unlink()
    (tmp_path / "proc/44/stat").symlink_to("gone")

    assert {**STATES, "stopped": 0, "tracing_stop": 0} == states(values(Processes(read=read)))


def test_a_process_that_ends_while_it_is_read_is_not_counted():
    """The kernel then returns ESRCH."""

    class Ending(Kernel):
        def content(self, path):
            if path == "/proc/42/stat":
                raise ProcessLookupError(path)
            return super().content(path)

    read = Ending(kernel("processes").path(""))

    assert {**STATES, "zombie": 0} == states(values(Processes(read=read)))


@pytest.mark.parametrize("content", ["", "46 (vf", "46 (vf)", "46 (vf) 1", "D"])
def test_a_process_with_an_invalid_stat_file_is_not_counted(tmp_path, content):
    """It is in no state rather than in a wrong one."""
    read = changed("processes", tmp_path, {"/proc/46/stat": content})

    assert {**STATES, "disk_sleep": 0} == states(values(Processes(read=read)))


def test_other_entries_of_proc_are_ignored(tmp_path):
    """Such as /proc/self."""
    files = {"/proc/self/stat": "1 (a) R 1", "/proc/7x/stat": "7 (a) R 1"}
    read = changed("processes", tmp_path, files)

    assert states(values(Processes(read=read))) == STATES


def test_hidden_processes_of_other_users_are_a_permission_error(tmp_path):
    """Without process 1 the counts would be too low."""
    read = changed("processes", tmp_path, {"/proc/1": None})

    with pytest.raises(PermissionError, match="hides"):
        values(Processes(read=read))


def test_unreadable_processes_of_other_users_are_a_permission_error():
    """As with hidepid=1."""

    class Refusing(Kernel):
        def content(self, path):
            raise PermissionError(path)

    with pytest.raises(PermissionError):
        values(Processes(read=Refusing(kernel("processes").path(""))))


def test_the_sensor_is_unavailable_without_proc(tmp_path):
    """No process is listed."""
    with pytest.raises(SensorUnavailable, match="no processes"):
        values(Processes(read=Kernel(tmp_path)))


@pytest.mark.parametrize(
    "files",
    [
        {"/proc/sys": None},
        {"/proc/sys/kernel/pid_max": "", "/proc/sys/kernel/threads-max": ""},
        {
            "/proc/sys/kernel/pid_max": "many",
            "/proc/sys/kernel/threads-max": "-1",
        },
        {
            "/proc/sys/kernel/pid_max": "9" * 400,
            "/proc/sys/kernel/threads-max": "9" * 5000,
        },
    ],
    ids=["missing", "empty", "no numbers", "huge"],
)
def test_processes_are_counted_without_the_limits(tmp_path, files):
    """The limits are absent, not zero."""
    found = values(Processes(read=changed("processes", tmp_path, files)))

    assert states(found) == STATES
    assert len(found) == len(STATES)


def test_processes_are_read_twice_a_minute_by_default():
    """The reading costs more than most."""
    assert Processes().options.time_interval == 30


def test_open_files_and_inodes():
    """With the limit of open files."""
    expected = {
        ("file_descriptors_allocated",): 204,
        ("file_descriptors_limit",): 2466174,
        ("file_inodes_cached",): 63347,
        ("file_inodes_unused",): 0,
    }
    assert expected == values(FileDescriptors(read=kernel("processes")))


def test_an_infinite_limit_is_absent(tmp_path):
    """The kernel reports it as the largest number."""
    text = f"204\t0\t{2**63 - 1}\n"
    read = changed("processes", tmp_path, {"/proc/sys/fs/file-nr": text})

    found = values(FileDescriptors(read=read))

    assert found["file_descriptors_allocated",] == 204
    assert ("file_descriptors_limit",) not in found


@pytest.mark.parametrize(
    "text",
    ["", "204", "204 0", "204 0 x", "-1 0 5", "204 0 5 6", f"{'9' * 5000} 0 1", "\x00", "² 0 1"],
)
def test_an_invalid_file_nr_costs_only_itself(tmp_path, text):
    """The inodes are exposed."""
    read = changed("processes", tmp_path, {"/proc/sys/fs/file-nr": text})

    found = values(FileDescriptors(read=read))

    assert {("file_inodes_cached",), ("file_inodes_unused",)} == set(found)


def test_the_sensor_is_unavailable_without_file_counts(tmp_path):
    """Both files are missing."""
    with pytest.raises(SensorUnavailable, match="no counts of open files"):
        values(FileDescriptors(read=Kernel(tmp_path)))
