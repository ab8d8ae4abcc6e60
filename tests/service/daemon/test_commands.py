"""What start, stop, restart and status take from a configuration and a command line."""

import argparse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service import cli
from fructosa_service.daemon import commands
from fructosa_service.daemon.commands import Daemon, Prepared, configured


def run(*words, said, prepare=lambda told: None):
    """Run a command line of a daemon; return its exit code."""
    daemon = Daemon(
        name="lagent",
        default_file=Path("/nonexistent/lagent.conf"),
        options=lambda command: cli.add_config(command, Path("/nonexistent")),
        prepare=prepare,
    )

    def say(answer):
        said.append(answer.text)
        return answer.code

    parser = argparse.ArgumentParser()
    commands.add(parser.add_subparsers(required=True), daemon, say)
    told = parser.parse_args([str(word) for word in words])
    return cli.run("lagent", lambda: told.command(told))


def test_the_configuration_names_the_pid_file(tmp_path):
    """For all four commands."""
    said = []
    config = tmp_path / "lagent.conf"
    config.write_text(f"[lagent]\npid file = {tmp_path}/from-file.pid\n")

    assert 3 == run("status", "-c", config, said=said)
    assert [f"lagent is not running (pid file {tmp_path}/from-file.pid)"] == said


def test_the_command_line_counts_before_the_configuration(tmp_path):
    """And then the configuration is not even looked at."""
    said = []

    code = run("status", "-c", tmp_path / "no", "-p", tmp_path / "given.pid", said=said)

    assert 3 == code
    assert [f"lagent is not running (pid file {tmp_path}/given.pid)"] == said


def test_a_configuration_that_is_named_and_missing_is_a_mistake(tmp_path, capsys):
    """To ask at another place would give a wrong answer."""
    assert 2 == run("stop", "-c", tmp_path / "no.conf", said=[])
    assert "or give the pid file with -p PIDFILE" in capsys.readouterr().err


def test_a_lost_pid_file_stays_lost(tmp_path):
    """Stop of what does not run is no failure, as the Linux Standard Base has it."""
    said = []

    assert 0 == run("stop", "-p", tmp_path / "x.pid", said=said)
    assert ["lagent is not running"] == said


def test_what_is_stale_is_removed_and_that_is_said(tmp_path):
    """Whatever runs under the number today."""
    said = []
    path = tmp_path / "x.pid"
    path.write_text("2\n")

    assert 1 == run("status", "-p", path, said=said)
    assert 0 == run("stop", "-p", path, said=said)
    assert not path.exists()
    assert [
        f"lagent is dead, and has left its pid file {path} behind",
        "lagent is not running; the pid file that it left behind is removed",
    ] == said


def test_restart_reads_the_configuration_before_it_stops_anything(tmp_path, capsys):
    """A wrong one leaves all as it was: the stale file too."""
    path = tmp_path / "x.pid"
    path.write_text("2\n")

    def refuse(told):
        raise cli.UsageError("wrong")

    assert 2 == run("restart", "-p", path, said=[], prepare=refuse)
    assert "lagent: wrong\n" == capsys.readouterr().err
    assert path.exists()


@pytest.mark.parametrize("command", ["start", "restart"])
def test_what_can_not_be_prepared_is_not_started(tmp_path, command):
    """Nor is a pid file made."""

    def fail(told):
        raise cli.ServiceError("no")

    assert 1 == run(command, "-p", tmp_path / "x.pid", said=[], prepare=fail)
    assert [] == list(tmp_path.iterdir())


def test_another_file_of_the_administrators_is_kept(tmp_path, capsys):
    """As with -p lagent.conf for -c lagent.conf."""
    path = tmp_path / "lagent.conf"
    path.write_text("[lagent]\n")
    prepared = Prepared(None, "", lambda ready: 0)

    assert 1 == run("start", "-p", path, said=[], prepare=lambda told: prepared)
    assert "is kept; give another file" in capsys.readouterr().err
    assert "[lagent]\n" == path.read_text()


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
def test_a_broken_configuration_still_tells_where_the_pid_file_is(text, expected):
    """What runs must be stopped even then; a section has no letters' case, as in load.py."""
    assert (None if expected is None else Path(expected)) == configured(text, "lagent")


@given(st.text())
def test_any_file_can_be_looked_through(text):
    """It gives a path from the root, or none."""
    for found in (configured(text, "a"), configured(f"[a]\npid file = {text}", "a")):
        assert found is None or found.is_absolute()
