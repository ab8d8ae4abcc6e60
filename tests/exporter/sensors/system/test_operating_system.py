"""The sensors of the operating system, the time of boot, and login sessions."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.system.operating_system import (
    WRONG_CLOCK,
    BootTime,
    OperatingSystem,
    Users,
    UsersOptions,
    parse_os_release,
)
from tests.exporter.machine import session, stat_reading, values
from tests.exporter.recorded import changed, kernel

UNAME = os.uname_result(("Linux", "node7", "5.14.0-427.el9.x86_64", "#1 SMP", "x86_64"))
KERNEL = ("os_info", "Linux", "5.14.0-427.el9.x86_64", "#1 SMP", "x86_64", "node7")
DEBIAN = ("os_release_info", "debian", "12", "Debian GNU/Linux", "Debian GNU/Linux 12 (bookworm)")


def values_of_node(read):
    """Return the values of the sensor for a node named node7."""
    return values(OperatingSystem(read=read, uname=lambda: UNAME))


def test_kernel_and_distribution():
    """With the host name of the node."""
    assert {KERNEL: 1, DEBIAN: 1} == values_of_node(kernel("operating_system"))


def test_the_second_os_release_file_is_used_if_the_first_is_missing(tmp_path):
    """As os-release(5) describes."""
    (tmp_path / "etc").mkdir()
    read = changed("operating_system", tmp_path, {"/etc/os-release": None})

    assert {KERNEL: 1, DEBIAN: 1} == values_of_node(read)


@pytest.mark.parametrize("text", ["", "\x00", "# nothing\n", "debian 12", "ID", "=x", 'ID="open'])
def test_an_os_release_file_without_assignments_is_skipped(tmp_path, text):
    """The next one is read."""
    changed("operating_system", tmp_path, {"/etc/os-release": None})
    (tmp_path / "etc/os-release").write_text(text)

    assert {KERNEL: 1, DEBIAN: 1} == values_of_node(Kernel(tmp_path))


def test_the_kernel_is_exposed_without_an_os_release_file(tmp_path):
    """A node may boot a minimal image."""
    assert {KERNEL: 1} == values_of_node(Kernel(tmp_path))


def test_missing_assignments_are_empty_labels(tmp_path):
    """A rolling release has no version."""
    read = changed(
        "operating_system", tmp_path, {"/usr/lib/os-release": "ID=arch\nNAME='Arch Linux'\n"}
    )

    assert {KERNEL: 1, ("os_release_info", "arch", "", "Arch Linux", ""): 1} == values_of_node(read)


def test_invalid_utf8_is_kept(tmp_path):
    """The page escapes it."""
    read = changed("operating_system", tmp_path, {})
    (tmp_path / "usr/lib/os-release").write_bytes(b"ID=\xff\n")

    assert ("os_release_info", "\udcff", "", "", "") in values_of_node(read)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ID=rocky", {"ID": "rocky"}),
        ("  ID=rocky\r", {"ID": "rocky"}),
        ('ID="a b"', {"ID": "a b"}),
        ("ID='a \"b\"'", {"ID": 'a "b"'}),
        (r'ID="\"a\" \\ \$b \`c\`"', {"ID": r'"a" \ $b `c`'}),
        ("ID=", {"ID": ""}),
        ('ID=""', {"ID": ""}),
        ("ID=a\nID=b", {"ID": "b"}),
        ("#ID=rocky", {}),
        ("ID=a b", {}),
        ("ID = a", {}),
        ('ID="a', {}),
        ('ID="a"b"', {}),
    ],
)
def test_values_are_unquoted_as_by_a_shell(line, expected):
    """Lines that a shell would reject are ignored."""
    assert expected == parse_os_release(line)


@given(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])))
def test_quoted_values_are_unquoted(value):
    """Whatever characters they contain."""
    quoted = "".join(f"\\{letter}" if letter in '"\\$`' else letter for letter in value)

    assert {"NAME": value} == parse_os_release(f'NAME="{quoted}"')


@given(st.text())
def test_any_text_is_parsed_as_os_release(text):
    """The values are text."""
    assert all(isinstance(value, str) for value in parse_os_release(text).values())


def test_the_operating_system_is_read_once_a_minute():
    """It changes only with a reboot."""
    assert OperatingSystem().options.time_interval == 60


def test_boot_time():
    """In seconds since 1970."""
    assert {("boot_time_seconds",): 1.5e9} == values(
        BootTime(read=lambda: stat_reading(btime=1_500_000_000))
    )


def test_without_a_time_of_boot_there_is_nothing_to_report():
    """As in a container that leaves it out."""
    with pytest.raises(SensorUnavailable, match="no btime"):
        values(BootTime(read=lambda: stat_reading(ctxt=1)))


@pytest.mark.parametrize("btime", [0, 1_000, 2_000_000_001, 2**64 - 900])
def test_a_wrong_clock_has_no_time_of_boot(btime):
    """The kernel subtracts the time since boot from it, if need be below zero."""
    sensor = BootTime(read=lambda: stat_reading(btime=btime))
    sensor.clock = lambda: 2e9

    with pytest.raises(SensorUnavailable, match=WRONG_CLOCK):
        values(sensor)


def test_sessions_are_counted_without_names():
    """Each terminal has the start time of its oldest session."""
    reading = [session(started=2e9), session(started=1e9), session(terminal="tty1", started=1.5e9)]

    expected = {
        ("user_sessions",): 3,
        ("user_session_start_time_seconds", "pts/0"): 1e9,
        ("user_session_start_time_seconds", "tty1"): 1.5e9,
    }
    users = Users(read=lambda: reading)
    users.clock = lambda: 3e9
    assert expected == values(users)


@pytest.mark.parametrize("started", [-1.0, 0.0, 2.1e9])
def test_a_session_that_began_by_a_wrong_clock_has_no_start_time(started):
    """Its age would be negative, or decades."""
    users = Users(read=lambda: [session(started=started)])
    users.clock = lambda: 2e9

    assert {("user_sessions",): 1} == values(users)


def test_sessions_are_exposed_one_by_one_with_the_option_names():
    """Sessions with equal labels are one series."""
    reading = [session(), session(), session(terminal=None, host=None, pid=None, name="bob")]

    found = values(Users(UsersOptions(names=True), read=lambda: reading))

    sessions = {labels[1:] for labels in found if labels[0] == "user_session_info"}
    assert {("pts/0", "ada", "10.0.0.9", "7"), ("none", "bob", "", "")} == sessions
    assert found["user_sessions",] == 3


def test_a_session_whose_beginning_is_unknown_is_counted():
    """It has no start time."""
    assert {("user_sessions",): 1} == values(Users(read=lambda: [session(started=None)]))


def test_without_sessions_the_count_is_zero():
    """The sensor is not unavailable."""
    assert {("user_sessions",): 0} == values(Users(read=list))
