"""The progress of a command, in one line of a terminal."""

import shutil
from collections.abc import Callable
from typing import ParamSpec, TextIO

P = ParamSpec("P")

_CLEAR_LINE = "\r\033[K"


def progress(terminal: TextIO, text: Callable[P, str]) -> Callable[P, None]:
    """Return a function that replaces the line with *text* of its arguments.

    If *terminal* is not a terminal, that function does nothing and does not call *text*.
    """

    def show(*args: P.args, **kwargs: P.kwargs) -> None:
        # A wrapped line could not be cleared.
        width = shutil.get_terminal_size().columns - 1
        print(f"{_CLEAR_LINE}{text(*args, **kwargs)[:width]}", end="", file=terminal, flush=True)

    def ignore(*args: P.args, **kwargs: P.kwargs) -> None:
        pass

    return show if terminal.isatty() else ignore
