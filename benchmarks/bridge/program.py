"""Runs a benchmark as a program: checks the limits of the machine, sets the exit code."""

import resource
import signal
import sys
from collections.abc import Callable

from benchmarks.exporter.processes import CannotRun


def run(measure: Callable[[], bool]) -> int:
    """Return the exit code of *measure*: 0 if it returns True; signals also end its children."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a background job of a shell ignores SIGINT
        signal.signal(number, signal.default_int_handler)
    try:
        return 0 if measure() else 1
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def allow_connections(count: int) -> None:
    """Raise the limit of open files of this process and its children to the hard limit.

    Raises: CannotRun if that is not enough for *count* connections.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and count + 500 > hard:
        raise CannotRun(
            f"{count} targets need {count + 500} open files, but the limit is {hard}: "
            "raise the hard limit (ulimit -Hn), or lower --targets"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
