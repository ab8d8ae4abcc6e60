"""Where lmaster spends its time: by Python function (cProfile) and by C function (perf)."""

import os
import pstats
import shutil
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

from .farm import NodeFarm
from .peers import LMASTER, lmaster
from .window import wait_until_up

_PROFILED = (sys.executable, "-m", "benchmarks.bridge.profiled")
_FUNCTIONS = 25
_WAITING = "select.epoll"


def by_function(folder: Path, farm: NodeFarm, interval_s: int, seconds: float) -> str:
    """Return the most expensive functions under cProfile, measured once all targets are up.

    cProfile makes calls of Python functions more expensive than they are. It shows where to look;
    measure the effect of a change without it.
    """
    profile = folder / "profile"
    os.environ["BENCH_PROFILE"] = str(profile)
    with lmaster(folder / "profiled", farm, interval_s, _PROFILED) as running:
        wait_until_up(running, farm, interval_s)
        time.sleep(interval_s)
        os.kill(running.process.pid, signal.SIGUSR2)
        before = running.work().samples
        time.sleep(seconds)
        samples = running.work().samples - before
    output = StringIO()
    stats = pstats.Stats(str(profile), stream=output).strip_dirs()
    waited_s = sum(row[2] for (*_, name), row in stats.stats.items() if _WAITING in name)  # type: ignore[attr-defined]
    stats.sort_stats("tottime").print_stats(_FUNCTIONS)
    stats.sort_stats("cumulative").print_stats("fructosa|aiohttp|asyncio", _FUNCTIONS)
    used_s = stats.total_tt - waited_s  # type: ignore[attr-defined]
    head = f"cProfile: {samples} samples, {used_s:.2f} s without waiting for the network"
    return f"{head}, {used_s / samples * 1e6:.2f} µs per sample\n{output.getvalue()}"


def by_symbol(folder: Path, farm: NodeFarm, interval_s: int, seconds: float) -> str:
    """Return the report of `perf record`, which includes the kernel and C libraries."""
    perf = shutil.which("perf")
    if perf is None:
        return "perf is not installed: apt-get install linux-perf to see C functions as well"
    data = str(folder / "perf.data")
    with lmaster(folder / "sampled", farm, interval_s, LMASTER) as running:
        wait_until_up(running, farm, interval_s)
        time.sleep(interval_s)
        options = ["-p", str(running.process.pid), "-o", data]
        subprocess.run([perf, "record", "-q", "-F", "499", *options, "sleep", f"{seconds:g}"])
    report = ["perf:"]
    for sort_key in ("dso", "dso,symbol"):
        command = [perf, "report", "-i", data, "--stdio", "-q", "--no-children", "-s", sort_key]
        output = subprocess.run(command, capture_output=True, text=True).stdout
        report += [line for line in output.splitlines() if line.strip()][: 2 * _FUNCTIONS]
    return "\n".join(report)
