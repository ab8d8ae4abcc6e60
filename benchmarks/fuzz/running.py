"""Starts the worker of a target, and reads what it has found."""

import re
import subprocess
import sys
import time
from pathlib import Path

from .findings import FAILURES, forget, written
from .registry import MODULES
from .target import ROOT, FuzzTarget

# A worker is ended that takes longer for one input, or more memory than this.
_TIMEOUT_S, _MEMORY_MB = 60, 2048
_MOST_STARTS = 5
_COVERAGE = re.compile(r"cov: (\d+) ft: (\d+)")
# libFuzzer names an input that ends the process TARGET-timeout-HASH, TARGET-oom-HASH…
_ENDINGS = ("timeout", "oom", "crash")

HEAD = (
    *("target", "inputs", "branches", "paths", "made large", "time", "bytes a byte"),
    "failures",
)
"""The head of the table: *time* is beside that of an honest input of the same size."""


class FuzzRun:
    """The run of a *target* for some *seconds*: a worker, again when an input has ended one."""

    def __init__(self, target: FuzzTarget, folder: Path, seconds: float) -> None:
        self.target, self._folder, self._seconds = target, folder, seconds
        self._starts = self._inputs_before = 0
        self._until_s = 0.0
        for name in ("corpus", "seeds", FAILURES):
            (folder / name).mkdir(parents=True, exist_ok=True)
        forget(folder)
        for number, seed in enumerate(target.seeds()):
            (folder / "seeds" / f"{number:03}").write_bytes(seed)
        escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in target.words)
        (folder / "words").write_text("".join(f'"{word}"\n' for word in escaped))

    def start(self) -> None:
        """Start the worker."""
        self._starts += 1
        self._until_s = self._until_s or time.monotonic() + self._seconds
        options = {
            "max_len": self.target.most_bytes,
            "timeout": _TIMEOUT_S,
            "rss_limit_mb": _MEMORY_MB,
            "dict": self._folder / "words",
            "artifact_prefix": self._folder / FAILURES / f"{self.target.name}-",
            "seed": self._starts,
            "report_slow_units": _TIMEOUT_S,
        }
        module, name = MODULES[self.target.name], self.target.name
        worker = [sys.executable, "-m", "benchmarks.fuzz.worker", str(self._until_s)]
        command = [*worker, module, name, self._folder]
        command += [f"-{key}={value}" for key, value in options.items()]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, self._folder / "corpus", self._folder / "seeds"],
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )

    def is_over(self) -> bool:
        """Return whether the time is over; start a worker again that an input has ended."""
        code = self._process.poll()
        if not code:
            return code == 0
        if self._starts == _MOST_STARTS or time.monotonic() > self._until_s - 1:
            return True
        self._inputs_before = self.inputs
        self.start()
        return False

    def end(self) -> None:
        """End the worker."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    @property
    def inputs(self) -> int:
        """How many inputs were tried, by all workers."""
        return self._inputs_before + int(written(self._folder).get("inputs", 0))

    @property
    def failures(self) -> dict[str, Path]:
        """What failed, each with an input."""
        failures = written(self._folder).get("failures", {})
        found = {what: Path(file) for what, file in failures.items()}
        for ending in _ENDINGS:
            for file in (self._folder / FAILURES).glob(f"{self.target.name}-{ending}-*"):
                found[f"the worker ended: {ending}"] = file
        return found

    @property
    def problem(self) -> str | None:
        """Why the worker did not run at all; None if it did."""
        return None if self.inputs else self._log().strip()[-500:]

    def _log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    @property
    def row(self) -> tuple[str, ...]:
        """The row of the table."""
        found = written(self._folder)
        branches, paths = (_COVERAGE.findall(self._log()) or [("", "")])[-1]
        costs = ["", "", ""]
        if found.get("measured"):
            costs = [f"{found['measured']:,}", f"{found['time']:.1f}", f"{found['memory']:.0f}"]
        failures = str(len(self.failures))
        return self.target.name, f"{self.inputs:,}", branches, paths, *costs, failures
