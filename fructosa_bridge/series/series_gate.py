"""Between pages and the queue: which points are stored, if a node makes up new series.

A page with the series of the last one costs one comparison.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import compress
from typing import NamedTuple

from fructosa_service.errors import shown

from ..model.points import Paths, Points
from ..model.target import Target
from ..translate.steps import Steps, at_once
from .known_series import (
    HOUR_S,
    NEW_SERIES_LIMIT,
    SERIES_LIMIT,
    TOTAL_SERIES_LIMIT,
    Admitted,
    Allowance,
    KnownSeries,
    SeriesMemory,
)

WARNINGS = {
    NEW_SERIES_LIMIT: "new series are not stored, the first was {path}: more than {limit} new "
    "values of labels, or metrics that replace others, within an hour; drop its metric (metrics "
    "drop), or raise new series limit",
    SERIES_LIMIT: "some series are not stored, the first was {path}: more than {limit} series "
    "within a day; drop metrics that are not needed (metrics drop), or raise series limit",
    TOTAL_SERIES_LIMIT: "new series are not stored, the first was {path}: all nodes together have "
    "{limit} series, and this one has more than its share; drop metrics that are not needed "
    "(metrics drop), or raise [lmaster] series limit",
}
# What is refused may be stored a moment later: a page with it is looked at again so often.
_AGAIN_S = 60.0
# So a node that is over its limit now and then is no news each time.
_WARNED_S = HOUR_S
DEFAULT_TOTAL = 50_000_000


class Stored(NamedTuple):
    """The *points* of a page that are stored, how many are not, by reason, and a warning if so."""

    points: Points
    refused: Mapping[str, int]
    warning: str | None


class _Node:
    """A target: what it had, and which series of its last page are stored."""

    __slots__ = ("admitted", "again_s", "known", "offered", "paths", "warned_s", "warning")

    def __init__(self, known: KnownSeries) -> None:
        self.known = known
        self.offered: Paths | None = None
        self.admitted = Admitted(())
        self.paths: Paths | None = None  # of the points that are stored, if these are not all
        self.again_s = self.warned_s = 0.0
        self.warning: str | None = None


class SeriesGate:
    """Lets points through, but for those of new series beyond the limits of their target.

    *total_limit* is for all targets together. When it is reached, those that have more than their
    share of it get no more; all others are none the worse for it.
    """

    def __init__(
        self, total_limit: int = DEFAULT_TOTAL, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.total_limit = total_limit
        self.recall: Callable[[str], SeriesMemory | None] = lambda target: None
        self._clock = clock
        self._nodes: dict[str, _Node] = {}
        self._changed: set[str] = set()
        self._total = 0

    def stored(self, target: Target, sample_limit: int, points: Points) -> Stored:
        """Return which points of a page of *target* are stored."""
        return at_once(self.steps(target, sample_limit, points))

    def steps(self, target: Target, sample_limit: int, points: Points) -> Steps[Stored]:
        """Do the same, in steps if there are many series."""
        now_s, node = self._clock(), self._nodes.get(target.identity)
        if node is None:
            node = self._begin(target, now_s)
        if points.paths is not node.offered or (node.admitted.refused and now_s >= node.again_s):
            yield from self._decide(node, target, sample_limit, points.paths, now_s)
        if node.paths is None and now_s - node.warned_s >= _WARNED_S:
            node.warning = None
        if node.paths is None:
            return Stored(points, {}, node.warning)
        values = compress(points.values, node.admitted.is_stored or b"")
        kept = Points(points.before, node.paths, points.after, values)
        return Stored(kept, dict(node.admitted.refused), node.warning)

    def _begin(self, target: Target, now_s: float) -> _Node:
        memory = self.recall(target.identity)
        known = KnownSeries(now_s, target.new_series_limit, memory)
        self._total += len(known)
        node = self._nodes[target.identity] = _Node(known)
        return node

    def _decide(
        self, node: _Node, target: Target, sample_limit: int, paths: Paths, now_s: float
    ) -> Steps[None]:
        before, share = len(node.known), self.total_limit // max(1, len(self._nodes))
        allowance = Allowance(
            target.series_limit or sample_limit,
            target.new_series_limit,
            max(self.total_limit - self._total, share - before),
        )
        found = yield from node.known.steps(paths.each, allowance, now_s)
        node.offered, node.admitted, node.again_s = paths, found, now_s + _AGAIN_S
        node.paths = Paths(found.paths) if found.refused else None
        self._total += len(node.known) - before
        if len(node.known) > before or found.refused:
            self._changed.add(target.identity)
        if found.refused:
            node.warning = node.warning or self._warning(found, allowance)
            node.warned_s = now_s

    def _warning(self, found: Admitted, allowance: Allowance) -> str:
        why, _ = found.refused[0]
        limits = {NEW_SERIES_LIMIT: allowance.per_hour, SERIES_LIMIT: allowance.series}
        limit = limits.get(why, self.total_limit)
        return WARNINGS[why].format(path=shown(found.first), limit=limit)

    def keep_only(self, targets: Iterable[Target]) -> None:
        """Forget all other targets."""
        for identity in self._nodes.keys() - {target.identity for target in targets}:
            self._total -= len(self._nodes.pop(identity).known)
            self._changed.discard(identity)

    def changed(self, most: int) -> Iterator[tuple[str, KnownSeries]]:
        """Yield *most* targets at most that have new series since they were here last."""
        for _ in range(min(most, len(self._changed))):
            identity = self._changed.pop()
            yield identity, self._nodes[identity].known

    def unsaved(self, identities: Iterable[str]) -> None:
        """Take back targets of changed() that could not be kept."""
        self._changed |= self._nodes.keys() & set(identities)
