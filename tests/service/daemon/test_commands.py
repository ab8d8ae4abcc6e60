"""The commands start, stop, restart and status."""

import argparse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service import cli
from fructosa_service.daemon import commands
from fructosa_service.daemon.commands import Daemon, Prepared, configured
from fructosa_service.daemon.lifecycle import (
    ALREADY_STOPPED,
    DEAD,
    NOT_RUNNING,
    NOT_STOPPED,
    PID,
    RUNS_ELSEWHERE,
    STALE,
)
from fructosa_service.daemon.pid_file import NOT_A_PID_FILE, DaemonState, PidFileStatus
from fructosa_service.errors import UsageError


def run(*words, output, prepare=lambda arguments: None, find=lambda arguments: None):
    """Run a command line of a daemon; return its exit code."""
    daemon = Daemon(
        name="lagent",
        default_file=Path("/nonexistent/lagent.conf"),
        options=lambda command: cli.add_config(command, Path("/nonexistent")),
        prepare=prepare,
        find=find,
    )

    def show(result):
        output.append(result.text)
        return result.code

    parser = argparse.ArgumentParser()
    commands.add(parser.add_subparsers(required=True), daemon, show)
    arguments = parser.parse_args([str(word) for word in words])
    return cli.run("lagent", lambda: arguments.command(arguments))


def test_the_configuration_can_set_the_pid_file(tmp_path):
    """For all commands."""
    output = []
    config = tmp_path / "lagent.conf"
    config.write_text(f"[lagent]\npid file = {tmp_path}/from-file.pid\n")

    assert 3 == run("status", "-c", config, output=output)
    assert [NOT_RUNNING.format(name="lagent", path=tmp_path / "from-file.pid")] == output


def test_the_command_line_overrides_the_configuration(tmp_path):
    """Which is then not even read."""
    output = []

    code = run("status", "-c", tmp_path / "no", "-p", tmp_path / "given.pid", output=output)

    assert 3 == code
    assert [NOT_RUNNING.format(name="lagent", path=tmp_path / "given.pid")] == output


@pytest.mark.parametrize("option", ["--pid-file", "--pidfile"])
def test_a_pid_file_is_given_in_two_spellings(tmp_path, option):
    """The second is that of FrUCToSA 0.x."""
    output = []

    assert 3 == run("status", option, tmp_path / "given.pid", output=output)
    assert [NOT_RUNNING.format(name="lagent", path=tmp_path / "given.pid")] == output


def test_a_missing_configuration_file_is_an_error(tmp_path, capsys):
    """If it was given: the default pid file might be that of another daemon."""
    assert 2 == run("stop", "-c", tmp_path / "no.conf", output=[])
    assert "or give the pid file with -p PIDFILE" in capsys.readouterr().err


def test_stopping_a_daemon_that_does_not_run_is_a_success(tmp_path):
    """As the Linux Standard Base demands."""
    output = []

    assert 0 == run("stop", "-p", tmp_path / "x.pid", output=output)
    assert [ALREADY_STOPPED.format(name="lagent")] == output


def test_stop_removes_a_stale_pid_file(tmp_path):
    """Whichever process has its pid now."""
    output = []
    path = tmp_path / "x.pid"
    path.write_text("2\nlagent\n")

    assert 1 == run("status", "-p", path, output=output)
    assert 0 == run("stop", "-p", path, output=output)
    assert not path.exists()
    assert [
        DEAD.format(name="lagent", path=path),
        STALE.format(name="lagent"),
    ] == output


@pytest.mark.parametrize(("command", "code"), [("status", 0), ("stop", 1), ("restart", 1)])
def test_a_daemon_that_was_started_otherwise_is_found(tmp_path, command, code):
    """It is neither stopped nor started again."""
    output, found = [], PidFileStatus(DaemonState.RUNNING, 7)
    path = tmp_path / "x.pid"

    assert code == run(command, "-p", path, output=output, find=lambda arguments: found)
    template = RUNS_ELSEWHERE if command == "status" else NOT_STOPPED
    details = PID.format(pid=7)
    assert [template.format(name="lagent", path=path, details=details)] == output


def test_the_status_does_not_need_a_valid_configuration(tmp_path):
    """Without one, only the pid file counts."""

    def fail(arguments):
        raise UsageError("wrong")

    assert 3 == run("status", "-p", tmp_path / "x.pid", output=[], find=fail)


def test_restart_reads_the_configuration_before_it_stops_the_daemon(tmp_path, capsys):
    """An invalid one changes nothing; not even the stale pid file is removed."""
    path = tmp_path / "x.pid"
    path.write_text("2\nlagent\n")

    def refuse(arguments):
        raise cli.UsageError("wrong")

    assert 2 == run("restart", "-p", path, output=[], prepare=refuse)
    assert "lagent: wrong\n" == capsys.readouterr().err
    assert path.exists()


@pytest.mark.parametrize("command", ["start", "restart"])
def test_a_daemon_that_can_not_be_prepared_is_not_started(tmp_path, command):
    """No pid file is created either."""

    def fail(arguments):
        raise cli.ServiceError("no")

    assert 1 == run(command, "-p", tmp_path / "x.pid", output=[], prepare=fail)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "code"), [("start", 1), ("stop", 1), ("restart", 1), ("status", 4)]
)
def test_a_file_that_is_not_a_pid_file_is_left_alone(tmp_path, capsys, command, code):
    """As with -p lagent.conf for -c lagent.conf."""
    path, output = tmp_path / "lagent.conf", []
    path.write_text("[lagent]\n")
    prepared = Prepared(None, "", lambda ready: 0)

    assert code == run(command, "-p", path, output=output, prepare=lambda arguments: prepared)
    shown = capsys.readouterr().err + "".join(output)
    assert NOT_A_PID_FILE.format(name="lagent", path=path) in shown
    assert "[lagent]\n" == path.read_text()


@pytest.mark.parametrize(
    ("given", "configured", "is_made"),
    [("new/x.pid", None, False), ("new/x.pid", "new/x.pid", True), (None, "new/x.pid", True)],
)
def test_only_a_configured_folder_is_made(tmp_path, capsys, given, configured, is_made):
    """What is typed may be mistyped."""
    words = () if given is None else ("-p", tmp_path / given)
    pid_file = None if configured is None else tmp_path / configured
    prepared = Prepared(pid_file, "", lambda ready: 1)

    assert 1 == run("start", *words, output=[], prepare=lambda arguments: prepared)
    assert is_made == (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[lagent]\npid file = /run/a.pid", "/run/a.pid"),
        ("[LAGENT]\nPid File: /run/a.pid ; a comment", "/run/a.pid"),
        ("[lagent]\nprot = 5\npid file = /run/a.pid\n[lag", "/run/a.pid"),
        ("[lmaster]\npid file = /run/a.pid", None),
        ("[lagent]\npid file = a.pid", None),
        ("[lagent]\npid file =", None),
        ("", None),
    ],
)
def test_the_pid_file_is_found_in_an_invalid_configuration(text, expected):
    """The daemon can then be stopped; case does not matter, as in load.py."""
    assert (None if expected is None else Path(expected)) == configured(text, "lagent")


@given(st.text())
def test_any_text_has_an_absolute_pid_file_or_none(text):
    """No text raises an error."""
    for path in (configured(text, "a"), configured(f"[a]\npid file = {text}", "a")):
        assert path is None or path.is_absolute()
