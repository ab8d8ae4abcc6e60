"""lagent under cProfile in every thread: `python -m benchmarks.exporter.profiled serve …`.

SIGUSR2 resets the profile. On exit it writes the profile, for pstats, to the file that
BENCH_PROFILE names. It needs Python 3.11: since 3.12 there can be only one profiler at a time.
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
    """A profiler whose statistics another thread can take, without ending calls in progress."""

    create_stats = cProfile.Profile.snapshot_stats


_profiles: list[_Profile] = []


def _profile(*_: FrameType | str | Any) -> None:
    """Profile the thread that calls this."""
    profile = _Profile()
    _profiles.append(profile)
    profile.enable()


def _reset(*_: int | FrameType | None) -> None:
    for profile in _profiles:
        profile.clear()


def _run() -> int:
    signal.signal(signal.SIGUSR2, _reset)
    threading.setprofile(_profile)
    _profile()
    code = main(sys.argv[1:])
    # pstats rejects the empty profile of a thread that did nothing since the reset.
    pstats.Stats(*filter(_Profile.getstats, _profiles)).dump_stats(os.environ["BENCH_PROFILE"])
    return code


if __name__ == "__main__":
    sys.exit(_run())
