"""Asking every node once, and what is said of it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..config.node_sets import folded
from ..model.target import Target
from .client import Client
from .scraper import Scraper
from .target_state import TargetState

Progress = Callable[[int], None]
"""Is told how many are done."""

# So many at a time: nodes that do not answer cost a timeout for each so many of them.
_AT_ONCE = 200


async def ask(
    targets: Sequence[Target],
    sample_limit: int,
    tell: Progress,
    at_once: int = _AT_ONCE,
) -> list[TargetState]:
    """Scrape every target once, for nobody; *tell* is told how many are done."""
    states = [TargetState(target) for target in targets]
    waiting = iter(states)
    done = 0

    async with Client() as client:
        scraper = Scraper(client, [], sample_limit)

        async def ask_on() -> None:
            nonlocal done
            for state in waiting:
                await scraper.scrape(state, time.time())
                client.forget(state.target)  # it is asked no more; files that are open are few
                done += 1
                tell(done)

        await asyncio.gather(*(ask_on() for _ in range(min(at_once, len(states)))))
        scraper.flush()
    return states


def report(states: Sequence[TargetState], *, is_quiet: bool = False) -> Iterator[str]:
    """Return the lines that tell how it went: a node a line, those that fail alike in one."""
    names = _Names(state.target for state in states)
    answering = [state for state in states if state.up]
    width = max((len(names.of(state.target)) for state in answering), default=0)
    for state in () if is_quiet else answering:
        took = f"{state.samples} samples in {state.duration_s * 1000:.0f} ms"
        yield f"[ok]   {names.of(state.target):{width}}  {took}"
    for error, targets in _alike(state for state in states if not state.up).items():
        yield f"[FAIL] {names.together(targets)}  {error}"
    failed = len(states) - len(answering)
    yield f"{len(answering)} of {len(states)} answer" + (f", {failed} do not" if failed else "")


def _alike(states: Iterable[TargetState]) -> dict[str, list[Target]]:
    """Return what failed by what is wrong: errors that differ in the host's name are one."""
    found: dict[str, list[TargetState]] = {}
    for state in states:
        found.setdefault(_without_host(state), []).append(state)
    return {
        (states[0].error or "" if len(states) == 1 else error): [one.target for one in states]
        for error, states in found.items()
    }


def _without_host(state: TargetState) -> str:
    error, host = state.error or "", state.target.host
    return error.replace(f" host {host}:", " such host:").replace(f" name {host}:", " name:")


class _Names:
    """What targets are called: by node and port, by section where that is not enough."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self._count = Counter(target.name for target in targets)

    def of(self, target: Target) -> str:
        """Return what a target is called."""
        return target.name + self._section(target)

    def together(self, targets: Sequence[Target]) -> str:
        """Return what several are called: those of one port and section folded."""
        hosts: dict[tuple[int, str], list[Target]] = {}
        for target in targets:
            hosts.setdefault((target.port, self._section(target)), []).append(target)
        return ", ".join(
            self.of(alike[0])
            if len(alike) == 1
            else f"{folded(target.host for target in alike)}:{port}{section}"
            for (port, section), alike in hosts.items()
        )

    def _section(self, target: Target) -> str:
        return f" ({target.group})" if self._count[target.name] > 1 else ""
