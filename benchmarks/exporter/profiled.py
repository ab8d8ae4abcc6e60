"""lagent under cProfile in every thread: `python -m benchmarks.exporter.profiled serve …`.

It begins anew on SIGUSR2. What it writes at its end, into the file that BENCH_PROFILE names, pstats
can read. For Python 3.11: from 3.12 on there can be only one profiler at a time.
"""

import cProfile
import os
import pstats
import signal
import sys
import threading
from types import FrameType
from typing import Any

from fructosa_exporter.cli import main


class _Profile(cProfile.Profile):
    """A profiler that may be asked from another thread: what is under way there is left alone."""

    create_stats = cProfile.Profile.snapshot_stats


_profiles: list[_Profile] = []


def _profile(*_: FrameType | str | Any) -> None:
    """Profile the thread that calls this."""
    profile = _Profile()
    _profiles.append(profile)
    profile.enable()


def _begin_anew(*_: int | FrameType | None) -> None:
    for profile in _profiles:
        profile.clear()


def _run() -> int:
    signal.signal(signal.SIGUSR2, _begin_anew)
    threading.setprofile(_profile)
    _profile()
    code = main(sys.argv[1:])
    # Stats refuses a profile of a thread that did nothing since.
    pstats.Stats(*filter(_Profile.getstats, _profiles)).dump_stats(os.environ["BENCH_PROFILE"])
    return code


if __name__ == "__main__":
    sys.exit(_run())
