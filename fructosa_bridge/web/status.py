"""What the pages and programs are told of targets, destinations and the queue: plain values."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypedDict

from ..deliver.delivery import Delivery
from ..queue.journal import Journal
from ..scrape.target_state import ScrapeTotals, TargetState
from ..whisper.store import WhisperStore

STATES = ("down", "waiting", "up")
"""The states of targets and destinations, worst first; *waiting* is not asked yet."""

_NAMES = {None: "waiting", True: "up", False: "down"}


@dataclass(frozen=True)
class ReloadOutcome:
    """How reading the configuration again went: whether it is in use now, and what to tell."""

    is_applied: bool
    text: str


class MasterView(Protocol):
    """What the pages look at, anew at each request: a reload of the configuration changes it."""

    @property
    def states(self) -> Sequence[TargetState]:
        """The targets, in the order of the configuration."""

    @property
    def deliveries(self) -> Sequence[Delivery]:
        """The destinations."""

    @property
    def store(self) -> WhisperStore | None:
        """The embedded store, from which nodes are plotted."""

    @property
    def is_ready(self) -> bool:
        """Whether the first scrapes were started."""

    @property
    def queue_limits(self) -> tuple[int, float]:
        """How many bytes the queue on disk may have, and how many seconds points wait there."""

    @property
    def removed(self) -> ScrapeTotals:
        """What targets had that a reload took away: counters must not go back."""

    @property
    def reload(self) -> Callable[[], Awaitable[ReloadOutcome]] | None:
        """Reads the configuration again; None where there is no file."""

    @property
    def reload_succeeded(self) -> bool:
        """Whether the configuration could be used when it was read last."""

    @property
    def reload_time_s(self) -> float:
        """When a configuration came into use last, in seconds since 1970."""


class TargetRow(TypedDict):
    """A target. Times are seconds since 1970, durations seconds; None where nothing is known.

    ``name`` is host and port, ``group`` the label of its ``[nodes:…]`` section, ``path`` where its
    series are in Graphite and ``/node/PATH`` its page, ``url`` what is scraped, ``state`` one of
    up, down and waiting (not scraped yet). ``last_scrape_s`` is when the last scrape was due,
    ``duration_s`` how long it took, ``samples`` how many its page had, ``error`` why it failed.
    ``missed`` counts the slots that were left out, ``scrapes`` and ``failures`` all scrapes and
    those that failed, since lmaster or the target's section began.
    """

    name: str
    group: str
    path: str
    url: str
    state: str
    last_scrape_s: float | None
    duration_s: float | None
    samples: int
    interval_s: int
    missed: int
    scrapes: int
    failures: int
    error: str | None


class DestinationRow(TypedDict):
    """A destination; its numbers are points.

    ``state`` is up when it took the last points, down with an ``error`` when it did not, and
    waiting before the first. ``queued`` wait, ``in_memory`` of them in memory alone: these end with
    lmaster. ``dropped`` is the sum of ``dropped_by_reason``: what the queue has given up, and what
    the destination refuses for ever.
    """

    name: str
    state: str
    delivered: int
    queued: int
    in_memory: int
    dropped: int
    dropped_by_reason: dict[str, int]
    error: str | None


class QueueRow(TypedDict):
    """The queue on disk; ``error`` says why it can't be written, ``age_s`` how old it reaches."""

    folder: str
    bytes: int
    limit_bytes: int
    age_s: float
    limit_age_s: float
    torn_bytes: int
    error: str | None


def target_row(state: TargetState) -> TargetRow:
    """Return what is told of a target."""
    target = state.target
    return {
        "name": target.name,
        "group": target.group,
        "path": target.graphite_path,
        "url": target.url,
        "state": _NAMES[state.up],
        "last_scrape_s": state.due_s,
        "duration_s": None if state.up is None else round(state.duration_s, 6),
        "samples": state.samples,
        "interval_s": target.interval_s,
        "missed": state.missed,
        "scrapes": state.scrapes,
        "failures": state.failures,
        "error": state.error,
    }


def destination_row(delivery: Delivery) -> DestinationRow:
    """Return what is told of a destination."""
    spool, error = delivery.spool, delivery.last_error
    took = "up" if delivery.delivered_points else "waiting"
    return {
        "name": delivery.destination.name,
        "state": took if error is None else "down",
        "delivered": delivery.delivered_points,
        "queued": spool.points,
        "in_memory": spool.unsafe_points,
        "dropped": spool.dropped_points,
        "dropped_by_reason": dict(spool.dropped),
        "error": error,
    }


def journals(deliveries: Iterable[Delivery]) -> list[Journal]:
    """Return the queues on disk of destinations, each once."""
    found = (delivery.spool.journal for delivery in deliveries)
    return list(dict.fromkeys(journal for journal in found if journal is not None))


def queue_row(view: MasterView) -> QueueRow | None:
    """Return what is told of the queue on disk; None where there is none."""
    for journal in journals(view.deliveries):
        limit_bytes, limit_age_s = view.queue_limits
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


def counts(states: Iterable[TargetState]) -> dict[str, int]:
    """Return how many targets there are in each state."""
    found = Counter(state.up for state in states)
    return {name: found[up] for up, name in ((False, "down"), (None, "waiting"), (True, "up"))}


def filtered(
    states: Iterable[TargetState], state: str = "", group: str = "", text: str = ""
) -> list[TargetState]:
    """Return the targets in a *state*, of a *group*, with *text* in name, group or error."""
    words = text.casefold().split()
    return [
        one
        for one in states
        if (not state or _NAMES[one.up] == state)
        and (not group or one.target.group == group)
        and (not words or _has(one, words))
    ]


def _has(state: TargetState, words: Sequence[str]) -> bool:
    told = f"{state.target.name} {state.target.group} {state.error or ''}".casefold()
    return all(word in told for word in words)


def worst_first(states: Iterable[TargetState]) -> list[TargetState]:
    """Return targets with those that are down first, then those that are waited for."""
    return sorted(states, key=lambda state: STATES.index(_NAMES[state.up]))
