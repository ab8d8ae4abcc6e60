"""What the series of a cluster ask of Graphite, and what of that its limits don't give.

Carbon drops points of a series that has no file yet, as long as it may make none; it keeps points
in memory as long as it may not write them. Whisper makes a file as long as it will ever be.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fructosa_service.errors import visible
from fructosa_service.humanize import count, disk_size, duration

from ..model.selection import MetricSelection
from ..model.target import Target
from ..whisper.retentions import archives

if TYPE_CHECKING:
    from pathlib import Path

# What a page of lagent has with its default sensors on a node of 64 hardware threads with a few
# disks and interfaces: some 210, and 12 for each thread.
SERIES_OF_PAGE = 1000
# In carbon's carbon.conf.example, and in Debian's.
EXAMPLE_CREATES = 50

# struct.calcsize of whisper's header, of an archive's, and of a point.
_HEAD_BYTES, _ARCHIVE_BYTES, _POINT_BYTES = 16, 12, 12
_BLOCK_BYTES = 4096  # of ext4 and XFS, if nobody chose another: a file has whole blocks
# A new cluster may take so long until all is seen; a write round so long until all is on disk.
_PATIENCE_S, _ROUND_S = 3600, 60
_PAUSE_S = 1  # carbon's writer, between two rounds


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What comes of some targets. Of these series, *together* come at one moment."""

    series: int
    size_bytes: int
    points_per_s: float
    together: int = 0
    is_most: bool = False


@dataclass(frozen=True, kw_only=True)
class CarbonLimits:
    """What carbon allows itself; without its settings, nothing is limited."""

    creates_per_min: float = math.inf
    updates_per_s: float = math.inf
    cache_points: float = math.inf
    waits_when_full: bool = True
    is_sparse: bool = False


@dataclass(frozen=True, kw_only=True)
class DiskSpace:
    """What a folder has room for; *free_files* is none where the file system has no limit."""

    folder: "Path"
    free_bytes: int
    free_files: int | None
    files_there: int = 0


def demand(targets: Sequence[Target], series_of_page: int) -> Demand:
    """Return what comes of *targets* whose pages have so many series each.

    Sections that scrape one page bring the same series, and which of them come from which section
    can't be told: the shortest interval rules. With tags each section has series of its own.
    """
    shortest: dict[str, int] = {}
    for one in targets:
        key = one.identity if one.naming == "tagged" else one.graphite_path
        shortest[key] = min(one.interval_s, shortest.get(key, one.interval_s))
    intervals = Counter(shortest.values())
    return Demand(
        series=series_of_page * len(shortest),
        size_bytes=series_of_page * sum(file_bytes(s) * number for s, number in intervals.items()),
        points_per_s=series_of_page * sum(1 / one.interval_s for one in targets),
        together=series_of_page * sum(one.is_together for one in targets),
        is_most=any(one.sensors or one.selection != MetricSelection() for one in targets),
    )


def file_bytes(interval_s: int) -> int:
    """Return how much of the disk the Whisper file of a series takes."""
    parts = archives(interval_s)
    points = sum(slots for _, slots in parts)
    size = _HEAD_BYTES + _ARCHIVE_BYTES * len(parts) + _POINT_BYTES * points
    return -(-size // _BLOCK_BYTES) * _BLOCK_BYTES


def creation_s(series: int, creates_per_min: float) -> float:
    """Return after how many seconds carbon has made the files of so many new series.

    Its bucket is full at the start: so many it makes at once. One that never holds a whole token
    never gives one.
    """
    if creates_per_min < 1:
        return math.inf if series else 0
    return max(0.0, series - creates_per_min) / creates_per_min * 60


def round_s(asked: Demand, updates_per_s: float) -> float:
    """Return how long carbon takes to write what it holds of each series once.

    Where it may write each point as it comes, it only pauses.
    """
    if asked.points_per_s <= updates_per_s:
        return _PAUSE_S
    return asked.series / updates_per_s if updates_per_s > 0 else math.inf


def part_of(asked: Demand, share: int, of: int) -> Demand:
    """Return what one folder gets of *asked*, if *share* of so many instances write into it."""
    return replace(
        asked,
        series=asked.series * share // of,
        size_bytes=asked.size_bytes * share // of,
        points_per_s=asked.points_per_s * share / of,
        together=asked.together * share // of,
    )


def combined(limits: Iterable[CarbonLimits]) -> CarbonLimits:
    """Return what several instances of carbon allow that share the series."""
    each = list(limits)
    return CarbonLimits(
        creates_per_min=sum(one.creates_per_min for one in each),
        updates_per_s=sum(one.updates_per_s for one in each),
        cache_points=sum(one.cache_points for one in each),
        waits_when_full=all(one.waits_when_full for one in each),
        is_sparse=all(one.is_sparse for one in each),
    )


def expectation(asked: Demand, series_of_page: int) -> str:
    """Return in a line what is to be expected."""
    about = "at most" if asked.is_most else "about"
    return (
        f"{about} {asked.series:,} series, {disk_size(asked.size_bytes)} in Whisper files at "
        f"{series_of_page:,} series a page; lmaster ping tells the samples of each node, "
        "--series N takes another number"
    )


def unknown_creates(where: str, series: int) -> Iterator[str]:
    """Yield what it would mean if a carbon whose settings aren't known had those of the example."""
    if creation_s(series, EXAMPLE_CREATES) > _PATIENCE_S:
        yield (
            f"{where}; with MAX_CREATES_PER_MINUTE = {EXAMPLE_CREATES}, as in carbon's example, "
            f"{_creation(series, EXAMPLE_CREATES)}; {_remedy(series)}, and name a copy of that "
            "file with --carbon-conf"
        )


def too_few_creates(where: str, limits: CarbonLimits, series: int) -> Iterator[str]:
    """Yield how long *series* without files wait for them, if that is long."""
    rate = limits.creates_per_min
    if creation_s(series, rate) > _PATIENCE_S:
        yield (
            f"{where}: MAX_CREATES_PER_MINUTE = {count(rate)}, so that "
            f"{_creation(series, rate)}; {_remedy(series)}"
        )


def _creation(series: int, rate: float) -> str:
    took_s = creation_s(series, rate)
    dropped = "points of series without a file are dropped"
    if math.isinf(took_s):
        return f"none of {series:,} new series gets its file: {dropped}"
    after = duration(took_s)
    return f"{series:,} new series have all their files after {after}; until then {dropped}"


def _remedy(series: int) -> str:
    an_hour = _rounded_up(series * 60 / _PATIENCE_S)
    return f"set it to {an_hour:,} and they have them in an hour, or to inf"


def too_few_updates(where: str, limits: CarbonLimits, asked: Demand) -> Iterator[str]:
    """Yield what waits in carbon's memory, if more points come than it may write files.

    It writes all points of a series at once, so nothing is lost: a round only takes longer. On
    the average a point waits for half of one.
    """
    rate, took_s = limits.updates_per_s, round_s(asked, limits.updates_per_s)
    if took_s <= _ROUND_S:
        return
    text = f"{where}: MAX_UPDATES_PER_SECOND = {count(rate)}"
    if math.isinf(took_s):
        yield f"{text}, so that carbon writes nothing; set it to what the disk takes, or to inf"
        return
    held = round(asked.points_per_s * took_s / 2)
    yield (
        f"{text}, and {asked.points_per_s:,.0f} points come a second: carbon writes several of a "
        f"series at once, each series every {duration(took_s)}. That loses none, but about "
        f"{held:,} points wait in its memory and are gone if it is killed; set it to what the disk "
        "takes"
    )


def too_small_cache(where: str, limits: CarbonLimits, asked: Demand) -> Iterator[str]:
    """Yield what happens if carbon may not hold the points that come during a round of writing."""
    took_s = round_s(asked, limits.updates_per_s)
    brought = max(asked.points_per_s * took_s, asked.together)
    if limits.cache_points >= brought:
        return
    then = (
        "carbon then drops the rest of a message and stops reading, so that points wait in "
        "lmaster's queue"
        if limits.waits_when_full
        else "carbon then drops what comes, as USE_FLOW_CONTROL is off"
    )
    much = "no end of" if math.isinf(brought) else f"{brought:,.0f}"
    yield (
        f"{where}: MAX_CACHE_SIZE = {count(limits.cache_points)}, and {much} points come while "
        f"it writes each series once; {then}. Set it to inf, or raise MAX_UPDATES_PER_SECOND"
    )


def too_little_space(room: DiskSpace, asked: Demand, *, is_sparse: bool) -> Iterator[str]:
    """Yield what a folder lacks for the files that aren't there yet: bytes, and inodes."""
    new = max(0, asked.series - room.files_there)
    needed = asked.size_bytes * new // max(1, asked.series)
    folder = visible(str(room.folder))
    if needed > room.free_bytes:
        how = "grow to" if is_sparse else "take"
        yield (
            f"{folder}: the files of {new:,} new series {how} {disk_size(needed)}, and "
            f"{disk_size(room.free_bytes)} are free; make room, choose series with metrics keep or "
            "sensors, or scrape less often"
        )
    if room.free_files is not None and new > room.free_files:
        yield (
            f"{folder}: {new:,} new series are as many files and some folders, and "
            f"{room.free_files:,} inodes are free; use a file system with more, such as XFS"
        )


def _rounded_up(number: float) -> int:
    """Return a round number that is not below *number*: two digits, then zeros."""
    step: int = 10 ** max(0, len(str(math.ceil(number))) - 2)
    return math.ceil(number / step) * step
