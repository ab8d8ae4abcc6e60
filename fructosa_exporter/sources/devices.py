"""Filters and caches for sensors of many devices."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from fructosa_exporter.metrics import Key, Metric

# Bounds the cache of names: each container adds an interface with a new name.
_KNOWN_LIMIT = 10_000


class DeviceFilter:
    """Selects the names that match an *include* pattern and no *exclude* pattern, as in a shell."""

    def __init__(self, include: Sequence[str], exclude: Sequence[str]) -> None:
        self._include = include
        self._exclude = exclude
        self._known: dict[str, bool] = {}

    def select(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the selected *names*, in the same order."""
        selected = [name for name in names if self._is_selected(name)]
        return tuple(selected)

    def _is_selected(self, name: str) -> bool:
        if name not in self._known:
            if len(self._known) >= _KNOWN_LIMIT:
                self._known.clear()
            self._known[name] = any(
                fnmatchcase(name, pattern) for pattern in self._include
            ) and not any(fnmatchcase(name, pattern) for pattern in self._exclude)
        return self._known[name]


class KeyCache:
    """Caches the keys of Rows until the devices change."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics
        self._devices: object = None
        self._keys: list[Key] = []

    def each(self, names: tuple[str, ...]) -> list[Key]:
        """Return a key of each metric for each of *names*, grouped by name."""
        return self.get(
            names, lambda: [(metric, (name,)) for name in names for metric in self._metrics]
        )

    def get(self, devices: object, make: Callable[[], list[Key]]) -> list[Key]:
        """Return the cached keys; call *make* for new ones if *devices* differs from last time."""
        if devices != self._devices:
            self._keys, self._devices = make(), devices
        return self._keys
