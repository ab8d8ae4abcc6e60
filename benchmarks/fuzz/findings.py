"""What a worker has found, in its folder: counts in a file, and an input for each failure."""

import json
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from traceback import extract_tb
from typing import Any

from .costs import Costs
from .target import ROOT, BrokenPromise

FAILURES = "failures"
_RESULT = "result.json"
_WRITE_S = 1.0


class Findings:
    """Counts inputs and failures of a target; writes them into a *folder*, once a second."""

    def __init__(self, name: str, folder: Path, costs: Costs) -> None:
        self._name, self._folder, self._costs = name, folder, costs
        self._inputs = 0
        self._failures: dict[str, Path] = {}  # by what they are
        self._sizes: dict[str, int] = {}
        self._written_s = time.monotonic()

    def count(self) -> None:
        """Count an input."""
        self._inputs += 1
        if time.monotonic() - self._written_s > _WRITE_S:
            self._write()

    def add(self, error: Exception, data: bytes) -> None:
        """Add a failure; of those that are alike, the smallest input is kept."""
        what = _description(error)
        if len(data) >= self._sizes.get(what, 2**30):
            return
        name = sha256(what.encode()).hexdigest()[:8]
        path = self._folder / FAILURES / f"{self._name}-{name}"
        path.write_bytes(data)
        self._failures[what], self._sizes[what] = path, len(data)
        self._write()

    def _write(self) -> None:
        self._written_s = time.monotonic()
        found = {
            "inputs": self._inputs,
            "failures": {what: str(path) for what, path in self._failures.items()},
            "measured": self._costs.measured,
            "time": self._costs.worst_time,
            "memory": self._costs.worst_memory,
        }
        new = self._folder / f"{_RESULT}.new"
        new.write_text(json.dumps(found))
        new.replace(self._folder / _RESULT)


def written(folder: Path) -> Mapping[str, Any]:
    """Return what was written into a folder; nothing if nothing was."""
    try:
        found: Mapping[str, Any] = json.loads((folder / _RESULT).read_text())
    except FileNotFoundError:
        return {}
    return found


def forget(folder: Path) -> None:
    """Remove what was written into a folder by an earlier run."""
    (folder / _RESULT).unlink(missing_ok=True)
    for old in (folder / FAILURES).iterdir():
        old.unlink()


def _description(error: Exception) -> str:
    """Return what a failure is: the same for all inputs that fail in the same way."""
    if isinstance(error, BrokenPromise):
        # What a promise is comes first, then numbers that differ.
        return str(error).partition(":")[0]
    frames = [one for one in extract_tb(error.__traceback__) if one.filename.startswith(str(ROOT))]
    frames = [one for one in frames if "/fructosa_" in one.filename] or frames
    place = f"{Path(frames[-1].filename).relative_to(ROOT)}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} in {place}: {str(error)[:80]!a}"
