"""Login sessions, of utmp and of systemd-logind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sources.logins import (
    NO_LOGINS,
    LoginSession,
    login_sessions,
    parse_session,
)

from ..machine import session
from ..memory_kernel import MemoryKernel

UTMP = {"/var/run/utmp": "records"}
LOGIND = {"/run/systemd/seats/seat0": "CAN_TTY=1"}
# A session of ssh as systemd 257 writes it, with what has no meaning here left out.
SESSION = """\
# This is private data. Do not parse.
UID=1000
USER=ada
ACTIVE=1
STATE=active
REMOTE=1
TYPE=tty
CLASS=user
TTY=pts/1
REMOTE_HOST=10.0.0.9
SERVICE=sshd
LEADER=61261
REALTIME=1743501766000000
"""
ADA = LoginSession("ada", "pts/1", "10.0.0.9", 1743501766.0, 61261)


def sessions_of(files, *records):
    """Return the sessions on a machine with these *files*, whose utmp has these *records*."""
    return login_sessions(MemoryKernel(files), lambda: list(records))


def logind(**files):
    """Return the files of sessions."""
    return {f"/run/systemd/sessions/{name}": content for name, content in files.items()}


def test_sessions_of_utmp_count_where_there_are_any():
    """The same session is known to logind as well."""
    expected = [LoginSession("ada", "pts/0", "10.0.0.9", 1e9, 7)]

    assert expected == sessions_of(UTMP | LOGIND | logind(a=SESSION), session())


@pytest.mark.parametrize("utmp", [UTMP, {}])
def test_sessions_of_logind_count_where_utmp_has_none(utmp):
    """As on Debian 13, which has no utmp, and where it has only the time of boot."""
    assert [ADA] == sessions_of(utmp | logind(c3=SESSION))


@pytest.mark.parametrize("files", [UTMP, LOGIND, UTMP | LOGIND])
def test_nobody_is_logged_in(files):
    """Something would know."""
    assert [] == sessions_of(files)


def test_without_utmp_and_logind_nothing_is_known():
    """Absent is not zero."""
    with pytest.raises(SensorUnavailable, match=NO_LOGINS):
        sessions_of({"/run/systemd/private": ""})


def test_in_a_container_sessions_are_those_of_the_host(tmp_path, paths):
    """Of its logind, since libc would read the container's utmp."""
    folder = tmp_path / "run/systemd/sessions"
    folder.mkdir(parents=True)
    (folder / "3").write_text(SESSION)
    paths(rootfs=str(tmp_path))

    assert [ADA] == login_sessions(Kernel(), lambda: [session()])


def test_in_a_container_without_the_hosts_files_nothing_is_known(tmp_path, paths):
    """The text says what to set."""
    (tmp_path / "self").symlink_to("1")
    paths(procfs=str(tmp_path))

    with pytest.raises(SensorUnavailable, match="rootfs"):
        login_sessions(Kernel(), lambda: [session()])


def test_pipes_are_not_read():
    """Reading one would wait for its other end."""
    assert [ADA] == sessions_of(logind(**{"3": SESSION, "3.ref": OSError("was read")}))


@pytest.mark.parametrize("broken", [PermissionError("denied"), OSError("broken")])
def test_a_session_that_cannot_be_read_costs_only_itself(broken):
    """Unless none can be read."""
    assert [ADA] == sessions_of(logind(a=SESSION, b=broken))
    with pytest.raises(OSError, match=r"none of 1 files of login sessions|denied"):
        sessions_of(logind(b=broken))


def test_a_session_that_has_just_ended_is_not_an_error():
    """Its file is gone between the listing and the reading."""

    class Ended(MemoryKernel):
        def listing(self, folder):
            return ["3"] if folder.endswith("sessions") else super().listing(folder)

    assert [] == login_sessions(Ended(LOGIND))


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("CLASS=user", True),
        ("CLASS=user-early", True),
        ("CLASS=manager", False),
        ("CLASS=background", False),
        ("CLASS=greeter", False),
        ("", False),
    ],
)
def test_only_people_who_are_logged_in_count(line, counts):
    """Not their service managers and cron jobs."""
    assert counts is (parse_session(SESSION.replace("CLASS=user", line)) is not None)


def test_a_session_that_is_being_closed_has_ended():
    """Its processes may stay."""
    assert parse_session(SESSION.replace("active", "closing")) is None


def test_what_logind_does_not_tell_is_unknown():
    """None is made up."""
    assert LoginSession("", None, None, None, None) == parse_session(
        "CLASS=user\nREALTIME=soon\nLEADER=-1\n"
    )


@given(st.text(max_size=200))
def test_any_text_is_parsed(text):
    """Nothing is raised."""
    found = parse_session(f"CLASS=user\n{text}")

    assert found is None or isinstance(found, LoginSession)
