"""The pages of jobs are fetched from each node on its own interval."""

import asyncio
import logging
from dataclasses import dataclass

import pytest

from fructosa_bridge.app.job_fetcher import ALL_READ, FAILING, JobFetcher
from fructosa_bridge.model.errors import ScrapeError
from fructosa_bridge.model.target import Target
from fructosa_service.background_tasks import Tasks

SOON_S = 30


@dataclass
class FakePage:
    """A page."""

    text: str


class Nodes:
    """A client whose nodes respond at once; *errors* are those of nodes that do not."""

    def __init__(self):
        self.asked = []
        self.errors = {}
        self.forgotten = []

    async def fetch(self, target):
        """Return a page that names its node. Raises: ScrapeError."""
        self.asked.append((target.host, target.path))
        if target.host in self.errors:
            raise self.errors[target.host]
        return FakePage(f"page of {target.host}")

    def forget(self, target):
        """Note whose connection is closed."""
        self.forgotten.append(target.host)


def target_of(host, **changes):
    """Return the page of a node."""
    return Target(
        **{"group": "all", "host": host, "port": 9888, "graphite_path": host, "interval_s": 1}
        | {"path": "/jobs"}
        | changes
    )


class FetcherLab:
    """A fetcher, its nodes, and what it has handed over."""

    def __init__(self):
        self.nodes, self.taken, self.after = Nodes(), [], {}
        self.tasks = Tasks()
        self.fetcher = JobFetcher(
            self.nodes, self.taken.extend, lambda node: self.after.get(node), self.tasks
        )

    async def use(self, *hosts, **changes):
        """Fetch from these nodes."""
        await self.fetcher.use({host.upper(): target_of(host, **changes) for host in hosts})


@pytest.fixture
async def lab(caplog):
    """A lab whose tasks are ended."""
    caplog.set_level(logging.INFO, "lmaster.jobs")
    made = FetcherLab()
    yield made
    await made.tasks.end_all()
    made.fetcher.flush()


async def until(holds):
    """Wait until something holds."""
    async with asyncio.timeout(SOON_S):
        while not holds():
            await asyncio.sleep(0.01)


async def test_pages_are_handed_over_by_the_names_of_their_nodes(lab):
    """Those that arrive at nearly the same time together."""
    await lab.use("n1", "n2")

    await until(lambda: len(lab.taken) >= 2)

    pages = {page.node: page.text for page in lab.taken}
    assert {"N1": "page of n1", "N2": "page of n2"} == pages


async def test_a_node_is_asked_for_what_ended_after_the_last_page(lab):
    """At first for all."""
    await lab.use("n1")
    await until(lambda: lab.nodes.asked)
    lab.after["N1"] = 17
    await until(lambda: len(lab.nodes.asked) >= 2)

    assert [("n1", "/jobs"), ("n1", "/jobs?after=17")] == lab.nodes.asked[:2]


async def test_it_fetches_from_the_nodes_that_are_in_use(lab):
    """A node that goes is forgotten, one that stays keeps its connection."""
    await lab.use("n1", "n2")
    await lab.use("n2", "n3")
    await until(lambda: ("n3", "/jobs") in lab.nodes.asked)

    assert ["n1"] == lab.nodes.forgotten
    await lab.use("n2", "n3", port=9999)
    assert ["n1", "n2", "n3"] == sorted(lab.nodes.forgotten)


async def test_nodes_that_cannot_be_read_have_one_line(lab, caplog):
    """With the most frequent error; and one when all can be read again."""
    lab.nodes.errors = {
        "n1": ScrapeError("status 404"),
        "n2": ScrapeError("refused"),
        "n3": ScrapeError("refused"),
        "n4": ValueError("a bug"),
    }
    await lab.use("n1", "n2", "n3", "n4", "n5")
    await until(lambda: len(set(lab.nodes.asked)) == 5)
    await until(lambda: lab.taken)

    lab.fetcher.log_error()
    lab.fetcher.log_error()
    lab.nodes.errors = {}
    await until(lambda: len({page.node for page in lab.taken}) == 5)
    lab.fetcher.log_error()

    lines = [one.getMessage() for one in caplog.records if "internal error" not in one.message]
    assert [FAILING % (4, 5, "refused", "N2"), ALL_READ] == lines
