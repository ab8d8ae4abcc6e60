"""The scrape loop of a target: wait until it is due, fetch its page, translate it, queue it.

A failed scrape is data too: it records `up` as 0. Only a missed slot stays empty.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from sys import getsizeof
from typing import NamedTuple

from fructosa_service.background_tasks import SlowWork

from ..clocks.clock_steps import uptime
from ..model.errors import PageError, ScrapeError
from ..model.points import Batch, Paths, Points
from ..model.target import Target
from ..naming.schemes import NODE_EXPECTED, SCHEMES, SCRAPE_SERIES
from ..series.series_gate import SeriesGate, Stored
from ..translate.memory import Memory
from ..translate.steps import Steps, ahead
from ..translate.translator import Translation, TranslationRules, Translator
from . import schedule
from .change_log import ChangeLog
from .client import Client, Page
from .target_state import TargetState

log = logging.getLogger(__name__)

Queue = Callable[[Sequence[Batch]], None]
"""Queues batches for all destinations."""

INTERNAL_ERROR = "internal error, see lmaster's log: {kind}: {error}"
PAGE_REFUSED = "the page is refused: {error}"
NO_MEMORY = "not enough memory for the page; this scrape is lost; give lmaster more memory"
TOO_MUCH_WAITS = (
    "the page of {size} bytes is refused: {waiting} bytes of large pages wait to be translated; "
    "scrape large pages less often, or let them have fewer new series"
)

# The clock may be set, and the machine may be suspended: a long wait checks the clock this often.
_LONGEST_SLEEP_S = 30.0
# Pages that arrive at nearly the same time are translated and queued together: that costs half, as
# caches stay warm. A page waits this long at most, as some nodes never respond.
_GATHER_S = 0.1
# No more pages and characters wait in memory: they are tens of milliseconds of work.
_MOST_GATHERED = 100
_MOST_CHARACTERS = 2**21
# Steps of these pages that are taken at once. Of a page that is mostly known there are none.
_STEPS_AT_ONCE = 2
# So much waits to be translated at most; smaller pages are not counted.
_MOST_WAITING_BYTES = 2**26
_LARGE_BYTES = 2**20


class _Scrape(NamedTuple):
    """A finished scrape; *page* is None if it failed, and *error* says why."""

    state: TargetState
    due_s: float
    duration_s: float
    page: Page | None
    error: str | None


async def wait_until_due(
    clock: Callable[[], float], due_s: float, interval_s: int, offset_s: float
) -> float:
    """Wait for a due time and return it, or the one that the clock has reached by then.

    That is a later one if the machine stood still or its clock was set forward, and an earlier one
    if the clock was set back far.
    """
    while (left_s := due_s - clock()) > 0:
        if left_s > 2 * interval_s:
            due_s = schedule.next_due(clock(), interval_s, offset_s)
            continue
        await asyncio.sleep(min(left_s, _LONGEST_SLEEP_S))
    return schedule.latest_due(clock(), due_s, interval_s)


class Scraper:
    """Scrapes targets and queues their points; *is_expected* tells which nodes should be up."""

    def __init__(
        self,
        client: Client,
        queue: Queue,
        sample_limit: int,
        clock: Callable[[], float] = time.time,
        is_expected: Callable[[Target], bool] = lambda target: True,
        gate: SeriesGate | None = None,
        steady: Callable[[], float] = uptime,
        memory: Memory | None = None,
    ) -> None:
        self._client = client
        self._queue = queue
        self.sample_limit = sample_limit
        self._clock, self._steady = clock, steady
        self._is_expected = is_expected
        self.gate = gate or SeriesGate()
        self._translators: dict[TranslationRules, Translator] = {}
        self._memory = memory or Memory()
        self._slow = SlowWork()  # pages that take long, by their targets
        self._in_flight = 0
        self._is_stopping, self._all_returned = False, asyncio.Event()
        self._gathered: list[_Scrape] = []
        self._characters = 0  # of these pages
        self._timer: asyncio.TimerHandle | None = None
        self._scrape_paths: dict[tuple[str, str], Paths] = {}
        self._change_log = ChangeLog(
            lambda delay_s, call: asyncio.get_running_loop().call_later(delay_s, call)
        )

    async def run(self, state: TargetState) -> None:
        """Scrape a target whenever it is due, for ever; never twice at the same time."""
        target = state.target
        offset_s = schedule.offset(
            target.identity, target.interval_s, is_together=target.is_together
        )
        due_s = schedule.next_due(self._clock(), target.interval_s, offset_s)
        while True:
            since_s = self._steady()
            planned_s, due_s = due_s, await self._wait(due_s, target.interval_s, offset_s)
            if target.identity in self._slow:  # its last page: a target waits for none but its own
                await self._slow.ended(target.identity)
                due_s = schedule.latest_due(self._clock(), due_s, target.interval_s)
            late = max(0, round((due_s - planned_s) / target.interval_s))
            state.missed += self._possible(late, since_s, target)
            while self._is_stopping:  # this task is about to be cancelled
                await asyncio.sleep(_LONGEST_SLEEP_S)
            since_s = self._steady()
            try:
                await self.scrape(state, due_s)
            except asyncio.CancelledError:
                state.missed += 1  # the scrape is not finished: its slot stays empty
                raise
            next_s = schedule.next_due(self._clock(), target.interval_s, offset_s)
            if next_s <= due_s:  # the clock was set back a little: not the same slot again
                next_s = due_s + target.interval_s
            missed = schedule.missed(due_s, next_s, target.interval_s)
            state.missed += self._possible(missed, since_s, target)
            due_s = next_s

    def _possible(self, missed: int, since_s: float, target: Target) -> int:
        """Return how many slots were missed if the clock may have been set since then."""
        return schedule.possible(missed, self._steady() - since_s, target.interval_s)

    async def _wait(self, due_s: float, interval_s: int, offset_s: float) -> float:
        return await wait_until_due(self._clock, due_s, interval_s, offset_s)

    async def scrape(self, state: TargetState, due_s: float) -> None:
        """Scrape a target once; its points are queued within a moment."""
        began_s = time.monotonic()
        self._in_flight += 1
        try:
            page, error = await self._fetch(state.target)
        finally:
            self._in_flight -= 1
            if self._is_stopping and not self._in_flight:
                self._all_returned.set()
        duration_s = time.monotonic() - began_s
        self._gathered.append(_Scrape(state, due_s, duration_s, page, error))
        self._characters += 0 if page is None or page.text is None else len(page.text)
        is_much = len(self._gathered) >= _MOST_GATHERED or self._characters >= _MOST_CHARACTERS
        if is_much or not self._in_flight:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_GATHER_S, self.flush)

    async def stop(self, within_s: float) -> int:
        """Start no more scrapes; return how many are still unfinished after *within_s* seconds."""
        self._is_stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                if self._in_flight:
                    await self._all_returned.wait()
                await self.settle()
        unfinished = self._in_flight + len(self._slow)
        self._slow.cancel_all()
        return unfinished

    async def settle(self) -> None:
        """Translate and queue all pages that have arrived."""
        self.flush()
        await self._slow.all_ended()

    async def _fetch(self, target: Target) -> tuple[Page | None, str | None]:
        """Return the page of a *target*, or an error."""
        try:
            return await self._client.fetch(target), None
        except ScrapeError as error:
            return None, str(error)
        except MemoryError:
            return None, NO_MEMORY
        except Exception as error:
            log.exception("%s: internal error", target.identity)
            return None, _internal_error(error)

    def end_log(self) -> None:
        """Log the changes of targets that were held back."""
        self._change_log.flush()

    def flush(self) -> None:
        """Translate and queue all pages that were gathered, or begin to, if that takes long."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        gathered, self._gathered, self._characters = self._gathered, [], 0
        batches, left = list[Batch](), _STEPS_AT_ONCE
        for scrape in gathered:
            try:
                made, left = self._begun(scrape, left)
            except MemoryError:
                self._lose(scrape)
            else:
                batches += made
        if batches:
            self._queue(batches)

    def _begun(self, scrape: _Scrape, steps_left: int) -> tuple[list[Batch], int]:
        """Translate a page, or begin to: return what was made, and how many steps are left."""
        steps = self._batches(scrape)
        made, left = ahead(steps, steps_left)
        if made is None and (refused := self._refused(scrape)):
            made, _ = ahead(self._batches(refused), 1)
        if made is None:
            size = 0 if scrape.page is None else getsizeof(scrape.page.text)
            self._slow.begin(scrape.state.target.identity, self._queued(scrape, steps), size)
        return made or [], left

    def _lose(self, scrape: _Scrape) -> None:
        """Count a scrape for which there is not enough memory; no other is lost."""
        scrape.state.missed += 1
        self._change_log.add(scrape.state.target, NO_MEMORY)

    def _refused(self, scrape: _Scrape) -> _Scrape | None:
        """Return a failed scrape in place of one whose page has no room beside others."""
        size, waiting = getsizeof(scrape.page and scrape.page.text), self._slow.size
        if size < _LARGE_BYTES or size + waiting < _MOST_WAITING_BYTES or not waiting:
            return None
        error = TOO_MUCH_WAITS.format(size=size, waiting=waiting)
        return scrape._replace(page=None, error=error)

    def _queued(self, scrape: _Scrape, steps: Steps[list[Batch]]) -> Generator[None]:
        """Queue what is made in many steps, in as many."""
        try:
            for batch in (yield from steps):
                self._queue([batch])
                yield
        except MemoryError:
            self._lose(scrape)

    def _batches(self, scrape: _Scrape) -> Steps[list[Batch]]:
        """Return the points of the page, if there is one, and those of the scrape itself."""
        target, time_s = scrape.state.target, int(scrape.due_s)
        translation, stored, error = yield from self._translate(scrape)
        self._record(scrape, translation, stored, error)
        parts: Iterable[Points] = () if stored is None else stored.points.parts()
        samples = 0 if translation is None else translation.samples
        is_expected = self._is_expected(target)
        values = (float(error is None), scrape.duration_s, samples, float(is_expected))
        own = self._scrape_points(target, values)
        return [Batch(time_s, target.interval_s, part) for part in (*parts, own) if len(part)]

    def _translate(
        self, scrape: _Scrape
    ) -> Steps[tuple[Translation | None, Stored | None, str | None]]:
        """Return the translation of the page and what is stored of it, or an error."""
        target, page = scrape.state.target, scrape.page
        if page is None:
            return None, None, scrape.error
        before, after = SCHEMES[target.naming].around(target)
        try:
            found = yield from self._translator(target).steps(
                page.text,
                before,
                self.sample_limit,
                after=after,
                target=target.identity,
                is_openmetrics=page.is_openmetrics,
            )
            stored = yield from self.gate.steps(target, self.sample_limit, found.points)
        except PageError as error:
            return None, None, PAGE_REFUSED.format(error=error)
        except MemoryError:
            return None, None, NO_MEMORY
        except Exception as error:
            # A bug that one page triggers must not stop the scraping of all other targets.
            log.exception("%s: internal error", target.identity)
            return None, None, _internal_error(error)
        return found, stored, None

    def _scrape_points(self, target: Target, values: Iterable[float]) -> Points:
        """Return the points that record a scrape: SCRAPE_SERIES, and NODE_EXPECTED."""
        scheme = SCHEMES[target.naming]
        before, after = scheme.around(target)
        key = (target.naming, target.group)
        paths = self._scrape_paths.get(key)
        if paths is None:
            names = (*SCRAPE_SERIES, NODE_EXPECTED)
            paths = Paths(tuple(scheme.scrape_path(target, name) for name in names))
            self._scrape_paths[key] = paths
        return Points(before, paths, after, values)

    def _translator(self, target: Target) -> Translator:
        rules = _rules(target)
        found = self._translators.get(rules)
        if found is None:
            found = self._translators[rules] = Translator(rules, self._memory)
        return found

    def forget(self, target: Target) -> None:
        """Forget what is remembered of a *target* that is no longer scraped."""
        self._slow.cancel(target.identity)
        self._translator(target).forget(target.identity)

    def keep_only(self, targets: Iterable[Target]) -> None:
        """Forget the translators that none of *targets* needs, and the paths of scrape series."""
        targets = list(targets)
        self.gate.keep_only(targets)
        self._scrape_paths.clear()
        # The targets of a section share these objects: comparing those of 10,000 takes its time.
        alike = {(one.naming, id(one.selection), id(one.label_limits)): one for one in targets}
        used = {_rules(target) for target in alike.values()}
        for rules in self._translators.keys() - used:
            del self._translators[rules]

    def _record(
        self,
        scrape: _Scrape,
        translation: Translation | None,
        stored: Stored | None,
        error: str | None,
    ) -> None:
        """Record the outcome of a scrape; log when it changes, not every time."""
        state = scrape.state
        if error != state.error:
            self._change_log.add(state.target, error)
        warning = None if scrape.page is None or error is not None else scrape.page.warning
        if stored is not None:
            state.refused.update(stored.refused)
            warning = "; ".join(filter(None, (warning, stored.warning))) or None
        if warning is not None and warning != state.warning:
            self._change_log.add(state.target, warning)
        state.warning = warning
        state.clock_off_s = None if scrape.page is None else scrape.page.clock_off_s
        state.record(scrape.due_s, scrape.duration_s, translation, error)


def _rules(target: Target) -> TranslationRules:
    return TranslationRules(SCHEMES[target.naming], target.selection, target.label_limits)


def _internal_error(error: Exception) -> str:
    return INTERNAL_ERROR.format(kind=type(error).__name__, error=error)
