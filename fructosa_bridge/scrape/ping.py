"""lmaster ping: every target scraped once, and the report of it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..config.node_sets import fold
from ..model.points import Batch
from ..model.target import Target
from .client import Client
from .scrape_errors import without_host
from .scraper import Scraper
from .target_state import CLOCK_TOLERANCE_S, TargetState, clock_text

Progress = Callable[[int], None]
"""Called with the number of targets that are done."""

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
        scraper.flush()
    return states


def _discard(batches: Sequence[Batch]) -> None:
    """Queue nothing."""


def report(states: Sequence[TargetState], *, is_quiet: bool = False) -> Iterator[str]:
    """Yield the lines of the report: one for each target, one for all with the same error."""
    names = _Names(state.target for state in states)
    up = [state for state in states if state.up]
    width = max((len(names.of(state.target)) for state in up), default=0)
    for state in () if is_quiet else up:
        samples = SAMPLES.format(samples=state.samples, duration_ms=state.duration_s * 1000)
        clock = "" if state.clock_off_s is None else f"; {clock_text(state.clock_off_s)}"
        yield RESPONDS.format(name=names.of(state.target).ljust(width), samples=samples + clock)
    for error, targets in _by_error(state for state in states if not state.up).items():
        yield FAILED.format(names=names.folded(targets), error=error)
    failed = len(states) - len(up)
    summary = ALL_RESPOND.format(up=len(up), targets=len(states))
    clocks_off = sum(state.clock_off_s is not None for state in up)
    summary += SOME_DO_NOT.format(failed=failed) if failed else ""
    yield summary + (CLOCKS_OFF.format(clocks=clocks_off) if clocks_off else "")


def _by_error(states: Iterable[TargetState]) -> dict[str, list[Target]]:
    """Return failed targets by error; errors that differ only in the host's name are one."""
    found: dict[str, list[TargetState]] = {}
    for state in states:
        error = without_host(state.error or "", state.target.host)
        found.setdefault(error, []).append(state)
    return {
        (states[0].error or "" if len(states) == 1 else error): [one.target for one in states]
        for error, states in found.items()
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
