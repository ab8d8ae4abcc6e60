"""The system as a whole, and the agent on it."""

import platform

from fructosa_exporter.sensors import Agent
from fructosa_exporter.sensors.system.operating_system import BootTime, Users, UsersOptions
from fructosa_service import __version__

from ...machine import look, session, values


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


def test_the_agent_tells_what_it_is_and_what_it_costs():
    """Processor time, memory, and since when it runs."""
    found = values(Agent())

    assert found["build_info", __version__, platform.python_version()] == 1
    assert found["agent_cpu_seconds_total",] > 0
    assert found["agent_memory_resident_bytes",] > 1e6
    assert found["agent_start_time_seconds",] > 1e9
