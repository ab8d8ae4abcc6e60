"""lmaster ping: every target scraped once, and the report of it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from ..model.points import Batch
from ..model.target import Target
from ..nodes.node_sets import fold
from .client import Client
from .scrape_errors import without_host
from .scraper import Scraper
from .target_state import CLOCK_TOLERANCE_S, TargetState, clock_text

Progress = Callable[[int], None]
"""Called with the number of targets that are done."""


class Note(Protocol):
    """What is known of a target besides its scrape: a text, and a word for what is wrong."""

    @property
    def text(self) -> str:
        """The text, which stands before the error."""

    @property
    def condition(self) -> str:
        """What it counts as in the summary; empty if nothing is wrong."""


RESPONDS = "[ok]   {name}  {samples}"
SAMPLES = "{samples} samples in {duration_ms:.0f} ms"
FAILED = "[FAIL] {names}  {error}"
ALL_RESPOND = "{up} of {targets} respond"
SOME_DO_NOT = ", {failed} do not"
CLOCKS_OFF = f"; clocks that are more than {CLOCK_TOLERANCE_S:g} s off this machine's: {{clocks}}"

# Nodes that do not respond cost one timeout for each so many of them.
_AT_ONCE = 200


async def ping(
    targets: Sequence[Target],
    sample_limit: int,
    progress: Progress,
    at_once: int = _AT_ONCE,
) -> list[TargetState]:
    """Scrape every target once and discard the points; return the outcomes."""
    states = [TargetState(target) for target in targets]
    waiting = iter(states)
    done = 0

    async with Client() as client:
        scraper = Scraper(client, _discard, sample_limit)

        async def worker() -> None:
            nonlocal done
            for state in waiting:
                await scraper.scrape(state, time.time())
                client.forget(state.target)  # keeps the number of open files small
                done += 1
                progress(done)

        await asyncio.gather(*(worker() for _ in range(min(at_once, len(states)))))
        await scraper.settle()
    return states


def _discard(batches: Sequence[Batch]) -> None:
    """Queue nothing."""


def report(
    states: Sequence[TargetState],
    notes: Mapping[str, Note] | None = None,
    *,
    is_quiet: bool = False,
) -> Iterator[str]:
    """Yield the lines of the report: one for each target, one for all with the same error.

    *notes* are those of targets by their identity.
    """
    notes = notes or {}
    names = _Names(state.target for state in states)
    up = [state for state in states if state.up]
    width = max((len(names.of(state.target)) for state in up), default=0)
    for state in () if is_quiet else up:
        samples = SAMPLES.format(samples=state.samples, duration_ms=state.duration_s * 1000)
        clock = "" if state.clock_off_s is None else clock_text(state.clock_off_s)
        name = names.of(state.target).ljust(width)
        said = _joined(samples, _note(state, notes), clock, state.warning or "")
        yield RESPONDS.format(name=name, samples=said)
    down = [state for state in states if not state.up]
    for (note, error), targets in _by_error(down, notes).items():
        yield FAILED.format(names=names.folded(targets), error=_joined(note, error))
    summary = ALL_RESPOND.format(up=len(up), targets=len(states))
    if down:
        summary += SOME_DO_NOT.format(failed=len(down))
    clocks_off = sum(state.clock_off_s is not None for state in up)
    clocks = CLOCKS_OFF.format(clocks=clocks_off) if clocks_off else ""
    yield summary + _conditions(down, notes) + clocks


def _note(state: TargetState, notes: Mapping[str, Note]) -> str:
    note = notes.get(state.target.identity)
    return "" if note is None else note.text


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def _conditions(states: Sequence[TargetState], notes: Mapping[str, Note]) -> str:
    """Return how many targets are down for which cause, if that is known of any."""
    known = [note for state in states if (note := notes.get(state.target.identity))]
    found = Counter(note.condition for note in known if note.condition)
    if not found:
        return ""
    return ": " + ", ".join(f"{count} {condition}" for condition, count in found.most_common())


def _by_error(
    states: Iterable[TargetState], notes: Mapping[str, Note]
) -> dict[tuple[str, str], list[Target]]:
    """Return failed targets by note and error; errors that differ only in the host are one."""
    found: dict[tuple[str, str], list[TargetState]] = {}
    for state in states:
        error = without_host(state.error or "", state.target.reached_at)
        found.setdefault((_note(state, notes), error), []).append(state)
    return {
        (note, states[0].error or "" if len(states) == 1 else error): [one.target for one in states]
        for (note, error), states in found.items()
    }


class _Names:
    """The names of targets: host and port, with the section if several have the same."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self._count = Counter(target.name for target in targets)

    def of(self, target: Target) -> str:
        """Return the name of a target."""
        return target.name + self._section(target)

    def folded(self, targets: Sequence[Target]) -> str:
        """Return the names of several targets, as node sets by port and section."""
        hosts: dict[tuple[int, str], list[Target]] = {}
        for target in targets:
            hosts.setdefault((target.port, self._section(target)), []).append(target)
        return ", ".join(
            self.of(some[0])
            if len(some) == 1
            else f"{fold(target.host for target in some)}:{port}{section}"
            for (port, section), some in hosts.items()
        )

    def _section(self, target: Target) -> str:
        return f" ({target.group})" if self._count[target.name] > 1 else ""
