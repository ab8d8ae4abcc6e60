"""lmaster ping: every node is scraped once, and the report of it."""

import asyncio
import logging
import resource
import time
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple

import pytest

from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape import ping
from fructosa_bridge.scrape.scrape_errors import (
    CHECK_PATH,
    ERROR_STATUS,
    REFUSED,
    TIMED_OUT,
    UNKNOWN_HOST,
)
from fructosa_bridge.scrape.scraper import PAGE_REFUSED
from fructosa_bridge.scrape.target_state import CLOCK_BEHIND, TargetState
from fructosa_bridge.translate.translator import TOO_MANY_SAMPLES

from ..fast_clock import fast_clock
from ..node import Node, http_response, send_and_hang


@pytest.fixture
async def node():
    """A node that serves a good page unless the test changes its reply."""
    running = Node()
    await running.start()
    yield running
    await running.stop()


def target(port, host="127.0.0.1", group="all", **more):
    """Return a target on loopback by default."""
    return Target(group=group, host=host, port=port, graphite_path=host, **more)


def state(host, error=None, group="all", port=9888, samples=272):
    """Return the state of a node that was scraped."""
    return TargetState(
        target(port, host, group), up=error is None, error=error, samples=samples, duration_s=0.0081
    )


def report(*states, **options):
    """Return the lines of the report."""
    return list(ping.report(states, **options))


class Noted(NamedTuple):
    """What is known of a node."""

    text: str
    condition: str


def responds(name):
    """Return the line of a node that responds."""
    samples = ping.SAMPLES.format(samples=272, duration_ms=8)
    return ping.RESPONDS.format(name=name, samples=samples)


def failed(names, error):
    """Return the line of nodes with the same error."""
    return ping.FAILED.format(names=names, error=error)


def summary(up, down):
    """Return the line with the number of nodes, if some do not respond."""
    some = ping.ALL_RESPOND.format(up=up, targets=up + down)
    return some + ping.SOME_DO_NOT.format(failed=down)


async def pinged(*targets, **options):
    """Return the states of *targets* after a ping."""
    return await ping.ping(targets, 100, lambda done: None, **options)


async def test_a_node_that_responds_is_up_with_its_samples(node):
    """Its page is read as in any other scrape."""
    (result,) = await pinged(target(node.port))

    assert (True, 1, None) == (result.up, result.samples, result.error)
    assert 1 == len(node.requests)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (
            http_response(b"a 1\n" * 101),
            PAGE_REFUSED.format(error=TOO_MANY_SAMPLES.format(samples=101, limit=100)),
        ),
        (
            http_response(b"", status="404 Not Found"),
            ERROR_STATUS.format(status="404 Not Found") + CHECK_PATH.format(path="/metrics"),
        ),
    ],
)
async def test_a_node_that_a_scrape_would_refuse_is_down(node, reply, error):
    """With the error that the status page would show."""
    node.reply = reply

    (result,) = await pinged(target(node.port))

    assert error == result.error


async def test_a_node_that_hangs_does_not_delay_others(node):
    """They are scraped meanwhile; the node is down after its timeout."""
    hanging = Node()
    hanging.reply = send_and_hang()
    await hanging.start()
    targets = [target(hanging.port, timeout_s=2), *(target(node.port) for _ in range(3))]

    with fast_clock(asyncio.get_running_loop()):
        states = await pinged(*targets, at_once=2)
    await hanging.stop()

    assert [False, True, True, True] == [state.up for state in states]
    assert TIMED_OUT.format(timeout_s=2) == states[0].error


async def test_no_more_nodes_than_at_once_are_scraped_at_a_time(node):
    """And progress is called with the number that are done."""
    in_flight, most, progress = 0, 0, []

    async def reply(reader, writer):
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await asyncio.sleep(0)
        in_flight -= 1
        writer.write(http_response())

    node.reply = reply

    states = await ping.ping([target(node.port)] * 20, 100, progress.append, at_once=3)

    assert all(state.up for state in states)
    assert most <= 3
    assert list(range(1, 21)) == progress


@pytest.fixture
def few_files():
    """A limit of open files that is too low for a connection to each node."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_open = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (is_open + 30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_connections_are_not_kept(node, few_files):
    """The limit of open files need not suffice for all nodes."""
    states = await pinged(*(target(node.port, group=f"g{n}") for n in range(100)), at_once=3)

    assert {None} == {state.error for state in states}
    assert 100 == node.connections


async def test_without_targets_there_are_no_states():
    """All nodes may belong to other shards."""
    assert [] == await pinged()


async def test_an_error_is_logged_as_in_any_other_scrape(node, caplog):
    """At a level that the command does not show."""
    node.reply = http_response(b"", status="404 Not Found")

    with caplog.at_level(logging.DEBUG):
        await pinged(target(node.port))

    assert {logging.WARNING} == {record.levelno for record in caplog.records}


def test_each_node_that_responds_has_a_line():
    """The columns are aligned; the last line has the number of nodes."""
    assert [
        responds("n1:9888  "),
        responds("n100:9888"),
        ping.ALL_RESPOND.format(up=2, targets=2),
    ] == report(state("n1"), state("n100"))


def test_nodes_with_the_same_error_have_one_line():
    """They are folded by port, after the nodes that respond."""
    down = [state(f"node{number:03}", REFUSED) for number in range(1, 51)]
    another_port = state("gpu1", REFUSED, port=9400)

    assert [
        responds("n1:9888"),
        failed("node[001-050]:9888, gpu1:9400", REFUSED),
        summary(up=1, down=51),
    ] == report(*down, another_port, state("n1"))


def test_a_clock_that_is_off_is_reported():
    """With the node, and with their number."""
    late = state("n1")
    late.clock_off_s = -95.0

    clock = f"; {CLOCK_BEHIND.format(off='95 s')}"
    assert [
        responds("n1:9888") + clock,
        responds("n2:9888"),
        ping.ALL_RESPOND.format(up=2, targets=2) + ping.CLOCKS_OFF.format(clocks=1),
    ] == report(late, state("n2"))


def test_a_warning_is_reported_with_the_node():
    """Its page is used nevertheless."""
    odd = state("n1")
    odd.warning = "odd"

    assert f"{responds('n1:9888')}; odd" == report(odd)[0]


async def test_the_clock_of_a_node_is_compared_with_this_machines(node):
    """By the date of its response, which any server sends."""
    node.reply = http_response(date="Sun, 06 Nov 1994 08:49:37 GMT")

    (late,) = await pinged(target(node.port))
    node.reply = http_response(date=formatdate(usegmt=True))
    (right,) = await pinged(target(node.port))

    assert 784111777 == pytest.approx(time.time() + late.clock_off_s, abs=60)
    assert right.clock_off_s is None


def unknown_host(host):
    """Return the error of a host without an address."""
    return UNKNOWN_HOST.format(host=host, reason="Name or service not known")


def test_unknown_hosts_have_one_line():
    """Though each error contains the host; a single one keeps it."""
    first, second, third = (state(host, unknown_host(host)) for host in ("a1", "a2", "b"))

    together = report(first, second)
    single = report(third)

    assert failed("a[1-2]:9888", unknown_host("a1").replace(" a1:", ":")) == together[0]
    assert failed("b:9888", unknown_host("b")) == single[0]


def test_a_node_in_two_sections_is_reported_with_the_section():
    """Otherwise the two lines would contradict each other."""
    assert [
        responds("n1:9888 (fast)"),
        failed("n1:9888 (slow)", "odd"),
        summary(up=1, down=1),
    ] == report(state("n1", group="fast"), state("n1", "odd", group="slow"))


def test_a_quiet_report_has_only_the_errors():
    """And the number of nodes."""
    assert [failed("n2:9888", "odd"), summary(up=1, down=1)] == report(
        state("n1"), state("n2", "odd"), is_quiet=True
    )


def test_notes_stand_before_the_errors_and_their_conditions_are_counted():
    """Nodes with the same note and error share a line."""
    drained, died = Noted("down: drained", "drained"), Noted("down: idle in Slurm", "died")
    lost = Noted("Slurm has lost it", "lost")
    states = [state("n1", REFUSED), state("n2", REFUSED), state("n3", REFUSED), state("n4")]
    notes = {"all/n1:9888": drained, "all/n2:9888": drained, "all/n3:9888": died}
    notes["all/n4:9888"] = lost

    lines = list(ping.report(states, notes))

    assert f"{responds('n4:9888')}; {lost.text}" == lines[0]
    assert [
        ping.FAILED.format(names="n[1-2]:9888", error=f"{drained.text}; {REFUSED}"),
        ping.FAILED.format(names="n3:9888", error=f"{died.text}; {REFUSED}"),
    ] == lines[1:3]
    summary = ping.ALL_RESPOND.format(up=1, targets=4) + ping.SOME_DO_NOT.format(failed=3)
    assert f"{summary}: 2 drained, 1 died" == lines[3]
