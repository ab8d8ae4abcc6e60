"""Compares what the nodes have served with what is in Whisper.

The pages of a node are numbered, so each lost page can be named, with the restart nearest to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import whisper

from .restarts import DOWN, KILLED, RELOAD, Restart

# docs/lmaster.md: a kill loses at most what was scraped in the last tenth of a second. The
# tolerance is for two delays: of the page to lmaster, and of the signal.
_LIMIT_S, _TOLERANCE_S = 0.1, 0.05


@dataclass(frozen=True)
class LostPage:
    """The points of one page that are not stored, and the nearest restart."""

    node: str
    number: int
    points: int
    served_s: float
    kind: str
    before_s: float
    is_counted_down: bool  # the node counts as down in this slot: the page came too late

    @property
    def is_allowed(self) -> bool:
        """Whether docs/lmaster.md allows this loss."""
        return self.kind == KILLED and -_LIMIT_S <= self.before_s <= _LIMIT_S + _TOLERANCE_S

    @property
    def is_scrape_cut_short(self) -> bool:
        """Whether the node was removed from the configuration while it served the page."""
        return self.kind == RELOAD and abs(self.before_s) < _LIMIT_S

    @property
    def is_acceptable(self) -> bool:
        """Whether one of the exceptions applies."""
        return self.is_allowed or self.is_scrape_cut_short or self.is_counted_down


@dataclass
class Count:
    """The totals of all nodes, and the lost pages."""

    served: int = 0
    stored: int = 0
    misplaced: int = 0
    lost: list[LostPage] = field(default_factory=list)


def stored(file: Path, from_s: float) -> dict[int, list[int]]:
    """Return the times of each value in a Whisper file."""
    times: dict[int, list[int]] = {}
    if file.exists():
        (start_s, _, step_s), values = whisper.fetch(str(file), int(from_s))
        for slot, value in enumerate(values):
            if value is not None:
                times.setdefault(int(value), []).append(start_s + slot * step_s)
    return times


def count(
    pages: dict[str, list[float]],
    series: dict[str, list[Path]],
    ups: dict[str, Path],
    restarts: Sequence[Restart],
    from_s: float,
    interval_s: int,
) -> Count:
    """Compare the times of each node's *pages* with its *series* and its series `up` (*ups*)."""
    result = Count()
    for node, times in pages.items():
        missing: dict[int, int] = {}
        for file in series[node]:
            slots = stored(file, from_s)
            for number, served_s in enumerate(times):
                if number not in slots:
                    missing[number] = missing.get(number, 0) + 1
                    continue
                result.stored += 1
                result.misplaced += any(
                    not 0 <= served_s - slot_s < interval_s + 1 for slot_s in slots[number]
                )
                result.misplaced += len(slots[number]) - 1
            result.served += len(times)
        down = stored(ups[node], from_s).get(0, []) if missing else []
        result.lost += [
            LostPage(
                node,
                number,
                points,
                times[number],
                *_nearest(times[number], restarts),
                is_counted_down=any(
                    0 <= times[number] - slot_s < interval_s + 1 for slot_s in down
                ),
            )
            for number, points in missing.items()
        ]
    return result


def _nearest(served_s: float, restarts: Sequence[Restart]) -> tuple[str, float]:
    """Return the kind of the restart nearest to a time, and how long after that time it began."""

    def distance_s(one: Restart) -> float:
        return max(one.began_s - served_s, served_s - one.ended_s, 0.0)

    if not restarts:
        return "none", 0.0
    nearest = min(restarts, key=distance_s)
    return nearest.kind, nearest.began_s - served_s


def missed(
    times: Sequence[float], restarts: Sequence[Restart], until_s: float, interval_s: int
) -> tuple[int, int]:
    """Return how many slots of a node have no page: with lmaster down, and with it running."""
    down = running = 0
    for before_s, after_s in zip(times, [*times[1:], until_s], strict=True):
        slots = max(0, round((after_s - before_s) / interval_s) - 1)
        was_down = any(
            one.began_s < after_s and before_s < one.ended_s + interval_s
            for one in restarts
            if one.kind in DOWN
        )
        down, running = (down + slots, running) if was_down else (down, running + slots)
    return down, running
