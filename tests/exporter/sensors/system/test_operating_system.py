"""The kernel and the distribution."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.system.operating_system import (
    BootTime,
    OperatingSystem,
    Users,
    UsersOptions,
    os_release,
)
from tests.exporter.machine import look, session, values
from tests.exporter.recorded import changed, kernel

UNAME = os.uname_result(("Linux", "node7", "5.14.0-427.el9.x86_64", "#1 SMP", "x86_64"))
KERNEL = ("os_info", "Linux", "5.14.0-427.el9.x86_64", "#1 SMP", "x86_64", "node7")
DEBIAN = ("os_release_info", "debian", "12", "Debian GNU/Linux", "Debian GNU/Linux 12 (bookworm)")


def told(read):
    """Return what the sensor tells of a node7."""
    return values(OperatingSystem(read=read, uname=lambda: UNAME))


def test_the_kernel_and_the_distribution_are_told():
    """With the name that the node has for itself."""
    assert {KERNEL: 1, DEBIAN: 1} == told(kernel("operating_system"))


def test_the_file_of_the_vendor_stands_in_for_that_of_the_administrator(tmp_path):
    """As the format's manual has it."""
    (tmp_path / "etc").mkdir()
    read = changed("operating_system", tmp_path, {"/etc/os-release": None})

    assert {KERNEL: 1, DEBIAN: 1} == told(read)


@pytest.mark.parametrize("text", ["", "\x00", "# nothing\n", "debian 12", "ID", "=x", 'ID="open'])
def test_a_file_that_tells_nothing_is_passed_over(tmp_path, text):
    """The next one is read."""
    changed("operating_system", tmp_path, {"/etc/os-release": None})
    (tmp_path / "etc/os-release").write_text(text)

    assert {KERNEL: 1, DEBIAN: 1} == told(Kernel(tmp_path))


def test_a_machine_without_a_release_tells_of_its_kernel(tmp_path):
    """A node may boot a bare image."""
    assert {KERNEL: 1} == told(Kernel(tmp_path))


def test_what_a_distribution_does_not_tell_is_empty(tmp_path):
    """One that rolls has no version."""
    read = changed(
        "operating_system", tmp_path, {"/usr/lib/os-release": "ID=arch\nNAME='Arch Linux'\n"}
    )

    assert {KERNEL: 1, ("os_release_info", "arch", "", "Arch Linux", ""): 1} == told(read)


def test_a_name_that_is_no_unicode_is_kept(tmp_path):
    """The page escapes it."""
    read = changed("operating_system", tmp_path, {})
    (tmp_path / "usr/lib/os-release").write_bytes(b"ID=\xff\n")

    assert ("os_release_info", "\udcff", "", "", "") in told(read)


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
def test_values_are_read_as_a_shell_would(line, expected):
    """A line that it would refuse is passed over."""
    assert expected == os_release(line)


@given(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])))
def test_every_value_can_be_quoted(value):
    """And is read back."""
    quoted = "".join(f"\\{letter}" if letter in '"\\$`' else letter for letter in value)

    assert {"NAME": value} == os_release(f'NAME="{quoted}"')


@given(st.text())
def test_no_text_breaks_the_parser(text):
    """What it makes of it is text."""
    assert all(isinstance(value, str) for value in os_release(text).values())


def test_the_system_is_looked_at_once_a_minute():
    """It changes with a boot."""
    assert OperatingSystem().options.time_interval == 60


def test_the_time_of_boot_is_told():
    """In seconds since 1970."""
    assert {("boot_time_seconds",): 1.5e9} == values(
        BootTime(read=lambda: look(btime=1_500_000_000))
    )


def test_sessions_are_counted_without_names():
    """A terminal tells when its oldest session began."""
    seen = [session(started=20.0), session(started=10.0), session(terminal="tty1", started=30.0)]

    expected = {
        ("user_sessions",): 3,
        ("user_session_start_time_seconds", "pts/0"): 10.0,
        ("user_session_start_time_seconds", "tty1"): 30.0,
    }
    assert expected == values(Users(read=lambda: seen))


def test_names_are_told_when_an_option_says_so():
    """Sessions that can't be told apart are one series."""
    seen = [session(), session(), session(terminal=None, host=None, pid=None, name="bob")]

    found = values(Users(UsersOptions(names=True), read=lambda: seen))

    told = {labels[1:] for labels in found if labels[0] == "user_session_info"}
    assert {("pts/0", "ada", "10.0.0.9", "7"), ("none", "bob", "", "")} == told
    assert found["user_sessions",] == 3


def test_nobody_logged_in_is_a_reading_of_zero():
    """It is known that there is no session."""
    assert {("user_sessions",): 0} == values(Users(read=list))
