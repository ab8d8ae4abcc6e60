"""Scraping a target, again and again: when it is due, ask, translate, queue; failures are data."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from ..model.errors import PageError, ScrapeError
from ..model.points import Batch
from ..model.target import Target
from ..naming.schemes import SCHEMES
from ..queue.spool import Spool
from ..translate import cluster_totals
from ..translate.translator import Translation, TranslationRules, Translator
from . import schedule
from .client import Client, Page
from .target_state import TargetState

log = logging.getLogger(__name__)

_OWN_SERIES = ("up", "scrape_duration_seconds", "scrape_samples_scraped")
# The clock may be set, and the machine may sleep: a long wait is looked at again so often.
_LONGEST_NAP_S = 30.0
# What is scraped is translated and queued together with what is still being asked for: together it
# costs half, as caches stay warm. It waits so long at most, as some nodes never answer.
_GATHER_S = 0.1
# No more pages wait in memory; they are some tens of milliseconds' worth of work.
_AT_A_TIME = 100


class _Scraped(NamedTuple):
    """A scrape that was made; *page* is None where there is none, and *error* says why."""

    state: TargetState
    due_s: float
    took_s: float
    page: Page | None
    error: str | None


class _Names(NamedTuple):
    """How the series of a target are called: around those of its page, and lmaster's own."""

    before: str
    after: str
    own: tuple[str, ...]


class Scraper:
    """Scrapes targets into spools, each of which gets every batch."""

    def __init__(
        self,
        client: Client,
        spools: Sequence[Spool],
        sample_limit: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self.spools = list(spools)
        self.sample_limit = sample_limit
        self._clock = clock
        self._translators: dict[TranslationRules, Translator] = {}
        self._asking = 0
        self._is_resting, self._rested = False, asyncio.Event()
        self._waiting: list[_Scraped] = []
        self._timer: asyncio.TimerHandle | None = None
        self._own: dict[tuple[str, str], tuple[str, ...]] = {}

    async def watch(self, state: TargetState) -> None:
        """Scrape a target whenever it is due, for ever; never twice at a time."""
        target = state.target
        offset_s = schedule.offset(
            target.identity, target.interval_s, is_together=target.is_together
        )
        due_s = schedule.next_due(self._clock(), target.interval_s, offset_s)
        while True:
            due_s = await self._wait(due_s, target.interval_s, offset_s)
            while self._is_resting:  # this task is about to be ended
                await asyncio.sleep(_LONGEST_NAP_S)
            try:
                await self.scrape(state, due_s)
            except asyncio.CancelledError:
                state.missed += 1  # it is ended in the middle, and this slot stays empty
                raise
            following_s = schedule.next_due(self._clock(), target.interval_s, offset_s)
            if following_s <= due_s:  # the clock was set back by a moment: not the same slot twice
                following_s = due_s + target.interval_s
            state.missed += schedule.missed(due_s, following_s, target.interval_s)
            due_s = following_s

    async def _wait(self, due_s: float, interval_s: int, offset_s: float) -> float:
        """Wait for a due time; return it, or a nearer one when the clock was set back far."""
        while (left_s := due_s - self._clock()) > 0:
            if left_s > 2 * interval_s:
                due_s = schedule.next_due(self._clock(), interval_s, offset_s)
                continue
            await asyncio.sleep(min(left_s, _LONGEST_NAP_S))
        return due_s

    async def scrape(self, state: TargetState, due_s: float) -> None:
        """Scrape once; in a moment what the target said, and how it went, is queued."""
        began_s = time.monotonic()
        self._asking += 1
        try:
            page, error = await self._fetched(state.target)
        finally:
            self._asking -= 1
            if self._is_resting and not self._asking:
                self._rested.set()
        took_s = time.monotonic() - began_s
        self._waiting.append(_Scraped(state, due_s, took_s, page, error))
        if len(self._waiting) >= _AT_A_TIME or not self._asking:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_GATHER_S, self.flush)

    async def rest(self, within_s: float) -> int:
        """Begin no scrape any more; return how many nodes have not answered *within_s* seconds."""
        self._is_resting = True
        if self._asking:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._rested.wait(), within_s)
        return self._asking

    async def _fetched(self, target: Target) -> tuple[Page | None, str | None]:
        """Return the page of a *target*, or why there is none."""
        try:
            return await self._client.fetch(target), None
        except ScrapeError as failed:
            return None, str(failed)
        except Exception as failed:
            log.exception("%s: a fault of lmaster", target.identity)
            return None, _our_fault(failed)

    def flush(self) -> None:
        """Translate and queue at once what was scraped."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        batches = [self._batch(scraped) for scraped in waiting]
        if batches:
            for spool in self.spools:
                spool.extend(batches)

    def _batch(self, scraped: "_Scraped") -> Batch:
        state, due_s, took_s, page, error = scraped
        found = None
        if page is not None:
            try:
                found = self._translated(state.target, page)
            except PageError as failed:
                error = f"the page is refused: {failed}"
            except Exception as failed:
                # A fault of ours that one page shows must not end the scraping of all the others.
                log.exception("%s: a fault of lmaster", state.target.identity)
                error = _our_fault(failed)
        found = found or self._nothing(state.target)
        self._note(state, due_s, took_s, found, error)
        found.points.values.extend((float(error is None), took_s, found.samples))
        return Batch(int(due_s), state.target.interval_s, found.points)

    def _translated(self, target: Target, page: Page) -> Translation:
        names = self._names(target)
        return self._translator(target).points(
            page.text,
            names.before,
            self.sample_limit,
            after=names.after,
            own=names.own,
            target=target.identity,
            is_openmetrics=page.is_openmetrics,
        )

    def _nothing(self, target: Target) -> Translation:
        return self._translator(target).nothing(*self._names(target))

    def _translator(self, target: Target) -> Translator:
        rules = _rules(target)
        found = self._translators.get(rules)
        if found is None:
            found = self._translators[rules] = Translator(rules)
        return found

    def _names(self, target: Target) -> _Names:
        scheme = SCHEMES[target.naming]
        before, after = scheme.around(target)
        own = self._own.get((target.naming, target.group))
        if own is None:
            whole = [scheme.own(target, name) for name in _OWN_SERIES]
            own = tuple(path.removeprefix(before).removesuffix(after) for path in whole)
            self._own[target.naming, target.group] = own
        return _Names(before, after, own)

    def forget(self, target: Target) -> None:
        """Forget what is remembered of a *target*, which is scraped no more."""
        self._translator(target).forget(target.identity)

    def forget_others(self, targets: Iterable[Target]) -> None:
        """Forget the paths that none of *targets* has."""
        used = {_rules(target) for target in targets}
        for rules in self._translators.keys() - used:
            del self._translators[rules]

    def _note(
        self, state: TargetState, due_s: float, took_s: float, found: Translation, error: str | None
    ) -> None:
        """Keep the outcome; log a change of it, not every scrape."""
        if error is not None and error != state.error:
            log.warning("%s: %s", state.target.identity, error)
        elif error is None and state.error is not None:
            log.info("%s: is up again", state.target.identity)
        state.up, state.error = error is None, error
        state.due_s, state.samples, state.duration_s = due_s, found.samples, took_s
        state.seconds_total += took_s
        state.scrapes += 1
        state.failures += error is not None
        state.samples_total += found.samples
        state.not_finite += found.not_finite
        state.repeated += found.repeated
        taken = found.taken
        state.contribution = (
            None if taken is None else cluster_totals.contribution(taken, due_s, state.contribution)
        )


def _rules(target: Target) -> TranslationRules:
    return TranslationRules(SCHEMES[target.naming], target.selection, target.label_limits)


def _our_fault(error: Exception) -> str:
    return f"a fault of lmaster, see its log: {type(error).__name__}: {error}"
