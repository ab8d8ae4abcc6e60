"""Asking every node once."""

import asyncio
import logging
import resource
from pathlib import Path

import pytest

from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape import ping
from fructosa_bridge.scrape.target_state import TargetState

from ..node import Node, answer, then_hang


@pytest.fixture
async def node():
    """A node that answers well."""
    made = Node()
    await made.start()
    yield made
    await made.stop()


def target(port, host="127.0.0.1", group="all", **more):
    """Return a target on this machine."""
    return Target(group=group, host=host, port=port, graphite_path=host, **more)


def state(host, error=None, group="all", port=9888, samples=272):
    """Return the state of a node that was asked."""
    return TargetState(
        target(port, host, group), up=error is None, error=error, samples=samples, duration_s=0.0081
    )


def report(*states, **how):
    """Return the lines that tell of some states."""
    return list(ping.report(states, **how))


async def asked(*targets, **how):
    """Return the states of some targets that were asked."""
    return await ping.ping(targets, 100, lambda done: None, **how)


async def test_a_node_that_answers_is_told_with_its_samples(node):
    """What it says is read as in any scrape."""
    (found,) = await asked(target(node.port))

    assert (True, 1, None) == (found.up, found.samples, found.error)
    assert 1 == len(node.requests)


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (answer(b"load one\n"), "the page is refused: "),
        (answer(b"a 1\n" * 101), "the page is refused: 101 samples, more than the 100"),
        (answer(b"<html>", kind="text/html"), "the response is a web page"),
        (answer(b"", status="404 Not Found"), "the response is 404 Not Found"),
    ],
)
async def test_a_page_that_a_scrape_would_refuse_fails(node, says, error):
    """With the words that the status page would show."""
    node.says = says

    (found,) = await asked(target(node.port))

    assert found.error.startswith(error)


async def test_a_node_that_hangs_holds_up_nobody_else(node):
    """Those behind it are asked meanwhile; it fails when its timeout is over."""
    silent = Node()
    silent.says = then_hang()
    await silent.start()
    targets = [target(silent.port, timeout_s=0.5), *(target(node.port) for _ in range(3))]

    found = await asked(*targets, at_once=2)
    await silent.stop()

    assert [False, True, True, True] == [one.up for one in found]
    assert found[0].error.startswith("no response within the timeout of 0.5 s")


async def test_so_many_are_asked_at_one_time(node):
    """Never more, however many there are; and it is told how many are done."""
    open_now, most, told = 0, 0, []

    async def say(reader, writer):
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0)
        open_now -= 1
        writer.write(answer())

    node.says = say

    found = await ping.ping([target(node.port)] * 20, 100, told.append, at_once=3)

    assert all(one.up for one in found)
    assert most <= 3
    assert list(range(1, 21)) == told


@pytest.fixture
def few_files():
    """So few files may be open that a connection for each node can't be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_open = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (is_open + 30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_connections_are_not_kept(node, few_files):
    """The limit of open files is for those that are asked at one time, not for all."""
    found = await asked(*(target(node.port, group=f"g{n}") for n in range(100)), at_once=3)

    assert {None} == {one.error for one in found}
    assert 100 == node.connections


async def test_nobody_is_nothing():
    """As when all nodes are another shard's."""
    assert [] == await asked()


async def test_a_failure_is_logged_as_a_scrape_would(node, caplog):
    """At a level that the command does not show."""
    node.says = answer(b"", status="404 Not Found")

    with caplog.at_level(logging.DEBUG):
        await asked(target(node.port))

    assert {logging.WARNING} == {record.levelno for record in caplog.records}


def test_each_node_that_answers_has_a_line():
    """Columns are aligned; the last line sums up."""
    assert [
        "[ok]   n1:9888    272 samples in 8 ms",
        "[ok]   n100:9888  272 samples in 8 ms",
        "2 of 2 respond",
    ] == report(state("n1"), state("n100"))


def test_nodes_that_fail_alike_have_one_line():
    """Folded, by port; after those that answer."""
    down = [
        state(f"node{number:03}", "cannot connect: Connection refused") for number in range(1, 51)
    ]
    other = state("gpu1", "cannot connect: Connection refused", port=9400)

    assert [
        "[ok]   n1:9888  272 samples in 8 ms",
        "[FAIL] node[001-050]:9888, gpu1:9400  cannot connect: Connection refused",
        "1 of 52 respond, 51 do not",
    ] == report(*down, other, state("n1"))


def test_names_that_are_not_known_fail_alike():
    """Though each error names its host; one alone keeps its name."""
    said = "unknown host {}: Name or service not known; check hosts, or the DNS"
    one, other, mute = (state(host, said.format(host)) for host in ("a1", "a2", "b"))

    together = report(one, other)
    alone = report(mute)

    assert "[FAIL] a[1-2]:9888  unknown host: Name or service not known" in together[0]
    assert "[FAIL] b:9888  unknown host b: Name or service not known" in alone[0]


def test_a_node_of_two_sections_is_told_by_section():
    """So that both lines mean something."""
    assert [
        "[ok]   n1:9888 (fast)  272 samples in 8 ms",
        "[FAIL] n1:9888 (slow)  odd",
        "1 of 2 respond, 1 do not",
    ] == report(state("n1", group="fast"), state("n1", "odd", group="slow"))


def test_quiet_tells_those_that_fail_alone():
    """And the sum."""
    assert ["[FAIL] n2:9888  odd", "1 of 2 respond, 1 do not"] == report(
        state("n1"), state("n2", "odd"), is_quiet=True
    )
