"""The series of a cluster: what they demand of carbon and the disk, and which limits are too low.

While carbon has reached its limit of creates, it drops the points of series without a file. While
it has reached its limit of updates, it keeps points in memory. Whisper creates a file with its
final size.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fructosa_service.errors import visible_path
from fructosa_service.humanize import count, disk_size, duration

from ..model.selection import MetricSelection
from ..model.target import Target
from ..whisper.retentions import archives

if TYPE_CHECKING:
    from pathlib import Path

# A page of lagent with its default sensors has about 210 series, and 12 for each hardware thread:
# this is a node of 64 threads with a few disks and interfaces.
SERIES_PER_PAGE = 1000
WITH_CREATES = "with MAX_CREATES_PER_MINUTE = {rate}"
CREATION = (
    "carbon needs {time} to create the files of {series:,} new series, and "
    "drops the points of a series until it has its file"
)
# MAX_CREATES_PER_MINUTE in carbon.conf.example and in Debian's carbon.conf.
EXAMPLE_CREATES = 50

# Sizes of Whisper's file header, of an archive's header, and of a point.
_HEADER_BYTES, _ARCHIVE_BYTES, _POINT_BYTES = 16, 12, 12
_BLOCK_BYTES = 4096  # default of ext4 and XFS; a file takes whole blocks
# No warning if carbon creates all files within an hour, and writes each series every minute.
_ACCEPTABLE_CREATION_S, _ACCEPTABLE_ROUND_S = 3600, 60
_WRITER_PAUSE_S = 1  # carbon's writer sleeps between two rounds


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What the targets produce; *simultaneous* is the number of points that arrive at once."""

    series: int
    size_bytes: int
    points_per_s: float
    simultaneous: int = 0
    is_upper_bound: bool = False


@dataclass(frozen=True, kw_only=True)
class CarbonLimits:
    """The limits in a carbon.conf; by default nothing is limited."""

    creates_per_min: float = math.inf
    updates_per_s: float = math.inf
    cache_points: float = math.inf
    has_flow_control: bool = True
    is_sparse: bool = False


@dataclass(frozen=True, kw_only=True)
class DiskSpace:
    """Free space for a folder; *free_inodes* is None if its file system has no limit of inodes."""

    folder: "Path"
    free_bytes: int
    free_inodes: int | None
    existing_files: int = 0


def estimated_demand(targets: Sequence[Target], series_per_page: int) -> Demand:
    """Return the demand of *targets* whose pages have so many series each.

    Sections that scrape the same page write the same series. Which section writes which series is
    unknown, so all have the shortest interval. With tags each section has series of its own.
    """
    shortest: dict[str, int] = {}
    for target in targets:
        key = target.identity if target.naming == "tagged" else target.graphite_path
        shortest[key] = min(target.interval_s, shortest.get(key, target.interval_s))
    pages = Counter(shortest.values())
    return Demand(
        series=series_per_page * len(shortest),
        size_bytes=series_per_page * sum(file_bytes(s) * number for s, number in pages.items()),
        points_per_s=series_per_page * sum(1 / target.interval_s for target in targets),
        simultaneous=series_per_page * sum(target.is_together for target in targets),
        is_upper_bound=any(
            target.sensors or target.selection != MetricSelection() for target in targets
        ),
    )


def file_bytes(interval_s: int) -> int:
    """Return the disk space that the Whisper file of a series takes."""
    layout = archives(interval_s)
    points = sum(slots for _, slots in layout)
    bytes_ = _HEADER_BYTES + _ARCHIVE_BYTES * len(layout) + _POINT_BYTES * points
    return -(-bytes_ // _BLOCK_BYTES) * _BLOCK_BYTES


def creation_s(series: int, creates_per_min: float) -> float:
    """Return the seconds that carbon needs to create the files of so many new series.

    carbon limits creates with a token bucket that is full at the start. A bucket that holds less
    than one token never yields one.
    """
    if creates_per_min < 1:
        return math.inf if series else 0
    return max(0.0, series - creates_per_min) / creates_per_min * 60


def write_round_s(demand: Demand, updates_per_s: float) -> float:
    """Return the seconds that carbon needs to write its cached points of each series once.

    If the limit allows an update for each point, carbon only pauses between two rounds.
    """
    if demand.points_per_s <= updates_per_s:
        return _WRITER_PAUSE_S
    return demand.series / updates_per_s if updates_per_s > 0 else math.inf


def portion(demand: Demand, share: int, of: int) -> Demand:
    """Return the part of a demand that goes to *share* of so many instances."""
    return replace(
        demand,
        series=demand.series * share // of,
        size_bytes=demand.size_bytes * share // of,
        points_per_s=demand.points_per_s * share / of,
        simultaneous=demand.simultaneous * share // of,
    )


def combined_limits(limits: Iterable[CarbonLimits]) -> CarbonLimits:
    """Return the limits of several carbon instances that share the series."""
    each = list(limits)
    return CarbonLimits(
        creates_per_min=sum(one.creates_per_min for one in each),
        updates_per_s=sum(one.updates_per_s for one in each),
        cache_points=sum(one.cache_points for one in each),
        has_flow_control=all(one.has_flow_control for one in each),
        is_sparse=all(one.is_sparse for one in each),
    )


def describe(demand: Demand, series_per_page: int) -> str:
    """Return a demand in one line."""
    about = "at most" if demand.is_upper_bound else "about"
    return (
        f"{about} {demand.series:,} series, {disk_size(demand.size_bytes)} of Whisper files, at "
        f"{series_per_page:,} series per page; set this number with --series N (lmaster ping "
        "prints the samples of each node)"
    )


def unknown_create_limit(where: str, series: int) -> Iterator[str]:
    """Yield a warning if the limit of carbon's example would be too low for *series*."""
    if creation_s(series, EXAMPLE_CREATES) > _ACCEPTABLE_CREATION_S:
        yield (
            f"{where}; {WITH_CREATES.format(rate=EXAMPLE_CREATES)}, as in carbon's example, "
            f"{_creation(series, EXAMPLE_CREATES)}; {_create_advice(series)}, and give lmaster a "
            "copy of that file with --carbon-conf"
        )


def too_few_creates(where: str, limits: CarbonLimits, series: int) -> Iterator[str]:
    """Yield a warning if carbon needs long to create the files of *series*."""
    rate = limits.creates_per_min
    if creation_s(series, rate) > _ACCEPTABLE_CREATION_S:
        yield (
            f"{where}: {WITH_CREATES.format(rate=count(rate))}, "
            f"{_creation(series, rate)}; {_create_advice(series)}"
        )


def _creation(series: int, rate: float) -> str:
    needed_s = creation_s(series, rate)
    if math.isinf(needed_s):
        return f"carbon creates no files for {series:,} new series and drops their points"
    return CREATION.format(time=duration(needed_s), series=series)


def _create_advice(series: int) -> str:
    within_an_hour = _rounded_up(series * 60 / _ACCEPTABLE_CREATION_S)
    return f"set it to {within_an_hour:,} to need only an hour, or to inf"


def too_few_updates(where: str, limits: CarbonLimits, demand: Demand) -> Iterator[str]:
    """Yield a warning if more points arrive than carbon may write updates.

    An update writes all cached points of a series, so no points are lost; but a round takes longer,
    and on average a point waits for half of one.
    """
    rate, needed_s = limits.updates_per_s, write_round_s(demand, limits.updates_per_s)
    if needed_s <= _ACCEPTABLE_ROUND_S:
        return
    text = f"{where}: with MAX_UPDATES_PER_SECOND = {count(rate)}"
    if math.isinf(needed_s):
        yield f"{text}, carbon writes nothing; set it to what the disk can take, or to inf"
        return
    cached = round(demand.points_per_s * needed_s / 2)
    yield (
        f"{text} and {demand.points_per_s:,.0f} points per second, carbon writes each series only "
        f"every {duration(needed_s)}, several points at a time. No points are lost, but about "
        f"{cached:,} are in memory and would be lost if carbon is killed; set it to what the disk "
        "can take"
    )


def too_small_cache(where: str, limits: CarbonLimits, demand: Demand) -> Iterator[str]:
    """Yield a warning if carbon may not cache the points that arrive during a write round."""
    needed_s = write_round_s(demand, limits.updates_per_s)
    arriving = max(demand.points_per_s * needed_s, demand.simultaneous)
    if limits.cache_points >= arriving:
        return
    consequence = (
        "When the cache is full, carbon drops the rest of a message and stops reading, and points "
        "wait in lmaster's queue"
        if limits.has_flow_control
        else "When the cache is full, carbon drops points, because USE_FLOW_CONTROL is off"
    )
    points = "more" if math.isinf(arriving) else f"{arriving:,.0f}"
    yield (
        f"{where}: MAX_CACHE_SIZE = {count(limits.cache_points)} is too low: {points} points "
        f"arrive while carbon writes each series once. {consequence}; set it to inf, or raise "
        "MAX_UPDATES_PER_SECOND"
    )


def too_little_space(disk: DiskSpace, demand: Demand, *, is_sparse: bool) -> Iterator[str]:
    """Yield warnings if a folder has too few free bytes or inodes for the files still missing."""
    new = max(0, demand.series - disk.existing_files)
    needed_bytes = demand.size_bytes * new // max(1, demand.series)
    folder = visible_path(disk.folder)
    if needed_bytes > disk.free_bytes:
        verb = "grow to" if is_sparse else "need"
        yield (
            f"{folder}: the files of {new:,} new series {verb} {disk_size(needed_bytes)}, but only "
            f"{disk_size(disk.free_bytes)} are free; add disk space, select series with metrics "
            "keep or sensors, or use a longer interval"
        )
    if disk.free_inodes is not None and new > disk.free_inodes:
        yield (
            f"{folder}: {new:,} new series need as many files and some directories, but only "
            f"{disk.free_inodes:,} inodes are free; use a file system with more, such as XFS"
        )


def _rounded_up(number: float) -> int:
    """Return *number* rounded up to two significant digits."""
    step: int = 10 ** max(0, len(str(math.ceil(number))) - 2)
    return math.ceil(number / step) * step
