"""lmaster under cProfile: `python -m benchmarks.bridge.profiled scrape …`.

SIGUSR2 resets the profile, so that the startup and the first scrapes can be left out. On exit it
writes the profile, for pstats, to the file that BENCH_PROFILE names. Only the main thread is
profiled: the other threads write to disk and spend their time in the kernel.
"""

import cProfile
import os
import signal
import sys

from fructosa_bridge.cli import main


def _run() -> int:
    profile = cProfile.Profile()
    signal.signal(signal.SIGUSR2, lambda *_: profile.clear())
    profile.enable()
    code = main(sys.argv[1:])
    profile.disable()
    profile.dump_stats(os.environ["BENCH_PROFILE"])
    return code


if __name__ == "__main__":
    sys.exit(_run())
