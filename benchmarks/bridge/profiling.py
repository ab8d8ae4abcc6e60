"""Where lmaster's time goes: by Python function (cProfile), and by function of C (perf)."""

import os
import pstats
import shutil
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

from .farm import Farm
from .peers import LMASTER, lmaster
from .window import wait_until_up

_PROFILED = (sys.executable, "-m", "benchmarks.bridge.profiled")
_FUNCTIONS = 25
_WAITING = "select.epoll"


def by_function(folder: Path, farm: Farm, interval_s: int, seconds: float) -> str:
    """Return the costliest functions under cProfile, once all targets are known.

    cProfile makes calls of Python functions dearer than they are: it says where to look, and
    only a run without it says what came of a change.
    """
    left = folder / "profile"
    os.environ["BENCH_PROFILE"] = str(left)
    with lmaster(folder / "profiled", farm, interval_s, _PROFILED) as running:
        wait_until_up(running, farm, interval_s)
        time.sleep(interval_s)
        os.kill(running.process.pid, signal.SIGUSR2)
        before = running.work().samples
        time.sleep(seconds)
        samples = running.work().samples - before
    output = StringIO()
    found = pstats.Stats(str(left), stream=output).strip_dirs()
    waited_s = sum(row[2] for (*_, name), row in found.stats.items() if _WAITING in name)  # type: ignore[attr-defined]
    found.sort_stats("tottime").print_stats(_FUNCTIONS)
    found.sort_stats("cumulative").print_stats("fructosa|aiohttp|asyncio", _FUNCTIONS)
    used_s = found.total_tt - waited_s  # type: ignore[attr-defined]
    head = f"cProfile: {samples} samples, {used_s:.2f} s without waiting for the network"
    return f"{head}, {used_s / samples * 1e6:.2f} µs a sample\n{output.getvalue()}"


def by_symbol(folder: Path, farm: Farm, interval_s: int, seconds: float) -> str:
    """Return what `perf record` sees, kernel and C libraries included; nothing without perf."""
    perf = shutil.which("perf")
    if perf is None:
        return "perf is missing: apt-get install linux-perf shows the functions of C too"
    data = str(folder / "perf.data")
    with lmaster(folder / "sampled", farm, interval_s, LMASTER) as running:
        wait_until_up(running, farm, interval_s)
        time.sleep(interval_s)
        watched = ["-p", str(running.process.pid), "-o", data]
        subprocess.run([perf, "record", "-q", "-F", "499", *watched, "sleep", f"{seconds:g}"])
    shown = []
    for kind in ("dso", "dso,symbol"):
        command = [perf, "report", "-i", data, "--stdio", "-q", "--no-children", "-s", kind]
        said = subprocess.run(command, capture_output=True, text=True).stdout
        shown += [line for line in said.splitlines() if line.strip()][: 2 * _FUNCTIONS]
    return "\n".join(["perf:", *shown])
