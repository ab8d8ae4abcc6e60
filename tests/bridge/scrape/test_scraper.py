"""The scrape loop: when targets are scraped, what becomes of their pages, and what is queued."""

import asyncio
import contextlib
from itertools import pairwise
from sys import getsizeof

import pytest

from fructosa_bridge.model.errors import ScrapeError
from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape.client import Client, Page
from fructosa_bridge.scrape.scraper import (
    INTERNAL_ERROR,
    NO_MEMORY,
    PAGE_REFUSED,
    TOO_MUCH_WAITS,
    Scraper,
)
from fructosa_bridge.scrape.target_state import TargetState
from fructosa_bridge.series.known_series import NEW_SERIES_LIMIT
from fructosa_bridge.series.series_gate import WARNINGS
from fructosa_bridge.translate.text_format import NOT_A_SAMPLE
from fructosa_bridge.translate.translator import TOO_MANY_SAMPLES

from ..node import Node, http_response

GOOD_PAGE = "# TYPE load gauge\nload 0.5\n"


def refused(error):
    """Return the error of a page that is refused."""
    return PAGE_REFUSED.format(error=error)


class Nodes:
    """A client of nodes without a network; *page_of* returns the page of a target, or an error."""

    def __init__(self, page_of=lambda target: GOOD_PAGE):
        self._page_of = page_of

    async def fetch(self, target):
        """Return a page after all others were requested; a node named hangs never responds."""
        await (asyncio.Event().wait() if target.host == "hangs" else asyncio.sleep(0))
        page = self._page_of(target)
        if isinstance(page, Exception):
            raise page
        return page if isinstance(page, Page) else Page(page, is_openmetrics=False)


class Queue:
    """Keeps the batches that are queued, and the number of scrapes each time."""

    def __init__(self):
        self.scrapes = []
        self.batches = []
        self._arrival = asyncio.Event()

    def __call__(self, batches):
        """Queue *batches*."""
        durations = [path for batch in batches for path, _ in batch.points if "duration" in path]
        self.scrapes.append(len(durations))
        self.batches += batches
        self._arrival.set()

    @property
    def points(self):
        """All points by their path."""
        return dict(point for batch in self.batches for point in batch.points)

    async def arrival(self):
        """Wait until something is queued after the previous call."""
        await asyncio.wait_for(self._arrival.wait(), 20)
        self._arrival.clear()


def new_state(host="n0", **settings):
    """Return the state of a target that was not scraped yet."""
    return TargetState(Target(group="all", host=host, port=1, graphite_path=host, **settings))


def new_states(count):
    """Return the states of *count* targets."""
    return [new_state(f"n{number}") for number in range(count)]


async def scrape_all(scraper, states):
    """Scrape all of *states* at the same time."""
    await asyncio.gather(*(scraper.scrape(state, 1000.0) for state in states))


async def scrape(page, state=None, sample_limit=100):
    """Scrape a target that serves a *page*, or has an error; return its state and its points."""
    state, queue = state or new_state(), Queue()
    scraper = Scraper(Nodes(lambda target: page), queue, sample_limit)
    await scraper.scrape(state, 1234.5)
    assert {(1234, 10)} == {(batch.time_s, batch.interval_s) for batch in queue.batches}
    return state, queue.points


async def test_a_page_is_fetched_translated_and_queued():
    """Over real HTTP; the points have the time at which the scrape was due."""
    node, queue = Node(), Queue()
    await node.start()
    node.reply = http_response(b'load 0.5\nname{v="\xfc"} 1\n')
    state = TargetState(Target(group="all", host="127.0.0.1", port=node.port, graphite_path="n"))
    async with Client() as client:
        await Scraper(client, queue, sample_limit=100).scrape(state, 1234.5)
    await node.stop()

    assert (True, None, 2) == (state.up, state.error, state.samples)
    duration_s = queue.points.pop("n.scrape_duration_seconds.all")
    assert 0 < duration_s < 1
    expected = {"n.load": 0.5, "n.name.v.#fc": 1, "n.up.all": 1, "n.scrape_samples_scraped.all": 2}
    assert expected.items() <= queue.points.items()


@pytest.mark.parametrize(
    ("page", "error"),
    [
        (ScrapeError("odd"), "odd"),
        ("a 1\n" * 101, refused(TOO_MANY_SAMPLES.format(samples=101, limit=100))),
        (GOOD_PAGE + "loa", refused(NOT_A_SAMPLE.format(line="'loa'"))),
    ],
    ids=["no page", "too many samples", "truncated"],
)
async def test_a_failed_scrape_gives_none_of_its_samples_and_an_error(page, error):
    """The series `up` is 0."""
    state, points = await scrape(page)

    assert error == state.error
    names = ("up", "scrape_duration_seconds", "scrape_samples_scraped")
    assert {*(f"n0.{name}.all" for name in names), "n0.fructosa_node_expected"} == set(points)
    assert (0, 0) == (points["n0.up.all"], points["n0.scrape_samples_scraped.all"])


@pytest.mark.parametrize(
    ("page", "is_openmetrics", "is_up"),
    [("load 1\n# EOF\n", True, True), ("load 1\n", True, False), ("load 1\n", False, True)],
)
async def test_a_page_is_parsed_in_its_format(page, is_openmetrics, is_up):
    """In OpenMetrics a page without its end is truncated."""
    state, _ = await scrape(Page(page, is_openmetrics=is_openmetrics))

    assert is_up == state.up


async def test_a_warning_is_logged_once(caplog):
    """As long as it is the same."""
    pages = [Page(GOOD_PAGE, False, warning=text) for text in (None, "odd", "odd", None, "odd")]
    following = iter(pages)
    scraper, state = Scraper(Nodes(lambda target: next(following)), Queue(), 9), new_state()

    said = []
    for _ in pages:
        await scraper.scrape(state, 1234.5)
        said.append(state.warning)

    assert [None, "odd", "odd", None, "odd"] == said
    assert 2 == caplog.text.count("odd")


async def test_new_series_beyond_the_limit_are_not_queued(caplog):
    """They are counted, the log names the node once, and the node has a warning."""
    pages = [f'a 1\nb{{x="{number}"}} 1\n' for number in range(4)]
    following, queue = iter(pages), Queue()
    state = new_state(new_series_limit=1)
    scraper = Scraper(Nodes(lambda target: next(following)), queue, 9)

    for _ in pages:
        await scraper.scrape(state, 1234.5)

    assert {"n0.b.x.0", "n0.b.x.1"} == {path for path in queue.points if ".b." in path}
    assert (True, {NEW_SERIES_LIMIT: 2}) == (state.up, state.refused)
    assert state.warning == WARNINGS[NEW_SERIES_LIMIT].format(path="'b.x.2'", limit=1)
    assert 1 == caplog.text.count(state.warning)


@pytest.mark.parametrize(
    ("naming", "path"),
    [
        ("plain", "n0.up.all"),
        ("fructosa", "n0.up.all"),
        ("tagged", "up;group=all;instance=n0:1"),
    ],
)
async def test_the_scrape_series_are_named_like_those_of_the_page(naming, path):
    """Each scrape has three series of its own, and one tells whether the node should be up."""
    _, points = await scrape(GOOD_PAGE, new_state(naming=naming))

    assert 5 == len(points)
    assert [1.0] == [value for name, value in points.items() if name.startswith(path)]


@pytest.mark.parametrize("is_expected", [True, False])
async def test_whether_a_node_is_expected_to_be_up_is_recorded_with_each_scrape(is_expected):
    """Of the node, not of the section: its path has no section."""
    queue = Queue()
    scraper = Scraper(Nodes(lambda target: "a 1\n"), queue, 9, is_expected=lambda _: is_expected)

    await scraper.scrape(new_state(), 1234.5)

    assert is_expected == queue.points["n0.fructosa_node_expected"]


async def test_a_page_that_triggers_a_bug_does_not_stop_other_scrapes(caplog):
    """The targets have an error, and the log a traceback; in the client and in the translator."""
    pages = {"n1": ZeroDivisionError("a bug"), "n2": Page(None, is_openmetrics=False)}
    queue, states = Queue(), new_states(4)
    scraper = Scraper(Nodes(lambda target: pages.get(target.host, GOOD_PAGE)), queue, 10)

    await scrape_all(scraper, states)

    assert ([4], [True, False, False, True]) == (queue.scrapes, [state.up for state in states])
    assert INTERNAL_ERROR.format(kind="ZeroDivisionError", error="a bug") == states[1].error
    assert states[2].error.startswith(INTERNAL_ERROR.format(kind="TypeError", error=""))
    assert 2 == caplog.text.count("Traceback")


class Hungry(Scraper):
    """A scraper that has no memory for the points of one node."""

    def _batches(self, scrape):
        if scrape.state.target.host == "n1":
            raise MemoryError
        return super()._batches(scrape)


async def test_a_scrape_without_memory_costs_itself_alone(caplog):
    """It is counted as missed, or as failed with that error; all others are queued."""
    queue, states = Queue(), new_states(4)
    scraper = Hungry(Nodes(lambda t: MemoryError() if t.host == "n2" else GOOD_PAGE), queue, 100)

    await scrape_all(scraper, states)
    scraper.end_log()

    assert {"n0.load", "n3.load"} == {path for path in queue.points if path.endswith("load")}
    assert ([0, 1, 0, 0], NO_MEMORY) == ([state.missed for state in states], states[2].error)
    assert NO_MEMORY in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_refused_page_does_not_affect_others():
    """They are translated and queued together."""
    queue, states = Queue(), new_states(3)
    scraper = Scraper(Nodes(lambda target: "x" if target.host == "n1" else GOOD_PAGE), queue, 10)

    await scrape_all(scraper, states)

    assert ([3], [True, False, True]) == (queue.scrapes, [state.up for state in states])


async def test_a_change_of_the_error_is_logged_once(caplog):
    """Not at every scrape."""
    caplog.set_level("INFO")
    state = new_state()
    for page in (ScrapeError("refused"), ScrapeError("refused"), GOOD_PAGE, GOOD_PAGE):
        await scrape(page, state)

    assert ["all/n0:1: refused", "all/n0:1: up again"] == caplog.messages
    assert (4, 2, 2) == (state.scrapes, state.failures, state.samples_total)


async def test_a_target_is_down_since_the_first_scrape_that_failed():
    """When that was due; until it is up again."""
    state, pages = new_state(), iter((GOOD_PAGE, *2 * (ScrapeError("refused"),), GOOD_PAGE))
    scraper = Scraper(Nodes(lambda target: next(pages)), Queue(), sample_limit=10)

    seen = []
    for due_s in (10, 20, 30, 40):
        await scraper.scrape(state, due_s)
        seen.append(state.down_since_s)

    assert [None, 20, 20, None] == seen


def large_page(samples=3_000):
    """Return a page that takes long when it is new."""
    return "".join(f'a{{x="{number}"}} 1\n' for number in range(samples))


async def test_a_large_page_delays_no_other():
    """It is translated in between, and queued in parts; nothing of it is lost."""
    queue, (large, *small) = Queue(), new_states(10)
    page = large_page()
    scraper = Scraper(
        Nodes(lambda target: page if target.host == "n0" else GOOD_PAGE), queue, 10**5
    )

    await scrape_all(scraper, [large])
    assert (None, []) == (large.up, queue.batches)
    await scrape_all(scraper, small)
    assert [True] * 9 == [state.up for state in small]
    assert large.up is None
    await scraper.settle()

    assert (True, 3_000) == (large.up, large.samples)
    assert 3_000 == sum(path.startswith("n0.a.") for path in queue.points)


async def test_a_large_page_is_waited_for_by_its_own_target():
    """Its next slots are missed and counted, as by a scrape that takes long."""
    clock, state = Clock(), new_state()
    dues = []

    class Long(NoWaiting):
        """A scraper for which time passes while a page is translated."""

        async def scrape(self, state, due_s):
            dues.append(due_s)
            if len(dues) == 3:
                raise Done
            await super().scrape(state, due_s)
            clock.now_s = due_s + 25

    pages = iter((large_page(), GOOD_PAGE))
    with contextlib.suppress(Done):
        nodes = Nodes(lambda target: next(pages))
        await Long(nodes, Queue(), 10**5, clock, steady=clock).run(state)

    assert (2, True) == (state.scrapes, state.up)
    assert state.missed == round((dues[-1] - dues[0]) / 10) - 2


async def test_large_pages_that_wait_are_bounded(monkeypatch):
    """A page that has no room is an error of its own target."""
    monkeypatch.setattr("fructosa_bridge.scrape.scraper._LARGE_BYTES", 1000)
    monkeypatch.setattr("fructosa_bridge.scrape.scraper._MOST_WAITING_BYTES", 10**5)
    states, page = new_states(5), large_page()
    scraper = Scraper(Nodes(lambda target: page), Queue(), 10**5)

    await scrape_all(scraper, states)
    await scraper.settle()

    ups = [state.up for state in states]
    assert ups.count(True) == 10**5 // len(page)
    size, waiting = getsizeof(page), getsizeof(page) * ups.count(True)
    assert TOO_MUCH_WAITS.format(size=size, waiting=waiting) == states[ups.index(False)].error


async def test_a_large_page_that_is_not_translated_at_the_stop_is_counted():
    """Its slot stays empty."""
    scraper = Scraper(Nodes(lambda target: large_page()), Queue(), 10**5)
    await scrape_all(scraper, [new_state()])

    assert 1 == await scraper.stop(0)


async def test_many_changes_at_a_time_are_counted(caplog):
    """What is not logged yet at the end is logged then."""
    scraper, states = (
        Scraper(Nodes(lambda target: ScrapeError("refused")), Queue(), 10),
        new_states(9),
    )

    await scrape_all(scraper, states)
    scraper.end_log()

    assert 4 == len(caplog.messages)
    assert "6 more targets: refused" in caplog.messages[-1]


async def test_a_forgotten_target_leaves_no_page_behind():
    """Its translator remains in use by other targets, until there are none."""
    states = new_states(2)
    scraper = Scraper(Nodes(), Queue(), sample_limit=10)
    await scrape_all(scraper, states)
    (translator,) = scraper._translators.values()

    scraper.forget(states[0].target)
    remembered = list(translator._last)
    scraper.keep_only([])

    assert [(states[1].target.identity, False)] == remembered
    assert {} == scraper._translators


class Clock:
    """A clock that a test sets."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


class NoWaiting(Scraper):
    """A scraper that does not wait until a target is due."""

    async def _wait(self, due_s, interval_s, offset_s):
        return due_s


class Done(Exception):
    """Ends an endless loop."""


async def test_a_target_is_scraped_when_it_is_due_and_missed_slots_are_counted():
    """With an interval of 10 s, a scrape that takes 25 s misses two slots."""
    clock, due_times = Clock(), []
    state = new_state()

    class Timed(NoWaiting):
        """A scraper whose scrapes take no real time."""

        async def scrape(self, state, due_s):
            due_times.append(due_s)
            clock.now_s = due_s + (25 if len(due_times) == 2 else 1)
            if len(due_times) == 4:
                raise Done

    with contextlib.suppress(Done):
        await Timed(None, lambda batches: None, 100, clock, steady=clock).run(state)

    assert [10, 30, 10] == [round(after - before) for before, after in pairwise(due_times)]
    assert state.missed == 2


async def test_a_clock_that_is_set_back_far_is_followed():
    """The target does not wait for hours until the old time comes again."""
    clock = Clock()
    scraper = Scraper(None, lambda batches: None, 100, clock)
    waiting = asyncio.create_task(scraper._wait(clock.now_s + 7200, 1, 0.01))
    await asyncio.sleep(0)
    clock.now_s += 2

    due_s = await asyncio.wait_for(waiting, 10)

    assert due_s <= 1002.01


async def test_a_scrape_after_a_pause_has_the_due_time_that_has_passed_last():
    """The machine was suspended: the slots of the pause are missed."""
    clock, due_times = Clock(), []
    pauses = iter((0, 0, 64, 9))

    class Paused(Scraper):
        """A scraper whose machine stands still before some scrapes."""

        async def _wait(self, due_s, interval_s, offset_s):
            clock.now_s = due_s + next(pauses)
            return await super()._wait(due_s, interval_s, offset_s)

        async def scrape(self, state, due_s):
            due_times.append(due_s)
            if len(due_times) == 4:
                raise Done

    state = new_state()
    with contextlib.suppress(Done):
        await Paused(None, lambda batches: None, 100, clock, steady=clock).run(state)

    assert [10, 70, 10] == [round(after - before) for before, after in pairwise(due_times)]
    assert state.missed == 6


@pytest.mark.parametrize("step_s", [9 * 365 * 86400, -9 * 365 * 86400])
async def test_a_clock_that_is_set_by_years_misses_no_years(step_s):
    """Forward or back, at most one slot is."""
    clock = Clock()
    steps = iter((0, step_s, 0))

    class Set(NoWaiting):
        """A scraper whose clock is set during a scrape."""

        async def scrape(self, state, due_s):
            if (step_s := next(steps, None)) is None:
                raise Done
            clock.now_s += step_s

    state = new_state()
    with contextlib.suppress(Done):
        await Set(None, lambda batches: None, 100, clock, steady=lambda: 0.0).run(state)

    assert state.missed <= 1


async def test_a_cancelled_scrape_is_a_missed_slot():
    """It records nothing else."""
    state, requested = new_state(), asyncio.Event()

    class Silent(Nodes):
        """Nodes that never respond."""

        async def fetch(self, target):
            requested.set()
            await asyncio.Event().wait()

    running = asyncio.create_task(NoWaiting(Silent(), lambda batches: None, 10).run(state))
    await asyncio.wait_for(requested.wait(), 20)

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert (1, 0) == (state.missed, state.scrapes)


@pytest.fixture
async def busy_scraper():
    """A function that creates a scraper with a scrape that never ends."""
    hanging = []

    async def create(*args, **kwargs):
        scraper = Scraper(*args, **kwargs)
        hanging.append(asyncio.create_task(scraper.scrape(new_state("hangs"), 1000.0)))
        await asyncio.sleep(0)
        return scraper

    yield create
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_pages_are_queued_together_when_the_last_one_has_arrived():
    """Without waiting for more: an lmaster that is killed then loses nothing."""
    queue, states = Queue(), new_states(7)
    scraper = Scraper(Nodes(), queue, sample_limit=10)

    await scrape_all(scraper, states)

    assert ([7], None) == (queue.scrapes, scraper._timer)


async def test_pages_are_queued_together_after_a_moment(busy_scraper):
    """Also if a node does not respond; then the next ones are gathered."""
    queue, states = Queue(), new_states(7)
    scraper = await busy_scraper(Nodes(), queue, sample_limit=10)

    await scrape_all(scraper, states)
    before = list(queue.scrapes)
    await queue.arrival()
    await scrape_all(scraper, states[:2])
    await queue.arrival()

    assert ([], [7, 2]) == (before, queue.scrapes)
    assert [True] * 7 == [state.up for state in states]


async def test_flush_queues_gathered_pages_at_once(busy_scraper):
    """At the exit, and before another configuration is used; then no timer is left."""
    queue = Queue()
    scraper = await busy_scraper(Nodes(), queue, sample_limit=10)
    await scrape_all(scraper, new_states(3))

    scraper.flush()
    scraper.flush()

    assert ([3], None) == (queue.scrapes, scraper._timer)


@pytest.mark.parametrize(("count", "queued"), [(99, []), (100, [100]), (250, [100, 100])])
async def test_at_most_a_hundred_pages_are_gathered(busy_scraper, count, queued):
    """They would fill the memory if all nodes respond at the same moment."""
    queue = Queue()
    scraper = await busy_scraper(Nodes(), queue, sample_limit=10)

    await scrape_all(scraper, new_states(count))

    assert queued == queue.scrapes
    scraper.flush()
    assert count == sum(queue.scrapes)


async def test_stop_waits_for_pages_that_were_requested():
    """It returns how many did not arrive in time."""
    page_may_arrive = asyncio.Event()

    class Waiting(Nodes):
        """Nodes that respond when they may."""

        async def fetch(self, target):
            await page_may_arrive.wait()
            return Page(GOOD_PAGE, is_openmetrics=False)

    scraper, state = Scraper(Waiting(), Queue(), 10), new_state()
    scraping = asyncio.create_task(scraper.scrape(state, 1000.0))
    await asyncio.sleep(0)

    unfinished = await scraper.stop(0)
    page_may_arrive.set()
    finished = await scraper.stop(20)
    await scraping

    assert (1, 0, True) == (unfinished, finished, state.up)
