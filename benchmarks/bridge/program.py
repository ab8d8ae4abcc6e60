"""How a benchmark runs as a program: what it needs of the machine, and how it ends."""

import resource
import signal
import sys
from collections.abc import Callable

from benchmarks.exporter.processes import CannotRun


def run(measure: Callable[[], bool]) -> int:
    """Return the exit code of *measure*; whatever ends it early, its children end too."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's child in the background ignores INT
        signal.signal(number, signal.default_int_handler)
    try:
        return 0 if measure() else 1
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def allow_connections(count: int) -> None:
    """Let this process and its children open so many connections, and some files.

    Raises: CannotRun where the machine does not.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and count + 500 > hard:
        raise CannotRun(
            f"{count} targets need {count + 500} open files, and {hard} are allowed: "
            "raise the hard limit (ulimit -Hn), or give fewer with --targets"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
