"""Fetches the page of jobs of each node on its own interval, with the client of all scrapes."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from fructosa_service.background_tasks import Tasks

from ..model.access import JOBS_PATH
from ..model.errors import ScrapeError
from ..model.target import Target
from ..scrape import schedule
from ..scrape.scraper import wait_until_due
from .job_keeper import FetchedPage

log = logging.getLogger("lmaster.jobs")

GROUP = "jobs"
FAILING = "jobs: %d of %d nodes cannot be read, most often: %s (%s)"
ALL_READ = "jobs: all nodes can be read"

# Pages that arrive at nearly the same time are handed over together.
_GATHER_S = 0.5
# Changes of errors are logged once in so long.
_LOG_S = 60.0


class JobPageClient(Protocol):
    """Fetches pages, as scrape.client.Client does."""

    async def fetch(self, target: Target) -> "JobPageText":
        """Return the page of a target. Raises: ScrapeError."""

    def forget(self, target: Target) -> None:
        """Close the connection to a target."""


class JobPageText(Protocol):
    """A page."""

    @property
    def text(self) -> str:
        """Its text."""


class JobFetcher:
    """Fetches from the nodes of use(); *take* gets the pages, *after* says what to ask for."""

    def __init__(
        self,
        client: JobPageClient,
        take: Callable[[Sequence[FetchedPage]], None],
        after: Callable[[str], int | None],
        tasks: Tasks,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._take = take
        self._after = after
        self._tasks = tasks
        self._clock = clock
        self._targets: Mapping[str, Target] = {}
        self.errors: dict[str, str] = {}  # by node
        self.failures = 0
        self._logged = ""
        self._gathered: list[FetchedPage] = []
        self._timer: asyncio.TimerHandle | None = None

    async def use(self, targets: Mapping[str, Target]) -> None:
        """Fetch from these nodes, by Slurm's NodeName, and from no others."""
        before, self._targets = self._targets, dict(targets)
        ended = [node for node, target in before.items() if targets.get(node) != target]
        await self._tasks.end(*((GROUP, node) for node in ended))
        for node in ended:
            self._client.forget(before[node])
            self.errors.pop(node, None)
        for node, target in targets.items():
            if (GROUP, node) not in self._tasks:
                self._tasks.begin((GROUP, node), self._run(node, target))

    async def _run(self, node: str, target: Target) -> None:
        interval_s = target.interval_s
        offset_s = schedule.offset(f"{GROUP}/{target.identity}", interval_s)
        due_s = schedule.next_due(self._clock(), interval_s, offset_s)
        while True:
            due_s = await wait_until_due(self._clock, due_s, interval_s, offset_s)
            target = await self._fetch(node, target)
            next_s = schedule.next_due(self._clock(), interval_s, offset_s)
            due_s = next_s if next_s > due_s else due_s + interval_s

    async def _fetch(self, node: str, target: Target) -> Target:
        """Fetch a page once; return the target with the path that was asked for."""
        after = self._after(node)
        path = JOBS_PATH if after is None else f"{JOBS_PATH}?after={after}"
        if path != target.path:  # else the client has the text of the request
            target = replace(target, path=path)
        try:
            page = await self._client.fetch(target)
        except ScrapeError as error:
            self.failures += 1
            self.errors[node] = str(error)
        except Exception as error:
            self.failures += 1
            log.exception("%s: internal error", target.identity)
            self.errors[node] = f"internal error: {error}"
        else:
            self.errors.pop(node, None)
            self._gather(FetchedPage(node, page.text, self._clock()))
        return target

    def _gather(self, page: FetchedPage) -> None:
        self._gathered.append(page)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_GATHER_S, self.flush)

    def flush(self) -> None:
        """Hand over the pages that were gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._take(gathered)

    async def log_errors(self) -> None:
        """Log for ever which nodes cannot be read, when that changes: one line, not thousands."""
        while True:
            await asyncio.sleep(_LOG_S)
            self.log_error()

    def log_error(self) -> None:
        """Log which nodes cannot be read, if that is something else than last time."""
        text = ""
        if self.errors:
            node, error = min(self.errors.items(), key=self._rank())
            text = FAILING % (len(self.errors), len(self._targets), error, node)
        if text != self._logged:
            self._logged = text
            log.warning("%s", text) if text else log.info(ALL_READ)

    def _rank(self) -> Callable[[tuple[str, str]], tuple[int, str]]:
        counts = Counter(self.errors.values())
        return lambda item: (-counts[item[1]], item[0])
