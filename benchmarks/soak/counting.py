"""What the nodes served beside what Whisper's files hold; what is missing, and around what.

Every page of a node has a number of its own, so each lost page is known by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import whisper

from .restarts import DOWN, KILLED, RELOAD, Restart

# What docs/lmaster.md allows: a kill loses at most what was scraped in the last tenth of a second.
# The node serves a page a moment before lmaster has it, and a signal arrives a moment after it was
# sent.
_LIMIT_S, _MOMENT_S = 0.1, 0.05


@dataclass(frozen=True)
class Lost:
    """Points of one page that are not stored, and the restart that was nearest."""

    node: str
    number: int
    points: int
    served_s: float
    kind: str
    before_s: float
    is_told: bool  # the node counts as down in this slot: the page came too late

    @property
    def is_allowed(self) -> bool:
        """Return whether docs/lmaster.md allows this loss."""
        return self.kind == KILLED and -_LIMIT_S <= self.before_s <= _LIMIT_S + _MOMENT_S

    @property
    def is_scrape_cut_short(self) -> bool:
        """Tell whether the node was taken out while the page was on its way."""
        return self.kind == RELOAD and abs(self.before_s) < _LIMIT_S

    @property
    def is_fine(self) -> bool:
        """Tell whether nobody need look into it."""
        return self.is_allowed or self.is_scrape_cut_short or self.is_told


@dataclass
class Count:
    """The sums of all nodes."""

    served: int = 0
    stored: int = 0
    misplaced: int = 0
    lost: list[Lost] = field(default_factory=list)


def stored(file: Path, from_s: float) -> dict[int, list[int]]:
    """Return the values in a Whisper file, each with its times."""
    found: dict[int, list[int]] = {}
    if file.exists():
        (start_s, _, step_s), values = whisper.fetch(str(file), int(from_s))
        for at, value in enumerate(values):
            if value is not None:
                found.setdefault(int(value), []).append(start_s + at * step_s)
    return found


def count(
    pages: dict[str, list[float]],
    series: dict[str, list[Path]],
    ups: dict[str, Path],
    restarts: Sequence[Restart],
    from_s: float,
    interval_s: int,
) -> Count:
    """Compare the times of each node's *pages* with its *series*, and the series that say up."""
    made = Count()
    for node, times in pages.items():
        missing: dict[int, int] = {}
        for file in series[node]:
            found = stored(file, from_s)
            for number, served_s in enumerate(times):
                if number not in found:
                    missing[number] = missing.get(number, 0) + 1
                    continue
                made.stored += 1
                made.misplaced += any(
                    not 0 <= served_s - at < interval_s + 1 for at in found[number]
                )
                made.misplaced += len(found[number]) - 1
            made.served += len(times)
        downs = stored(ups[node], from_s).get(0, []) if missing else []
        made.lost += [
            Lost(
                node,
                number,
                points,
                times[number],
                *_nearest(times[number], restarts),
                is_told=any(0 <= times[number] - at < interval_s + 1 for at in downs),
            )
            for number, points in missing.items()
        ]
    return made


def _nearest(served_s: float, restarts: Sequence[Restart]) -> tuple[str, float]:
    """Return the restart nearest to a time, and how long after it that restart began."""

    def distance_s(one: Restart) -> float:
        return max(one.began_s - served_s, served_s - one.ended_s, 0.0)

    if not restarts:
        return "none", 0.0
    one = min(restarts, key=distance_s)
    return one.kind, one.began_s - served_s


def missed(
    times: Sequence[float], restarts: Sequence[Restart], until_s: float, interval_s: int
) -> tuple[int, int]:
    """Return how many slots of a node have no page: while lmaster was down, and while it ran."""
    down = ran = 0
    for before_s, after_s in zip(times, [*times[1:], until_s], strict=True):
        slots = max(0, round((after_s - before_s) / interval_s) - 1)
        was_down = any(
            one.began_s < after_s and before_s < one.ended_s + interval_s
            for one in restarts
            if one.kind in DOWN
        )
        down, ran = (down + slots, ran) if was_down else (down, ran + slots)
    return down, ran
