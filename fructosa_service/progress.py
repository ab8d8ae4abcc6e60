"""How far a command is, told to who waits for it."""

import shutil
from collections.abc import Callable
from typing import ParamSpec, TextIO

P = ParamSpec("P")

_LINE_ANEW = "\r\033[K"


def progress(terminal: TextIO, text: Callable[P, str]) -> Callable[P, None]:
    """Return what shows the *text* for its arguments in one line, in place of what was there.

    Where that is no terminal, nothing is shown, and no text is made.
    """

    def tell(*args: P.args, **kwargs: P.kwargs) -> None:
        # A line that is wrapped could not be taken back.
        most = shutil.get_terminal_size().columns - 1
        print(f"{_LINE_ANEW}{text(*args, **kwargs)[:most]}", end="", file=terminal, flush=True)

    def stay_silent(*args: P.args, **kwargs: P.kwargs) -> None:
        pass

    return tell if terminal.isatty() else stay_silent
