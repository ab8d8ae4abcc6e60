"""What the command lines of both daemons share."""

from pathlib import Path

import pytest

from fructosa_service import __version__
from fructosa_service.cli import add_config, chosen_config, parser, run, unknown
from fructosa_service.errors import ConfigError, Problem, ServiceError, UsageError


def raising(error):
    """Return a command that ends with *error*."""

    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ConfigError("f", [Problem(message="is bad", line=3)]), 2, "f:3: is bad\n"),
        (UsageError("no such thing"), 2, "prog: no such thing\n"),
        (ServiceError("port is taken"), 1, "prog: port is taken\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_error_ends_a_command_with_one_message(capsys, error, code, message):
    """And with its exit code, without a traceback."""
    found = run("prog", raising(error))

    assert code == found
    assert message == capsys.readouterr().err


def test_a_command_tells_its_own_exit_code(capsys):
    """run() adds nothing to a command that works."""
    assert run("prog", lambda: 7) == 7
    assert capsys.readouterr() == ("", "")


def test_an_error_of_our_own_is_not_hidden():
    """A bug shows its traceback."""
    with pytest.raises(ZeroDivisionError):
        run("prog", raising(ZeroDivisionError()))


def test_the_version_is_told(capsys):
    """With the name of the program."""
    with pytest.raises(SystemExit) as ended:
        parser("prog", "What it does.").parse_args(["--version"])

    assert ended.value.code == 0
    assert f"prog {__version__}\n" == capsys.readouterr().out


def test_a_wrong_option_says_what_to_try(capsys):
    """In two lines, with exit code 2."""
    with pytest.raises(SystemExit) as ended:
        parser("prog", "What it does.").parse_args(["--versoin"])

    assert ended.value.code == 2
    expected = "prog: unrecognized arguments: --versoin\nTry: prog --help\n"
    assert expected == capsys.readouterr().err


def test_options_are_not_abbreviated():
    """A new option must not change what an old command line means."""
    with pytest.raises(SystemExit):
        parser("prog", "What it does.").parse_args(["--vers"])


def test_a_configuration_file_is_named_from_the_root():
    """A daemon changes its folder."""
    made = parser("prog", "What it does.")
    add_config(made, Path("/default"))

    assert Path("x.conf").absolute() == made.parse_args(["-c", "x.conf"]).config
    assert made.parse_args([]).config is None


def test_the_given_file_is_read_whether_it_exists_or_not(tmp_path):
    """A wrong name is told, not ignored."""
    given, default = tmp_path / "missing", tmp_path / "default"
    default.touch()

    assert given == chosen_config(given, default)


def test_the_default_file_is_read_if_it_exists(tmp_path):
    """Without it the program has its defaults."""
    default = tmp_path / "default"

    assert chosen_config(None, default) is None
    assert chosen_config(None, default / "below") is None
    default.touch()
    assert default == chosen_config(None, default)


def test_a_default_file_that_can_not_be_looked_at_is_not_ignored(tmp_path):
    """It may be there; reading it will tell what is wrong with it."""
    default = tmp_path / ("x" * 1000)  # too long for the file system

    assert default == chosen_config(None, default)


def test_an_unknown_name_is_told_with_a_hint():
    """Or with all names where none is near."""
    near = unknown("sensor", "Clok", ["Clock", "Memory"])
    far = unknown("sensor", "x", ["Clock", "Memory"])

    assert near == "no sensor is called 'Clok'; did you mean Clock?"
    assert far == "no sensor is called 'x'; it may be Clock, Memory"
