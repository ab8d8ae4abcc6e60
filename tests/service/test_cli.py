"""What the command lines of both daemons share."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fructosa_service import __version__
from fructosa_service.cli import (
    AFTER_COMMAND,
    BEFORE_DASHES,
    NO_COMMAND,
    ONLY_OPTIONS,
    TOGETHER,
    UNEXPECTED,
    UNKNOWN,
    UNKNOWN_OPTION,
    add_check,
    add_command,
    add_config,
    chosen_config,
    command_first,
    parser,
    run,
    unknown,
)
from fructosa_service.config.kinds import NOT_ONE_OF
from fructosa_service.errors import (
    DID_YOU_MEAN,
    USE_ONE_OF,
    ConfigError,
    Problem,
    ServiceError,
    UsageError,
)


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


def test_what_others_wrote_does_not_control_the_terminal(capsys, monkeypatch):
    """In an error, or in what is logged without a log."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])

    def fail():
        logging.getLogger("x").warning("from \33[2Joutside\nin one line")
        raise ServiceError("no file \33[2J\nin two lines")

    run("prog", fail)

    logged, *shown = capsys.readouterr().err.splitlines()
    assert "from \\x1b[2Joutside\\nin one line" == logged
    assert ["prog: no file \\x1b[2J", "in two lines"] == shown


def test_a_command_returns_its_exit_code(capsys):
    """run() prints nothing if it works."""
    assert run("prog", lambda: 7) == 7
    assert capsys.readouterr() == ("", "")


def test_an_internal_error_is_not_caught():
    """It shows its traceback."""
    with pytest.raises(ZeroDivisionError):
        run("prog", raising(ZeroDivisionError()))


def test_the_version_is_printed(capsys):
    """With the name of the program."""
    with pytest.raises(SystemExit) as ended:
        parser("prog", "What it does.").parse_args(["--version"])

    assert ended.value.code == 0
    assert f"prog {__version__}\n" == capsys.readouterr().out


@pytest.fixture
def commands():
    """A parser with a few commands."""
    made = parser("prog", "What it does.")
    added = made.add_subparsers(metavar="COMMAND", required=True)
    serve = add_command(added, "serve", lambda _: 0, "serve")
    serve.add_argument("--port")
    serve.add_argument("--state", choices=["down", "up"])
    nodes = add_command(added, "nodes", lambda _: 0, "list")
    nodes.add_argument("node", nargs="?")
    read = add_command(added, "read", lambda _: 0, "read")
    read.add_argument("names", metavar="NAMES", nargs="*")
    read.add_argument("-q", action="store_true")
    return made


def option(name, hint=""):
    """Return the message for an unknown option."""
    return UNKNOWN_OPTION.format(option=name) + hint


def like(name):
    """Return the suggestion of a name."""
    return DID_YOU_MEAN.format(name=name)


AFTER = AFTER_COMMAND.format(kind="command")
ONLY = ONLY_OPTIONS.format(prog="prog serve")
NAMES = USE_ONE_OF.format(names="serve, nodes, read")
A_COMMAND = UNKNOWN.replace("{kind}", "command").replace("{name!r}", "{!r}")


@pytest.mark.parametrize(
    ("words", "prog", "message"),
    [
        ("", "prog", NO_COMMAND.format(kind="command") + NAMES),
        ("nods", "prog", A_COMMAND.format("nods") + like("nodes")),
        ("Serve", "prog", A_COMMAND.format("Serve") + like("serve")),
        ("zzz", "prog", A_COMMAND.format("zzz") + NAMES),
        ("help", "prog", A_COMMAND.format("help") + like("--help")),
        ("version", "prog", A_COMMAND.format("version") + like("--version")),
        ("--verson", "prog", option("--verson", like("--version"))),
        ("--vers", "prog", option("--vers", like("--version"))),
        ("-version serve", "prog", option("-version", like("--version"))),
        ("--port 5 serve", "prog", option("--port", AFTER)),
        ("--port=5 serve", "prog", option("--port", AFTER)),
        ("serve --prot 5", "prog serve", option("--prot", like("--port"))),
        ("serve --por 5", "prog serve", option("--por", like("--port"))),
        ("serve --prot=5", "prog serve", option("--prot", like("--port"))),
        ("serve -x", "prog serve", option("-x")),
        ("serve more", "prog serve", UNEXPECTED.format(argument="more") + ONLY),
        ("serve -- --port", "prog serve", UNEXPECTED.format(argument="--port") + BEFORE_DASHES),
        ("nodes n1 n2", "prog nodes", UNEXPECTED.format(argument="n2")),
        (
            "read n1 -q n2",
            "prog read",
            UNEXPECTED.format(argument="n2") + TOGETHER.format(names="NAMES"),
        ),
        (
            "serve --state dwn",
            "prog serve",
            f"argument --state: 'dwn' {NOT_ONE_OF.format(names='down, up')}{like('down')}",
        ),
    ],
)
def test_an_invalid_command_line_is_explained(commands, capsys, words, prog, message):
    """In two lines, with what was probably meant, and exit code 2; nothing is abbreviated."""
    with pytest.raises(SystemExit) as ended:
        commands.parse_args(words.split())

    assert ended.value.code == 2
    assert f"{prog}: {message}\nTry: {prog} --help\n" == capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        "-c F -p P start --port 0",
        "--config=F --pidfile=P start --port 0",
        "--config F start --port 0 -p P",
        "start --port 0 -c F --pid-file P",
    ],
)
def test_options_may_be_before_the_command(line):
    """As in FrUCToSA 0.x, in any order."""
    words = command_first(line.split())

    assert words[:3] == ["start", "--port", "0"]
    assert sorted(line.split()) == sorted(words)


def test_options_do_not_become_arguments():
    """After ``--``, argparse takes each word for an argument."""
    assert ["read", "-c", "F", "--", "Users"] == command_first(["-c", "F", "read", "--", "Users"])


def test_options_without_a_command_are_dropped():
    """argparse then says that the command is missing, and does not take the file for one."""
    assert [] == command_first(["-c", "F"])


@pytest.mark.parametrize("line", ["", "--version -c F", "-x F start", "read -- -c"])
def test_any_other_command_line_is_left_as_it_is(line):
    """argparse reports what is wrong in it."""
    assert line.split() == command_first(line.split())


def test_the_path_of_a_configuration_file_is_absolute():
    """A daemon changes its directory."""
    made = parser("prog", "What it does.")
    add_config(made, Path("/default"))

    assert Path("x.conf").absolute() == made.parse_args(["-c", "x.conf"]).config
    assert made.parse_args([]).config is None


def test_the_given_file_is_read_whether_it_exists_or_not(tmp_path):
    """Reading it reports a wrong name."""
    given, default = tmp_path / "missing", tmp_path / "default"
    default.touch()

    assert given == chosen_config(given, default)


def test_the_default_file_is_read_if_it_exists(tmp_path):
    """Without it the program uses its defaults."""
    default = tmp_path / "default"

    assert chosen_config(None, default) is None
    assert chosen_config(None, default / "below") is None
    default.touch()
    assert default == chosen_config(None, default)


def test_a_default_file_that_can_not_be_accessed_is_read(tmp_path):
    """Reading it reports the problem."""
    default = tmp_path / ("x" * 1000)  # too long for the file system

    assert default == chosen_config(None, default)


def test_the_message_for_an_unknown_name_suggests_a_known_one():
    """Or lists all names if none is similar."""
    near = unknown("sensor", "Clok", ["Clock", "Memory"])
    far = unknown("sensor", "x", ["Clock", "Memory"])

    like_clock, like_none = (UNKNOWN.format(kind="sensor", name=name) for name in ("Clok", "x"))
    assert near == like_clock + DID_YOU_MEAN.format(name="Clock")
    assert far == like_none + USE_ONE_OF.format(names="Clock, Memory")


def test_a_reader_that_exits_is_no_error():
    """As with head; Python does not complain at exit either."""
    code = (
        "import sys; from fructosa_service.cli import run\n"
        "def command():\n    for _ in range(100000): print('line')\n    return 1\n"
        "sys.exit(run('prog', command))"
    )
    command = f'{sys.executable} -c "$CODE" | head -n 1; exit ${{PIPESTATUS[0]}}'

    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "CODE": code},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "line\n", "") == (done.returncode, done.stdout, done.stderr)


def test_a_name_that_the_terminal_cannot_show_is_no_error():
    """As on standard error, its code is shown."""
    code = """if True:
        from fructosa_service import cli
        cli.run("lmaster", lambda: print("\u2264 \xfc") or 0)
    """
    command = [sys.executable, "-c", code]

    shown = subprocess.check_output(command, env={**os.environ, "PYTHONIOENCODING": "latin-1"})

    assert b"\\u2264 \xfc\n" == shown


def test_check_has_an_example_and_a_configuration_file():
    """In both programs."""
    made = parser("prog", "What it does.")
    add_check(made.add_subparsers(), lambda _: 0, Path("/default"))

    arguments = made.parse_args(["check", "--example", "-c", "/x"])

    assert (True, Path("/x")) == (arguments.example, arguments.config)
    assert 0 == arguments.command(arguments)


def test_no_core_dump_is_written():
    """Passwords and tokens are in memory. A child may still ask for one."""
    script = (
        "import resource; from fructosa_service.cli import run\n"
        "hard = resource.getrlimit(resource.RLIMIT_CORE)[1]\n"
        "run('x', lambda: print((0, hard) == resource.getrlimit(resource.RLIMIT_CORE)) or 0)\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert done.stdout == b"True\n"
