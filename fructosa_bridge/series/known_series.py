"""The series that a node has had, and which new ones it may have.

What a node has is free: its first page, and metrics that it did not have before, as after an
upgrade. What is rationed is new values of labels, of which a node can make up as many as it likes.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import compress
from typing import NamedTuple

from ..translate.steps import Steps, at_once

NEW_SERIES_LIMIT = "new_series_limit"
SERIES_LIMIT = "series_limit"
TOTAL_SERIES_LIMIT = "total_series_limit"
REASONS = (NEW_SERIES_LIMIT, SERIES_LIMIT, TOTAL_SERIES_LIMIT)
"""Why a sample of a new series is not stored."""

HOUR_S = 3600.0
# A series that is no longer on the page counts for one to two days.
_GONE_S = 24 * HOUR_S
# While so many series of a node have gone, or as many as its page has, new metrics are no longer
# free: an upgrade replaces what a page had, once.
_FREE_TURNOVER = 10_000

# With more series, work is done in steps.
MOST_AT_ONCE = 10_000

Numbers = frozenset[int]


class Allowance(NamedTuple):
    """How many series a node may have; *room* is what the limit for all nodes leaves for new ones.

    *per_hour* are new values of labels.
    """

    series: int
    per_hour: int
    room: int


class SeriesMemory(NamedTuple):
    """What is known of a node over a restart: digests of its series and of all their kinds.

    *left* is how many new values of labels it may have now, *gone* how many series have gone.
    """

    series: Numbers
    kinds: Numbers
    left: float
    gone: int


def in_steps(texts: Sequence[str], work: Callable[[Sequence[str]], None]) -> Steps[None]:
    """Do some work with each part of a sequence, of which none is too long."""
    for at in range(0, len(texts), MOST_AT_ONCE):
        work(texts[at : at + MOST_AT_ONCE])
        if len(texts) > MOST_AT_ONCE:
            yield


class Admitted(NamedTuple):
    """Which of the series of a page are stored.

    *is_stored* has a byte for each of them, None if all are. *refused* are the others by reason,
    *first* is the first of them.
    """

    paths: tuple[str, ...]
    is_stored: bytes | None = None
    refused: tuple[tuple[str, int], ...] = ()
    first: str = ""


class _Gone(NamedTuple):
    """What a page no longer has: hashes of series, digests of their kinds, and how many more."""

    series: Numbers = Numbers()
    kinds: Numbers = Numbers()
    more: int = 0

    @property
    def total(self) -> int:
        """How many series have gone."""
        return len(self.series) + self.more


def kind(path: str) -> str:
    """Return what is no value of a label in the path of a series: its metric, how many labels."""
    separator = ";" if ";" in path else "."  # tags, or parts of a path
    return f"{path.count(separator)}{separator}{path.partition(separator)[0]}"


@lru_cache(maxsize=8192)  # nodes have the same series
def digest(text: str) -> int:
    """Return eight bytes for a series or a kind: nobody finds another text with the same ones."""
    encoded = text.encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(encoded, digest_size=8).digest(), "little", signed=True)


class KnownSeries:
    """The series of one node: those on its last page, and those that have gone since yesterday.

    *memory* is what was known of it before a restart.
    """

    __slots__ = ("_began_s", "_gone", "_kept", "_left", "_long_gone", "_page", "_refilled_s")

    def __init__(self, now_s: float, per_hour: int, memory: SeriesMemory | None = None) -> None:
        memory = memory or SeriesMemory(Numbers(), Numbers(), per_hour, 0)
        self._page: tuple[str, ...] = ()
        self._kept = memory.series  # those that were not on a page since the restart
        self._gone, self._long_gone = _Gone(Numbers(), memory.kinds, memory.gone), _Gone()
        self._left = memory.left
        self._began_s = self._refilled_s = now_s

    def __len__(self) -> int:
        return len(self._page) + self._all_gone

    @property
    def _all_gone(self) -> int:
        return len(self._kept) + self._gone.total + self._long_gone.total

    @property
    def memory(self) -> SeriesMemory:
        """What is known, to be kept over a restart."""
        kinds = frozenset(map(digest, set(map(kind, self._page))))
        return SeriesMemory(
            self._kept.union(map(digest, self._page)),
            kinds | self._gone.kinds | self._long_gone.kinds,
            self._left,
            self._gone.total + self._long_gone.total,
        )

    def admit(self, paths: tuple[str, ...], allowance: Allowance, now_s: float) -> Admitted:
        """Return which series of a page are stored; these are known from now on."""
        return at_once(self.steps(paths, allowance, now_s))

    def steps(self, paths: tuple[str, ...], allowance: Allowance, now_s: float) -> Steps[Admitted]:
        """Do the same, in steps if there are many series."""
        self._forget(now_s)
        self._refill(allowance.per_hour, now_s)
        is_first, before = not len(self), set(self._page)
        if is_first and len(paths) <= min(allowance.series, allowance.room):
            self._page = paths
            return Admitted(paths)
        unseen, new = list[str](), list[str]()
        yield from in_steps(
            paths, lambda part: unseen.extend(path for path in part if path not in before)
        )
        yield from in_steps(unseen, lambda part: new.extend(self._not_back(part)))
        vanished = before.difference(paths)
        if len(paths) > MOST_AT_ONCE:
            yield
        gone = self._all_gone + len(vanished)
        is_steady = gone < max(_FREE_TURNOVER, len(paths))
        free = new if is_first else list[str]()
        if is_steady and not is_first:
            free = yield from self._free(new, before)
        yield from in_steps(list(vanished), self._vanish)
        room = allowance.series - (len(paths) - len(new) + gone)
        refused = self._refused(new, free, room, allowance.room)
        if len(paths) > MOST_AT_ONCE:
            yield
        return self._admitted(paths, refused)

    def _not_back(self, unseen: Sequence[str]) -> Sequence[str]:
        """Return those series that the node did not have before; the others have not gone."""
        gone, kept = self._gone.series | self._long_gone.series, self._kept
        if not gone and not kept:
            return unseen
        back = [path for path in unseen if hash(path) in gone]
        if back:
            hashes = frozenset(map(hash, back))
            self._gone = self._gone._replace(series=self._gone.series - hashes)
            self._long_gone = self._long_gone._replace(series=self._long_gone.series - hashes)
        new = [path for path in unseen if hash(path) not in gone]
        if kept:
            numbers = list(map(digest, new))
            self._kept = kept.difference(numbers)
            new = [path for path, one in zip(new, numbers, strict=True) if one not in kept]
        return new

    def _free(self, new: Sequence[str], before: Collection[str]) -> Steps[list[str]]:
        """Return those of the *new* series whose metric, or whose labels, the node had not."""
        if not new:
            return []
        had, kinds = set[str](), set[str]()
        yield from in_steps(list(before), lambda part: had.update(map(kind, part)))
        yield from in_steps(new, lambda part: kinds.update(map(kind, part)))
        gone = self._gone.kinds | self._long_gone.kinds
        free = {one for one in kinds - had if digest(one) not in gone}
        return [path for path in new if kind(path) in free] if free else []

    def _refused(
        self, new: Sequence[str], free: Sequence[str], room: int, room_of_all: int
    ) -> dict[str, str]:
        """Return which *new* series are not stored, and why; the others use up what is left."""
        why_full = SERIES_LIMIT if room <= room_of_all else TOTAL_SERIES_LIMIT
        room = max(0, min(room, room_of_all))
        refused = dict.fromkeys(free[room:], why_full)
        room = max(0, room - len(free))
        is_free = set(free)
        rationed = [path for path in new if path not in is_free] if len(free) < len(new) else []
        left = min(int(self._left), room)
        self._left -= min(left, len(rationed))
        why = why_full if left == room else NEW_SERIES_LIMIT
        return refused | dict.fromkeys(rationed[left:], why)

    def _admitted(self, paths: tuple[str, ...], refused: dict[str, str]) -> Admitted:
        if not refused:
            self._page = paths
            return Admitted(paths)
        is_stored = bytes(path not in refused for path in paths)
        self._page = tuple(compress(paths, is_stored))
        counted = tuple(Counter(refused.values()).items())
        return Admitted(self._page, is_stored, counted, next(iter(refused)))

    def _vanish(self, vanished: Sequence[str]) -> None:
        series, kinds, more = self._gone
        kinds = kinds.union(map(digest, set(map(kind, vanished))))
        self._gone = _Gone(series.union(map(hash, vanished)), kinds, more)

    def _refill(self, per_hour: int, now_s: float) -> None:
        passed_s, self._refilled_s = max(0.0, now_s - self._refilled_s), now_s
        self._left = min(float(per_hour), self._left + passed_s * per_hour / HOUR_S)

    def _forget(self, now_s: float) -> None:
        """Forget what has gone for more than a day, once a day."""
        if now_s - self._began_s >= _GONE_S:
            self._gone, self._long_gone, self._kept = (
                _Gone(more=len(self._kept)),
                self._gone,
                Numbers(),
            )
            self._began_s = now_s
