"""What a sensor of many devices keeps between readings: which it tells of, under which keys."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from fructosa_exporter.metrics import Key, Metric

# Containers come and go, each with an interface of another name.
_KNOWN_LIMIT = 10_000


class DeviceFilter:
    """Names that match one of some shell patterns, and none of others."""

    def __init__(self, include: Sequence[str], exclude: Sequence[str]) -> None:
        self._include = include
        self._exclude = exclude
        self._known: dict[str, bool] = {}

    def of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return those of *names* that are chosen, in their order."""
        chosen = [name for name in names if self._is_chosen(name)]
        return tuple(chosen)

    def _is_chosen(self, name: str) -> bool:
        if name not in self._known:
            if len(self._known) >= _KNOWN_LIMIT:
                self._known.clear()
            self._known[name] = any(
                fnmatchcase(name, pattern) for pattern in self._include
            ) and not any(fnmatchcase(name, pattern) for pattern in self._exclude)
        return self._known[name]


class KeyCache:
    """The keys of Rows, made anew only when what they tell of changes."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics
        self._of: object = None
        self._keys: list[Key] = []

    def each(self, names: tuple[str, ...]) -> list[Key]:
        """Return a key of each metric for each of *names*, name by name."""
        return self.made(
            names, lambda: [(metric, (name,)) for name in names for metric in self._metrics]
        )

    def made(self, of: object, make: Callable[[], list[Key]]) -> list[Key]:
        """Return the keys that *make* makes, those from before while *of* is the same."""
        if of != self._of:
            self._keys, self._of = make(), of
        return self._keys
