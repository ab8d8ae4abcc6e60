"""What the command lines of both daemons share; errors are printed and turned into exit codes."""

import argparse
import logging
import os
import resource
import sys
from collections.abc import Callable, Iterable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from . import __version__
from .config.kinds import NOT_ONE_OF
from .errors import (
    USE_ONE_OF,
    ConfigError,
    FileError,
    ServiceError,
    UsageError,
    did_you_mean,
    without_secrets,
)
from .logs import LineFormatter
from .untrusted.log_text import lines

UNKNOWN = "unknown {kind} {name!r}"
NO_COMMAND = "the {kind} is missing"
UNKNOWN_OPTION = "unknown option {option}"
AFTER_COMMAND = "; options are written after the {kind}"
UNEXPECTED = "unexpected argument {argument!r}"
BEFORE_DASHES = "; options are written before --"
ONLY_OPTIONS = "; {prog} takes only options"
TOGETHER = "; write all {names} together, before or after the options"

EXIT_RUNNING = 1
EXIT_USAGE = 2

# Options that FrUCToSA 0.x took before the command.
_FIRST = ("-c", "--config", "-p", "--pid-file", "--pidfile")

Command = Callable[[argparse.Namespace], int]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class _ArgumentParser(argparse.ArgumentParser):
    """An argument parser whose errors suggest what was meant, and point to --help."""

    def __init__(self, **keywords: Any) -> None:
        # A new option must not change the meaning of an existing command line.
        super().__init__(**{**keywords, "allow_abbrev": False})
        self._positionals.title = "arguments"

    def error(self, message: str) -> NoReturn:
        message = lines(without_secrets(message))
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\nTry: {self.prog} --help\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse the arguments of this command; unlike argparse, refuse what is unknown here.

        So the message is that of the command, and comes before that of a missing one.
        """
        words = list(sys.argv[1:] if args is None else args)
        if (commands := self._commands()) is not None:
            self._check_start(words, commands)
        namespace, left = super().parse_known_args(words, namespace)
        if left:
            self._refuse(next((word for word in left if word != "--"), "--"))
        return namespace, []

    def _commands(self) -> "Commands | None":
        actions = (one for one in self._actions if isinstance(one, argparse._SubParsersAction))
        return next(actions, None)

    def _check_start(self, words: Sequence[str], commands: Commands) -> None:
        """Refuse unknown options before the command, and a missing command."""
        kind = str(commands.metavar).lower()
        if not words:
            names = USE_ONE_OF.format(names=", ".join(commands.choices))
            self.error(NO_COMMAND.format(kind=kind) + names)
        option = words[0].partition("=")[0]
        if option.startswith("-") and option not in self._option_string_actions:
            is_later = any(
                option in one._option_string_actions for one in commands.choices.values()
            )
            hint = AFTER_COMMAND.format(kind=kind) if is_later else self._similar(option)
            self.error(UNKNOWN_OPTION.format(option=option) + hint)

    def _refuse(self, word: str) -> NoReturn:
        option = word.partition("=")[0]
        if option in self._option_string_actions:
            self.error(UNEXPECTED.format(argument=word) + BEFORE_DASHES)
        if word.startswith("-"):
            self.error(UNKNOWN_OPTION.format(option=option) + self._similar(option))
        positional = [action for action in self._actions if not action.option_strings]
        hint = "" if positional else ONLY_OPTIONS.format(prog=self.prog)
        if any(action.nargs == "*" for action in positional):  # argparse takes only those together
            hint = TOGETHER.format(names=positional[0].metavar)
        self.error(UNEXPECTED.format(argument=word) + hint)

    def _similar(self, word: str) -> str:
        return did_you_mean(word, self._option_string_actions)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Suggest the most similar command, or value of an option."""
        if action.choices is None or value in action.choices:
            return
        names = list(action.choices)
        if isinstance(action, argparse._SubParsersAction):
            kind = str(action.metavar).lower()
            self.error(unknown(kind, value, names, self._option_string_actions))
        problem = NOT_ONE_OF.format(names=", ".join(names)) + did_you_mean(value, names)
        raise argparse.ArgumentError(action, f"{value!r} {problem}")


def parser(prog: str, description: str) -> argparse.ArgumentParser:
    """Return the parser of a daemon's command line, with ``--version``."""
    more = f"The options of a command: {prog} COMMAND --help."
    made = _ArgumentParser(prog=prog, description=f"{description} {more}")
    made.add_argument("--version", action="version", version=f"{prog} {__version__}")
    return made


def command_first(argv: Sequence[str] | None) -> list[str]:
    """Return a command line, by default that of the process, with its command before its options.

    FrUCToSA 0.x took them in both orders: ``lagent -c FILE start``.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    options: list[str] = []
    while words and words[0].partition("=")[0] in _FIRST:
        length = 1 if "=" in words[0] else 2
        options, words = options + words[:length], words[length:]
    end = words.index("--") if "--" in words else len(words)
    return words[:end] + options + words[end:] if words else []


def add_command(commands: Commands, name: str, run: Command, text: str) -> argparse.ArgumentParser:
    """Add a command that calls *run*; return its parser."""
    made = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    made.set_defaults(command=run)
    return made


def add_check(commands: Commands, run: Command, default: Path) -> argparse.ArgumentParser:
    """Add the command that checks a configuration, or prints an example; return its parser."""
    text = "check the configuration file, or print an example of one"
    made = add_command(commands, "check", run, text)
    add_config(made, default)
    made.add_argument(
        "--example", action="store_true", help="print a configuration file with every key, and exit"
    )
    return made


def add_config(command: argparse.ArgumentParser, default: Path) -> None:
    """Add ``-c FILE`` to the parser of a command."""
    command.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        type=lambda text: Path(text).absolute(),
        help=f"configuration file (default: {default}, if it exists)",
    )


def chosen_config(given: Path | None, default: Path) -> Path | None:
    """Return the configuration file to read: *given*, or *default* if it exists."""
    if given is not None:
        return given
    try:
        default.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass  # it may exist: reading it will report the problem
    return default


def run(prog: str, command: Callable[[], int]) -> int:
    """Run *command*; return its exit code, or that of the error that ended it.

    2 means an invalid command line or configuration, 1 anything else that keeps the program from
    running.
    """
    _forbid_core_dumps()
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        # As standard error does: a name that the terminal's encoding lacks must not be a failure.
        sys.stdout.reconfigure(errors="backslashreplace")
    if logging.lastResort is not None:  # what a command logs without a log goes to the terminal
        logging.lastResort.setFormatter(LineFormatter("%(message)s"))
    try:
        code = command()
        sys.stdout.flush()
        return code
    except ConfigError as error:
        print(lines(without_secrets(str(error))), file=sys.stderr)
        return EXIT_USAGE
    except (UsageError, FileError) as error:
        print(lines(without_secrets(f"{prog}: {error}")), file=sys.stderr)
        return EXIT_USAGE
    except ServiceError as error:
        print(lines(without_secrets(f"{prog}: {error}")), file=sys.stderr)
        return EXIT_RUNNING
    except BrokenPipeError:
        # The reader of our output exited (`lagent read | head`), which is not an error. Without
        # this, Python would report one when it flushes standard output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _forbid_core_dumps() -> None:
    """Let the kernel write no core file: a process holds passwords and tokens in its memory.

    It stays "dumpable" (prctl(2)): else its files in /proc would be those of root, and its own
    number of open files unknown.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def unknown(kind: str, name: str, known: Sequence[str], others: Iterable[str] = ()) -> str:
    """Return the message for a *name* on the command line that is not *known*.

    One of *others* may be meant too: ``--help`` by ``help``.
    """
    similar = did_you_mean(name, [*known, *others])
    hint = similar or USE_ONE_OF.format(names=", ".join(known))
    return f"{UNKNOWN.format(kind=kind, name=name)}{hint}"
