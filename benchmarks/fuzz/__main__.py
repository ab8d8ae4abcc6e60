"""`python -m benchmarks.fuzz`: fuzz everything that reads what somebody else has written.

Each target has its share of the time. An input that breaks a promise is kept in a file, with the
command that tries it again.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from traceback import print_exc

from benchmarks.bridge.program import run
from benchmarks.exporter.table import table

from .costs import Costs
from .registry import TARGETS
from .running import HEAD, FuzzRun
from .target import ROOT

_FOLDER = ROOT / "test-output" / "fuzz"
_REPORT_S, _POLL_S = 15.0, 0.2


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", help="only these targets; with --input, one")
    parser.add_argument("--for", dest="seconds", type=float, default=600, help="seconds (600)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="workers at a time")
    parser.add_argument("--input", type=Path, help="try this file again, and nothing else")
    found = parser.parse_args()
    if unknown := set(found.target) - TARGETS.keys():
        parser.error(f"there is no target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    if found.input is not None and len(found.target) != 1:
        parser.error("name the target of the input")
    return found


def try_again(name: str, path: Path) -> bool:
    """Try one input; return whether all promises were kept."""
    data = path.read_bytes()
    try:
        TARGETS[name].check(data)
        Costs(TARGETS[name]).check(data)
    except Exception:  # noqa: BLE001 - whatever it is, it is a failure of the target
        print_exc()
        return False
    print("all promises are kept")
    return True


def fuzz(names: Sequence[str], seconds: float, jobs: int) -> list[FuzzRun]:
    """Fuzz the targets, some at a time, for *seconds* in all; return their runs."""
    share_s = seconds * min(jobs, len(names)) / len(names)
    left = [FuzzRun(TARGETS[name], _FOLDER / name, share_s) for name in names]
    running: list[FuzzRun] = []
    done: list[FuzzRun] = []
    report_s = time.monotonic() + _REPORT_S
    try:
        while left or running:
            while left and len(running) < jobs:
                running.append(left.pop(0))
                running[-1].start()
            time.sleep(_POLL_S)
            for one in [one for one in running if one.is_over()]:
                running.remove(one)
                done.append(one)
                print(_progress(one), flush=True)
            if time.monotonic() > report_s:
                report_s += _REPORT_S
                print(*map(_progress, running), sep="\n", flush=True)
    finally:
        for one in running:
            one.end()
    return done


def _progress(one: FuzzRun) -> str:
    what = f"{one.inputs:,} inputs, {len(one.failures)} failures"
    return f"{time.strftime('%H:%M:%S')} {one.target.name}: {what}"


def report(runs: Sequence[FuzzRun]) -> bool:
    """Print the table and the failures; return whether there are none."""
    print(f"\n{table(HEAD, [one.row for one in runs])}")
    total = sum(one.inputs for one in runs)
    print(f"\n{total:,} inputs; failures:", "" if any(one.failures for one in runs) else "none")
    for one in runs:
        for what, path in one.failures.items():
            short = path.relative_to(ROOT)
            print(f"{one.target.name}: {what}")
            print(f"    {sys.executable} -m benchmarks.fuzz {one.target.name} --input {short}")
        if one.problem is not None:
            print(f"{one.target.name} did not run: {one.problem}")
    return not any(one.failures or one.problem for one in runs)


def main() -> bool:
    """Run the command; return whether all promises were kept."""
    options = arguments()
    if options.input is not None:
        return try_again(options.target[0], options.input)
    names = options.target or list(TARGETS)
    return report(fuzz(names, options.seconds, options.jobs))


if __name__ == "__main__":
    sys.exit(run(main))
