"""lmaster under cProfile: `python -m benchmarks.bridge.profiled scrape …`.

It begins anew on SIGUSR2, so that start and first sight of the pages can be left out. What it
writes at its end, into the file that BENCH_PROFILE names, pstats can read. Only the main thread is
looked at: the others write to the disk, and the kernel does that.
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
