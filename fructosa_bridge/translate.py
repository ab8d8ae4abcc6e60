"""Pages into points: the hot path.

The nodes of a cluster say the same things, again and again. The first time a series is seen its
line is parsed strictly and its path worked out; afterwards a line costs a look-up and a number.
One translator serves all targets of a kind.
"""

from dataclasses import dataclass
from math import isfinite

from . import naming
from .errors import PageError
from .model import Point
from .parse import parse_line, plain_number

# Series, paths and comments: more than all nodes of a large cluster share. When values of labels
# churn, the memory is cleared at once and fills again with what is still said.
_MOST_REMEMBERED = 1_000_000


@dataclass(frozen=True)
class Translation:
    """What a page gave: *samples* it had, and what can't be stored, by reason."""

    points: list[Point]
    samples: int
    not_finite: int
    repeated: int


class Translator:
    """Remembers the paths of the series that pages have named."""

    def __init__(self, most_remembered: int = _MOST_REMEMBERED) -> None:
        self._most_remembered = most_remembered
        self._paths: dict[str, str] = {}  # a series as pages write it, to its path
        self._owners: dict[str, tuple[str, frozenset[tuple[str, str]]]] = {}
        self._comments: set[str] = set()

    def points(self, page: str, below: str, most_samples: int) -> Translation:
        """Return the points of a *page*, with paths below that of its node.

        Raises: PageError when a line is wrong, or there are more samples than allowed.
        """
        found: dict[str, float] = {}
        known, samples, not_finite = self._paths, 0, 0
        for line in page.split("\n"):
            series, _, text = line.rpartition(" ")
            path = known.get(series)
            value = None if path is None else plain_number(text)
            if value is None:
                learnt = self._learn(line)
                if learnt is None:
                    continue
                path, value = learnt
            samples += 1
            if isfinite(value):
                found[f"{below}.{path}"] = value
            else:
                not_finite += 1
        if samples > most_samples:
            raise PageError(f"{samples} samples, more than the {most_samples} that are allowed")
        repeated = samples - not_finite - len(found)
        return Translation(list(found.items()), samples, not_finite, repeated)

    def _learn(self, line: str) -> tuple[str, float] | None:
        """Return path and value of a line that is not known; None where it has no sample."""
        if line in self._comments:
            return None
        sample = parse_line(line)
        remembered = len(self._paths) + len(self._owners) + len(self._comments)
        if remembered > self._most_remembered:
            self._forget()
        if sample is None:
            self._comments.add(line)
            return None
        path = self._path(sample.name, sample.labels)
        series, _, text = line.rpartition(" ")
        # With a time, or odd spaces, the text before the last space is not the series alone.
        if sample.time_ms is None and text and series and series == series.rstrip(" \t"):
            self._paths[series] = path
        return path, sample.value

    def _path(self, name: str, labels: tuple[tuple[str, str], ...]) -> str:
        path = naming.path(name, labels)
        series = (name, frozenset(label for label in labels if label[1]))
        if self._owners.setdefault(path, series) != series:
            path = naming.explicit_path(name, labels)
        return path

    def _forget(self) -> None:
        self._paths.clear()
        self._comments.clear()
        self._owners.clear()
