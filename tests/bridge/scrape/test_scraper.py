"""Scraping over real HTTP: what nodes may answer, and what becomes of it."""

import asyncio
import contextlib
from itertools import pairwise

import pytest
from aiohttp import web

from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape.client import Client, Page
from fructosa_bridge.scrape.scraper import Scraper
from fructosa_bridge.scrape.target_state import TargetState
from fructosa_bridge.translate.translator import Translator

GOOD = "# TYPE load gauge\nload 0.5\n"


async def answer(request):
    """Answer as the path of the request wants."""
    kind = request.query["collect[]"]
    if kind == "slow":
        await asyncio.Event().wait()
    if kind == "endless":
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"# " + b"x" * 2**16 + b"\n")
    if kind == "half":
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(GOOD.encode())
        request.transport.close()
        return response
    if kind == "moved":
        raise web.HTTPFound("/elsewhere")
    if kind == "refused":
        raise web.HTTPBadRequest(text="no such sensor; there are others\n")
    pages = {
        "good": GOOD,
        "html": "<html><body>It works!</body></html>",
        "many": "".join(f"m{number} 1\n" for number in range(101)),
        "cut": GOOD + "loa",
        "latin": b'name{v="\xfc"} 1\n',
    }
    page = pages[kind]
    return web.Response(body=page if isinstance(page, bytes) else page.encode())


@pytest.fixture
async def port():
    """The port of a node that answers in many ways."""
    application = web.Application()
    application.router.add_get("/metrics", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.fixture
async def scrape(port):
    """A function that scrapes the node once; it returns the state, and the points."""
    async with Client() as client:

        async def run(kind, host="127.0.0.1", to=port):
            batches = []
            timeout_s = 1 if kind == "slow" else 30
            target = Target(
                group="all",
                host=host,
                port=to,
                graphite_path="n",
                timeout_s=timeout_s,
                sensors=(kind,),
            )
            state = TargetState(target)
            await Scraper(client, batches.extend, sample_limit=100).scrape(state, 1234.5)
            assert {(1234, 10)} == {(batch.time_s, batch.interval_s) for batch in batches}
            return state, dict(point for batch in batches for point in batch.points)

        yield run


async def test_a_good_page_becomes_points_and_says_that_the_node_is_up(scrape):
    """At the time at which the scrape was due."""
    state, points = await scrape("good")

    assert (True, None, 1) == (state.up, state.error, state.samples)
    assert points["n.load"] == 0.5
    assert points["n.up.all"] == 1
    assert points["n.scrape_samples_scraped.all"] == 1
    assert 0 < points["n.scrape_duration_seconds.all"] < 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("slow", "no response within the timeout of 1 s"),
        ("half", "the page is incomplete: "),
        ("moved", "the response is 302 Found"),
        ("refused", "the response is 400 Bad Request: no such sensor; there are others"),
        ("html", "the response is a web page (HTML), not metrics"),
        ("many", "the page is refused: 101 samples, more than the 100"),
        ("cut", "the page is refused: not a valid sample: 'loa'"),
    ],
)
async def test_a_bad_answer_gives_none_of_its_samples_and_a_clear_error(scrape, kind, error):
    """`up` is 0, and the reason is told."""
    state, points = await scrape(kind)

    assert state.error.startswith(error)
    assert {"n.up.all", "n.scrape_duration_seconds.all", "n.scrape_samples_scraped.all"} == set(
        points
    )
    assert (0, 0) == (points["n.up.all"], points["n.scrape_samples_scraped.all"])


async def test_an_endless_page_is_cut_off(scrape):
    """Before it fills the memory."""
    state, points = await scrape("endless")

    assert points["n.up.all"] == 0
    assert "longer than" in state.error


async def test_a_node_that_is_not_there_says_why(scrape, unused_tcp_port):
    """Refused connections and unknown names."""
    refused, _ = await scrape("good", to=unused_tcp_port)
    unknown, _ = await scrape("good", host="no-such-host.invalid")

    assert refused.error == "cannot connect: Connection refused"
    assert unknown.error.startswith(("unknown host no-such-host.invalid: ", "can't "))


async def test_bytes_that_are_no_utf8_keep_their_place(scrape):
    """As a path that tells them."""
    _, points = await scrape("latin")

    assert points["n.name.#fc"] == 1


class Faulty(Translator):
    """A translator with a fault of ours."""

    def translate(self, *asked, **how):
        """Fail."""
        raise RecursionError("too deep")


async def test_a_fault_of_ours_costs_only_the_page_that_shows_it(port, caplog):
    """It is an error of the target, with a traceback in the log; scraping goes on."""
    batches = []
    target = Target(group="all", host="127.0.0.1", port=port, graphite_path="n", sensors=("good",))
    state = TargetState(target)
    async with Client() as client:
        scraper = Scraper(client, batches.extend, sample_limit=100)
        scraper._translator = lambda target: Faulty()
        await scraper.scrape(state, 1000)

    (batch,) = batches
    assert dict(batch.points)["n.up.all"] == 0
    assert state.error == "internal error, see lmaster's log: RecursionError: too deep"
    assert "Traceback" in caplog.text


class Clock:
    """A clock that moves when somebody sleeps, and when a test sets it."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


class Enough(Exception):
    """Ends what would go on for ever."""


async def test_a_target_is_scraped_at_its_moments_and_missed_slots_are_counted(port):
    """A scrape that takes 25 s costs two slots of ten."""
    clock, dues = Clock(), []
    target = Target(group="all", host="127.0.0.1", port=port, graphite_path="n")
    state = TargetState(target)

    class Timed(Scraper):
        """A scraper whose scrapes and waits take no real time."""

        async def scrape(self, state, due_s):
            dues.append(due_s)
            clock.now_s = due_s + (25 if len(dues) == 2 else 1)
            if len(dues) == 4:
                raise Enough

        async def _wait(self, due_s, interval_s, offset_s):
            clock.now_s = due_s
            return due_s

    async with Client() as client:
        with contextlib.suppress(Enough):
            await Timed(client, lambda batches: None, 100, clock).run(state)

    steps = [round(after - before) for before, after in pairwise(dues)]
    assert [10, 30, 10] == steps
    assert state.missed == 2


async def test_a_clock_set_back_far_is_followed():
    """The target doesn't wait for hours until the old time comes again."""
    clock = Clock()
    scraper = Scraper(None, lambda batches: None, 100, clock)
    waited = asyncio.create_task(scraper._wait(clock.now_s + 7200, 1, 0.5))
    await asyncio.sleep(0)
    clock.now_s += 2

    due_s = await asyncio.wait_for(waited, 10)

    assert due_s <= 1002.5


class Nodes:
    """A client of nodes that say what a test wants, without a network."""

    def __init__(self, says=lambda target: GOOD):
        self._says = says

    async def fetch(self, target):
        """Return a page, when all others were asked too; a node called hangs never has one."""
        await (asyncio.Event().wait() if target.host == "hangs" else asyncio.sleep(0))
        return Page(self._says(target), is_openmetrics=False)

    def forget(self, target):
        """Forget nothing."""


class Queue:
    """A queue that keeps what it is given, and how many scrapes each time."""

    def __init__(self):
        self.scrapes = []
        self.batches = []
        self._arrival = asyncio.Event()

    def __call__(self, batches):
        """Queue them."""
        durations = [path for batch in batches for path, _ in batch.points if "duration" in path]
        self.scrapes.append(len(durations))
        self.batches += batches
        self._arrival.set()

    async def arrival(self):
        """Wait until something is queued that was not waited for."""
        await asyncio.wait_for(self._arrival.wait(), 20)
        self._arrival.clear()


def states(count):
    """Return the states of so many targets."""
    return [
        TargetState(Target(group="all", host=f"n{number}", port=1, graphite_path=f"n{number}"))
        for number in range(count)
    ]


async def scraped(scraper, found):
    """Scrape all of them at one time."""
    await asyncio.gather(*(scraper.scrape(state, 1000.0) for state in found))


@pytest.fixture
async def scraper_that_waits():
    """What makes a scraper that asks a node which never answers, for ever."""
    hanging = []

    async def make(*arguments, **named):
        made = Scraper(*arguments, **named)
        state = TargetState(Target(group="all", host="hangs", port=1, graphite_path="hangs"))
        hanging.append(asyncio.create_task(made.scrape(state, 1000.0)))
        await asyncio.sleep(0)
        return made

    yield make
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_what_is_scraped_is_queued_when_the_last_has_answered():
    """All together, and without waiting for more: who is killed then loses nothing."""
    queue, found = Queue(), states(7)
    scraper = Scraper(Nodes(), queue, sample_limit=10)

    await scraped(scraper, found)

    assert ([7], None) == (queue.scrapes, scraper._timer)


async def test_what_is_scraped_together_is_queued_together(scraper_that_waits):
    """After a moment, without anybody asking for it, if some node does not answer."""
    queue, found = Queue(), states(7)
    scraper = await scraper_that_waits(Nodes(), queue, sample_limit=10)

    await scraped(scraper, found)
    before = list(queue.scrapes)
    await queue.arrival()

    assert ([], [7]) == (before, queue.scrapes)
    assert [True] * 7 == [state.up for state in found]


async def test_what_waits_can_be_queued_at_once(scraper_that_waits):
    """At the end, and before another configuration is used; then nothing waits, and no timer."""
    queue, found = Queue(), states(3)
    scraper = await scraper_that_waits(Nodes(), queue, sample_limit=10)
    await scraped(scraper, found)

    scraper.flush()
    scraper.flush()

    assert ([3], None) == (queue.scrapes, scraper._timer)


@pytest.mark.parametrize(
    ("count", "given"), [(99, []), (100, [100]), (101, [100]), (250, [100, 100])]
)
async def test_no_more_than_a_hundred_pages_wait(scraper_that_waits, count, given):
    """They would fill the memory when all nodes answer at one moment."""
    queue = Queue()
    scraper = await scraper_that_waits(Nodes(), queue, sample_limit=10)

    await scraped(scraper, states(count))

    assert given == queue.scrapes
    scraper.flush()
    assert count == sum(queue.scrapes)


async def test_scrapes_go_on_after_each_moment(scraper_that_waits):
    """A second round is gathered anew."""
    queue, found = Queue(), states(2)
    scraper = await scraper_that_waits(Nodes(), queue, sample_limit=10)

    for _ in range(2):
        await scraped(scraper, found)
        await queue.arrival()

    assert [2, 2] == queue.scrapes


async def test_a_refused_page_among_good_ones_costs_itself_alone():
    """The others are queued with it."""
    queue, found = Queue(), states(3)
    nodes = Nodes(lambda target: "wrong" if target.host == "n1" else GOOD)
    scraper = Scraper(nodes, queue, sample_limit=10)

    await scraped(scraper, found)
    scraper.flush()

    assert ([3], [True, False, True]) == (queue.scrapes, [state.up for state in found])


async def test_a_fault_of_ours_costs_one_page_of_those_that_are_translated_together(caplog):
    """Be it while the page is fetched, or while it is read."""
    queue, found = Queue(), states(4)

    def says(target):
        if target.host == "n1":
            raise ZeroDivisionError("a bug")
        return None if target.host == "n2" else GOOD  # no text: what reads it breaks

    scraper = Scraper(Nodes(says), queue, sample_limit=10)

    await scraped(scraper, found)
    scraper.flush()

    assert ([4], [True, False, False, True]) == (queue.scrapes, [state.up for state in found])
    assert "internal error, see lmaster's log: ZeroDivisionError: a bug" == found[1].error
    assert "internal error, see lmaster's log: TypeError" in found[2].error
    assert 2 == caplog.text.count("Traceback")


@pytest.mark.parametrize(
    ("naming", "path"),
    [
        ("plain", "n0.up.all"),
        ("fructosa", "n0.up.all"),
        ("tagged", "up;group=all;instance=n0:1"),
    ],
)
async def test_whether_a_target_is_up_is_told_in_its_naming(naming, path):
    """Beside what the page says, with how long it took and how many samples it had."""
    queue = Queue()
    target = Target(group="all", host="n0", port=1, graphite_path="n0", naming=naming)
    scraper = Scraper(Nodes(), queue, sample_limit=10)
    await scraped(scraper, [TargetState(target)])
    scraper.flush()

    found = dict(point for batch in queue.batches for point in batch.points)
    assert 4 == len(found)
    assert [1.0] == [value for name, value in found.items() if name.startswith(path)]


async def test_who_is_ended_amid_a_scrape_has_missed_that_slot():
    """Nothing is told of it, so that it counts."""
    (state,) = states(1)
    asked = asyncio.Event()

    class Silent(Nodes):
        """Nodes that never answer."""

        async def fetch(self, target):
            asked.set()
            await asyncio.Event().wait()

    class Soon(Scraper):
        """A scraper that waits for nothing."""

        async def _wait(self, due_s, interval_s, offset_s):
            return due_s

    watching = asyncio.create_task(Soon(Silent(), lambda batches: None, 10).run(state))
    await asyncio.wait_for(asked.wait(), 20)

    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

    assert (1, 0) == (state.missed, state.scrapes)
