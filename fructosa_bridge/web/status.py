"""The status of targets, destinations and the queue as plain values, for pages and JSON."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypedDict

from ..deliver.delivery import Delivery
from ..queue.journal import Journal
from ..scrape.target_state import ScrapeTotals, TargetState
from ..slurm.monitor import SlurmMonitor
from ..slurm_states.conditions import is_among
from ..whisper.store import WhisperStore
from .slurm_status import SlurmFields, slurm_fields

STATES = ("down", "waiting", "up")
"""The states of targets and destinations, worst first; *waiting* is before the first result."""

_STATE_NAMES = {None: "waiting", True: "up", False: "down"}


class JobsStatus(NamedTuple):
    """How reading and keeping jobs goes: totals since lmaster started, and the present.

    *pages* are pages of nodes by result: ok, refused or failed. *incomplete* are ends of jobs by
    why something of them is missing: the agent could not read the last values (missed), or nobody
    fetched them in time (dropped), or Slurm told of no such job (unknown). *open_runs* are runs in
    memory.
    """

    pages: Mapping[str, int]
    incomplete: Mapping[str, int]
    open_runs: int
    is_writable: bool
    archive_bytes: int


@dataclass(frozen=True)
class ReloadOutcome:
    """The result of a reload: whether the configuration is in use now, and the text to report."""

    is_applied: bool
    text: str


class StatusSource(Protocol):
    """The running lmaster as its web pages see it.

    Read it anew for each request: a reload changes it.
    """

    @property
    def states(self) -> Sequence[TargetState]:
        """The targets, in the order of the configuration."""

    @property
    def deliveries(self) -> Sequence[Delivery]:
        """The destinations."""

    @property
    def store(self) -> WhisperStore | None:
        """The embedded Whisper store, from which nodes are plotted."""

    @property
    def slurm(self) -> SlurmMonitor | None:
        """What Slurm reports; None without [slurm]."""

    @property
    def jobs_status(self) -> JobsStatus | None:
        """How keeping jobs goes; None without [jobs]."""

    @property
    def is_ready(self) -> bool:
        """Whether the first scrapes have been started."""

    @property
    def queue_limits(self) -> tuple[int, float]:
        """The maximum size of the queue on disk in bytes, and of its age in seconds."""

    @property
    def removed(self) -> ScrapeTotals:
        """The totals of targets that a reload has removed: counters must never decrease."""

    @property
    def reload(self) -> Callable[[], Awaitable[ReloadOutcome]] | None:
        """Reloads the configuration; None if lmaster runs without a file."""

    @property
    def reload_succeeded(self) -> bool:
        """Whether the last reload succeeded."""

    @property
    def reload_time_s(self) -> float:
        """When a configuration was last applied, in seconds since 1970."""


class TargetStatus(SlurmFields):
    """A target, and what Slurm says of it. Times are in seconds since 1970, None if unknown.

    Durations are in seconds. ``name`` is host and port, ``group`` the label of its ``[nodes:…]``
    section, ``path`` the prefix of its series in Graphite (``/node/PATH`` is its page), ``url``
    what is scraped, ``state`` up, down or waiting (not scraped yet). ``last_scrape_s`` is when the
    last scrape was due, ``duration_s`` how long it took, ``samples`` the number of samples on its
    page, ``error`` why it failed. ``down_since_s`` is when the first scrape of the present failure
    was due. ``missed`` counts skipped slots, ``scrapes`` all scrapes and ``failures`` failed ones,
    since lmaster started or the target was added. ``clock_off_s`` is how far the
    node's clock is ahead of lmaster's; it is None unless they certainly differ by more than a
    second, as far as the time of the response and its header Date (in whole seconds) show.
    ``warning`` is what is wrong with the last page, although it was used.
    """

    name: str
    group: str
    path: str
    url: str
    state: str
    down_since_s: float | None
    last_scrape_s: float | None
    duration_s: float | None
    samples: int
    interval_s: int
    missed: int
    scrapes: int
    failures: int
    error: str | None
    clock_off_s: float | None
    warning: str | None


class DestinationStatus(TypedDict):
    """A destination; its numbers are points.

    ``state`` is up if the last delivery succeeded, down with an ``error`` if it failed, and waiting
    before the first. ``queued`` points wait; ``in_memory`` of them are not on disk, and are lost
    if lmaster exits before they are delivered. ``dropped`` is the sum of ``dropped_by_reason``:
    points that the queue has given up, and points that the destination refuses for good.
    """

    name: str
    state: str
    delivered: int
    queued: int
    in_memory: int
    dropped: int
    dropped_by_reason: dict[str, int]
    error: str | None


class QueueStatus(TypedDict):
    """The queue on disk.

    ``age_s`` is the age of its oldest segment, ``error`` why it cannot be written.
    """

    folder: str
    bytes: int
    limit_bytes: int
    age_s: float
    limit_age_s: float
    torn_bytes: int
    error: str | None


def target_status(state: TargetState, slurm: SlurmMonitor | None = None) -> TargetStatus:
    """Return the status of a target, with what *slurm* says of it."""
    target = state.target
    return {
        "name": target.name,
        "group": target.group,
        "path": target.graphite_path,
        "url": target.url,
        "state": _STATE_NAMES[state.up],
        "down_since_s": state.down_since_s,
        "last_scrape_s": state.due_s,
        "duration_s": None if state.up is None else round(state.duration_s, 6),
        "samples": state.samples,
        "interval_s": target.interval_s,
        "missed": state.missed,
        "scrapes": state.scrapes,
        "failures": state.failures,
        "error": state.error,
        "clock_off_s": None if state.clock_off_s is None else round(state.clock_off_s, 1),
        "warning": state.warning,
        **slurm_fields(state, slurm),
    }


def destination_status(delivery: Delivery) -> DestinationStatus:
    """Return the status of a destination."""
    spool, error = delivery.spool, delivery.last_error
    without_error = "up" if delivery.delivered_points else "waiting"
    return {
        "name": delivery.destination.name,
        "state": without_error if error is None else "down",
        "delivered": delivery.delivered_points,
        "queued": spool.points,
        "in_memory": spool.memory_only_points,
        "dropped": spool.dropped_points,
        "dropped_by_reason": dict(spool.dropped),
        "error": error,
    }


def journals(deliveries: Iterable[Delivery]) -> list[Journal]:
    """Return the queues on disk of destinations, each once."""
    found = (delivery.spool.journal for delivery in deliveries)
    return list(dict.fromkeys(journal for journal in found if journal is not None))


def queue_status(source: StatusSource) -> QueueStatus | None:
    """Return the status of the queue on disk, or None without one."""
    for journal in journals(source.deliveries):
        limit_bytes, limit_age_s = source.queue_limits
        return {
            "folder": str(journal.segments.folder),
            "bytes": journal.segments.size_bytes,
            "limit_bytes": limit_bytes,
            "age_s": journal.segments.age_s,
            "limit_age_s": limit_age_s,
            "torn_bytes": journal.segments.torn_bytes,
            "error": journal.error,
        }
    return None


def counts_by_state(states: Iterable[TargetState]) -> dict[str, int]:
    """Return the number of targets in each state."""
    found = Counter(state.up for state in states)
    return {name: found[up] for up, name in ((False, "down"), (None, "waiting"), (True, "up"))}


class TargetFilter(NamedTuple):
    """Which targets are wanted: in a state, of a section, in a state and condition of Slurm.

    Of *text* they must have all words. What is empty filters nothing.
    """

    state: str = ""
    group: str = ""
    text: str = ""
    slurm: str = ""
    condition: str = ""


ALL_TARGETS = TargetFilter()


def filtered(
    states: Iterable[TargetState], wanted: TargetFilter, slurm: SlurmMonitor | None = None
) -> list[TargetState]:
    """Return the targets that are *wanted*.

    Words are searched for in name, group and error, and in the state and reason of Slurm.
    """
    words = wanted.text.casefold().split()
    found = [
        one
        for one in states
        if (not wanted.state or _STATE_NAMES[one.up] == wanted.state)
        and (not wanted.group or one.target.group == wanted.group)
    ]
    if not (words or wanted.slurm or wanted.condition):
        return found
    return [one for one in found if _has_all(one, slurm_fields(one, slurm), wanted, words)]


def _has_all(
    state: TargetState, node: SlurmFields, wanted: TargetFilter, words: Sequence[str]
) -> bool:
    if wanted.slurm and node["slurm_state"] != wanted.slurm:
        return False
    if wanted.condition and not is_among(node["condition"], wanted.condition):
        return False
    name, group, error = state.target.name, state.target.group, state.error
    parts = (name, group, error, node["slurm_state"], node["slurm_reason"])
    searched = " ".join(part or "" for part in parts).casefold()
    return all(word in searched for word in words)


def worst_first(
    states: Iterable[TargetState], slurm: SlurmMonitor | None = None
) -> list[TargetState]:
    """Return the targets sorted by state: down (those that should be up first), waiting, up."""

    def rank(state: TargetState) -> tuple[int, bool]:
        is_planned = slurm is not None and not slurm.find(state.target.host).is_expected
        return STATES.index(_STATE_NAMES[state.up]), is_planned

    return sorted(states, key=rank)
