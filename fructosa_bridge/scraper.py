"""Scraping a target, again and again: when it is due, ask, translate, queue; failures are data."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import schedule
from .errors import PageError, ScrapeError
from .fetch import Client
from .model import Batch, Target
from .naming import part
from .spool import Spool
from .translate import Translation, Translator

log = logging.getLogger(__name__)

_NOTHING = Translation([], 0, 0, 0)
# The clock may be set, and the machine may sleep: a long wait is looked at again so often.
_LONGEST_NAP_S = 30.0


@dataclass
class State:
    """What is known of a target; what the status page shows. Times in seconds since 1970."""

    target: Target
    up: bool | None = None
    due_s: float | None = None
    duration_s: float = 0.0
    samples: int = 0
    error: str | None = None
    scrapes: int = 0
    failures: int = 0
    missed: int = 0
    samples_total: int = 0
    not_finite: int = 0
    repeated: int = 0


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
        self._spools = spools
        self._sample_limit = sample_limit
        self._clock = clock
        self._translator = Translator()

    async def watch(self, state: State) -> None:
        """Scrape a target whenever it is due, for ever; never twice at a time."""
        target = state.target
        offset_s = schedule.offset(target.identity, target.interval_s)
        due_s = schedule.next_due(self._clock(), target.interval_s, offset_s)
        while True:
            due_s = await self._wait(due_s, target.interval_s, offset_s)
            await self.scrape(state, due_s)
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

    async def scrape(self, state: State, due_s: float) -> None:
        """Scrape once; queue what the target said, and how it went."""
        target, began_s = state.target, time.monotonic()
        found, error = await self._translated(target)
        state.duration_s = time.monotonic() - began_s
        self._note(state, due_s, found, error)
        group = part(target.group)
        outcome = (
            ("up", float(error is None)),
            ("scrape_duration_seconds", state.duration_s),
            ("scrape_samples_scraped", float(found.samples)),
        )
        points = found.points + [(f"{target.path}.{name}.{group}", v) for name, v in outcome]
        batch = Batch(int(due_s), target.interval_s, points)
        for spool in self._spools:
            spool.append(batch)

    async def _translated(self, target: Target) -> tuple[Translation, str | None]:
        try:
            page = await self._client.fetch(target)
            return self._translator.points(
                page.text,
                target.path,
                self._sample_limit,
                target=target.identity,
                is_openmetrics=page.is_openmetrics,
            ), None
        except ScrapeError as error:
            return _NOTHING, str(error)
        except PageError as error:
            return _NOTHING, f"the page is refused: {error}"
        except Exception as error:
            # A fault of ours that one page shows must not end the scraping of all the others.
            log.exception("%s: a fault of lmaster", target.identity)
            return _NOTHING, f"a fault of lmaster, see its log: {type(error).__name__}: {error}"

    def _note(self, state: State, due_s: float, found: Translation, error: str | None) -> None:
        """Keep the outcome; log a change of it, not every scrape."""
        if error is not None and error != state.error:
            log.warning("%s: %s", state.target.identity, error)
        elif error is None and state.error is not None:
            log.info("%s: is up again", state.target.identity)
        state.up, state.error = error is None, error
        state.due_s, state.samples = due_s, found.samples
        state.scrapes += 1
        state.failures += error is not None
        state.samples_total += found.samples
        state.not_finite += found.not_finite
        state.repeated += found.repeated
