"""The engine, and what a reload changes of it: with nodes and carbons on loopback."""

import asyncio
import threading
from contextlib import AsyncExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest

from fructosa_bridge.app.engine import (
    CHANGES,
    CLOCK_WAS_SET,
    NEW_DESTINATION,
    STAYS_IN_USE,
    Engine,
)
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.settings import GraphiteSettings, MasterConfig, MasterSettings
from fructosa_bridge.config.shard import Shard
from fructosa_bridge.config.targets import section_targets
from fructosa_bridge.deliver.destinations import CANNOT_WRITE, WAITING_DROPPED
from fructosa_bridge.queue.segments import IN_USE
from fructosa_bridge.scrape.client import Client
from fructosa_bridge.scrape.scraper import INTERNAL_ERROR
from fructosa_service.errors import ConfigError, Problem, ServiceError
from fructosa_service.logs import LoggingSettings

from ..fast_clock import fast_clock
from ..node import Node, http_response, send_and_hang

SOON_S = 30


def changes(targets, new, changed, removed):
    """Return the text that says what a reload changed."""
    numbers = CHANGES.format(targets=targets, new=new, changed=changed, removed=removed)
    return f"{numbers}\n"


async def until(condition):
    """Wait until *condition* returns true."""
    async with asyncio.timeout(SOON_S):
        while not condition():
            await asyncio.sleep(0.01)


def when(event):
    """Return a reply that is sent when the *event* is set."""

    async def reply(reader, writer):
        await event.wait()
        writer.write(http_response())
        await writer.drain()

    return reply


class FakeCarbon:
    """A carbon that keeps the lines it receives."""

    def __init__(self):
        self.lines = []
        self.connections = 0
        self._writers = []

    async def start(self, port=0):
        """Listen, on a free port by default."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        self.connections += 1
        self._writers.append(writer)
        async for line in reader:
            self.lines.append(line.decode().split())

    async def stop(self):
        """Stop listening and close all connections."""
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    def slots(self, path):
        """Return the times of the points of a path, each once."""
        return sorted({int(time_s) for name, _, time_s in self.lines if name == path})

    def count(self, path):
        """Return how many points of a path were received."""
        return sum(line[0] == path for line in self.lines)

    @property
    def settings(self):
        """How an lmaster sends to it."""
        return GraphiteSettings(
            host="127.0.0.1", protocol="plaintext", plaintext_port=self.port, prefix="c"
        )


@pytest.fixture
async def lab(tmp_path):
    """An engine with three nodes and two carbons; the test changes its configuration."""
    nodes = Node(), Node(), Node()
    carbons = FakeCarbon(), FakeCarbon()
    created = Lab(tmp_path, nodes, carbons)
    async with AsyncExitStack() as stack:
        for server in (*nodes, *carbons):
            await server.start()
            stack.push_async_callback(server.stop)
        client = await stack.enter_async_context(Client())
        created.engine = Engine(created.configure(), client, created.load)
        created.engine.scraper._clock = stack.enter_context(fast_clock(asyncio.get_running_loop()))
        stack.push_async_callback(created.engine.stop, 0.1)
        yield created


class Lab:
    """Nodes a, b and c, of which a and b are configured, as is the first of two carbons."""

    def __init__(self, folder, nodes, carbons):
        self.a, self.b, self.c = nodes
        self.carbon, self.second_carbon = carbons
        self.loads = 0
        self.error = None
        self.gate = threading.Event()
        self.gate.set()
        self.folder = folder

    def configure(self):
        """Return the configuration at the start."""
        self.config = MasterConfig(
            master=MasterSettings(data_directory=self.folder),
            nodes={name: self.section(name) for name in ("a", "b")},
            destinations={"one": self.carbon.settings},
            logging=LoggingSettings(),
        )
        return self.config

    def section(self, name, **changes):
        """Return the section of a node."""
        node = getattr(self, name)
        changes = {"interval_s": 1, "prefix": name, **changes}
        return NodesSettings(hosts=("127.0.0.1",), port=node.port, **changes)

    def change(self, **changes):
        """Change the configuration that the next reload reads."""
        self.config = replace(self.config, **changes)

    def load(self):
        """Return the configuration and its targets, when the gate is open."""
        assert self.gate.wait(SOON_S)
        self.loads += 1
        if self.error is not None:
            raise self.error
        return self.config, section_targets(self.config.nodes, None, self.config.master.shard)

    async def start(self):
        """Start with the configuration as it is now."""
        self.engine._config = self.config
        self.engine.prepare()
        await self.engine.start(self.load()[1])

    async def scraped(self):
        """Start, and wait until each target has been scraped."""
        await self.start()
        await until(lambda: all(state.scrapes for state in self.engine.states))

    def states(self):
        """Return the states by their section."""
        return {state.target.group: state for state in self.engine.states}


async def test_an_unchanged_target_is_not_affected_by_a_reload(lab):
    """It keeps its state and its connection; no slot is repeated or missed."""
    await lab.scraped()
    before = lab.states()["a"]

    lab.change(nodes={"a": lab.section("a"), "c": lab.section("c")})
    outcome = await lab.engine.reload()
    scraped = before.scrapes
    await until(lambda: before.scrapes >= scraped + 2)

    assert (True, changes(2, 1, 0, 1)) == (outcome.is_applied, outcome.text)
    assert before is lab.states()["a"]
    assert (1, 0) == (lab.a.connections, before.missed)
    await until(lambda: len(lab.carbon.slots("a.127-0-0-1.load")) == before.scrapes)
    slots = lab.carbon.slots("a.127-0-0-1.load")
    assert list(range(slots[0], slots[0] + len(slots))) == slots


async def test_new_targets_are_scraped_and_removed_ones_are_not(lab):
    """Their connections are closed; the pages show targets in the order of the configuration."""
    await lab.scraped()

    lab.change(nodes={"c": lab.section("c"), "a": lab.section("a")})
    await lab.engine.reload()
    requests = len(lab.b.requests)
    await until(lambda: lab.states()["c"].scrapes >= 2)

    assert ["c", "a"] == [state.target.group for state in lab.engine.states]
    await lab.b.disconnected()
    assert requests == len(lab.b.requests)


async def test_totals_do_not_decrease_when_a_target_is_removed(lab):
    """Those of a removed target are counted once, also if it is added and removed again."""
    await lab.scraped()
    nodes = lab.config.nodes
    scrapes = 0

    for _ in range(2):
        lab.change(nodes={"a": lab.section("a")})
        state = lab.states()["b"]
        await lab.engine.reload()
        scrapes += state.scrapes
        assert scrapes == lab.engine.removed.scrapes
        lab.change(nodes=nodes)
        await lab.engine.reload()
        await until(lambda: lab.states()["b"].scrapes)

    assert scrapes == lab.engine.removed.scrapes


async def test_a_changed_target_keeps_its_totals(lab):
    """It has the new interval."""
    await lab.scraped()
    state = lab.states()["a"]
    scrapes = state.scrapes

    lab.change(nodes={**lab.config.nodes, "a": lab.section("a", interval_s=600)})
    outcome = await lab.engine.reload()
    await until(lambda: lab.states()["b"].scrapes >= 3)

    assert outcome.text == changes(2, 0, 1, 0)
    assert state is lab.states()["a"]
    assert 600 == state.target.interval_s
    assert scrapes <= state.scrapes <= scrapes + 1
    assert 0 == lab.engine.removed.scrapes


async def test_a_scrape_that_a_reload_cancels_is_a_missed_slot(lab):
    """A target that hangs does not delay the reload."""
    await lab.scraped()
    lab.a.reply = send_and_hang()
    await lab.a.next_request()
    state = lab.states()["a"]
    lab.a.reply = http_response()

    lab.change(nodes={**lab.config.nodes, "a": lab.section("a", timeout_s=0.9)})
    missed, scrapes = state.missed, state.scrapes
    await lab.engine.reload()
    await until(lambda: state.scrapes >= scrapes + 2)

    assert missed + 1 == state.missed
    assert state.up


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            ConfigError("/x", [Problem(message="is invalid", line=3)]),
            f"/x:3: is invalid\n{STAYS_IN_USE}\n",
        ),
        (ServiceError("no group of that name"), f"no group of that name\n{STAYS_IN_USE}\n"),
        (ZeroDivisionError("oh"), INTERNAL_ERROR.format(kind="ZeroDivisionError", error="oh")),
    ],
)
async def test_an_invalid_configuration_is_refused_and_the_current_one_stays_in_use(
    lab, error, text
):
    """The response has the error; a later reload may succeed."""
    await lab.start()
    since_s = lab.engine.reload_time_s
    before = lab.states()

    lab.error = error
    refused = await lab.engine.reload()
    after = lab.engine.reload_succeeded, lab.engine.reload_time_s
    scraped = before["a"].scrapes
    await until(lambda: before["a"].scrapes > scraped)
    lab.error = None
    applied = await lab.engine.reload()

    assert not refused.is_applied
    assert refused.text.startswith(text)
    assert (False, since_s) == after
    assert before == lab.states()
    assert applied.is_applied
    assert lab.engine.reload_succeeded
    assert lab.engine.reload_time_s > since_s


async def test_a_destination_that_cannot_be_created_is_refused_before_anything_changes(
    lab, tmp_path
):
    """Other new destinations are not started either; the next reload may start them."""
    await lab.start()
    (tmp_path / "file").touch()
    impossible = GraphiteSettings(prefix="c", whisper_directory=tmp_path / "file" / "x")

    destinations = {**lab.config.destinations, "two": lab.second_carbon.settings}
    lab.change(destinations={**destinations, "bad": impossible}, nodes={"a": lab.section("a")})
    refused = await lab.engine.reload()
    unchanged = lab.states().keys(), len(lab.engine.deliveries)
    lab.change(destinations=destinations)
    applied = await lab.engine.reload()
    await until(lambda: lab.second_carbon.slots("a.127-0-0-1.up.a"))

    assert not refused.is_applied
    folder = impossible.whisper_directory
    assert CANNOT_WRITE.format(folder=folder, reason="Not a directory") in refused.text
    assert ({"a", "b"}, 1) == unchanged
    name = f"carbon at 127.0.0.1:{lab.second_carbon.port}"
    assert applied.text.endswith(f"{NEW_DESTINATION.format(name=name)}\n")


async def test_simultaneous_reloads_run_one_after_the_other(lab):
    """The second one reads what was changed in the meantime."""
    await lab.start()
    lab.gate.clear()

    reloads = [asyncio.create_task(lab.engine.reload()) for _ in range(2)]
    lab.change(nodes={"c": lab.section("c")})
    lab.gate.set()
    outcomes = await asyncio.gather(*reloads)

    assert [
        changes(1, 1, 0, 2),
        changes(1, 0, 0, 0),
    ] == [outcome.text for outcome in outcomes]
    assert 3 == lab.loads
    assert 1 == len(lab.engine.states)


async def test_a_reload_is_completed_if_its_client_disconnects(lab):
    """Otherwise half of a change would be in use."""
    await lab.start()
    lab.a.reply = send_and_hang()
    lab.change(nodes={"c": lab.section("c")}, destinations={"two": lab.second_carbon.settings})
    changing = lab.engine._changing

    async with changing:
        reloading = asyncio.create_task(lab.engine.reload())
        await until(lambda: changing._waiters)
        reloading.cancel()
        await asyncio.gather(reloading, return_exceptions=True)

    await until(lambda: lab.second_carbon.slots("c.127-0-0-1.up.c"))
    assert {"c"} == lab.states().keys()
    assert 1 == len(lab.engine.deliveries)


async def test_a_reload_waits_for_the_start(lab):
    """No target is scraped twice."""
    lab.engine.prepare()
    reloading = asyncio.create_task(lab.engine.reload())
    await asyncio.sleep(0)
    lab.change(nodes={"a": lab.section("a")})

    assert not lab.engine.is_ready
    await lab.engine.start(lab.load()[1])
    outcome = await reloading

    assert changes(1, 0, 0, 0) == outcome.text
    await until(lambda: lab.states()["a"].scrapes >= 2)
    assert 1 == lab.a.connections


async def test_a_reload_during_the_stop_starts_nothing(lab):
    """lmaster reads the configuration at its next start."""
    await lab.start()
    lab.gate.clear()

    lab.change(nodes={"c": lab.section("c")})
    reloading = asyncio.create_task(lab.engine.reload())
    await lab.engine.stop(0.1)
    lab.gate.set()
    outcome = await reloading

    assert not outcome.is_applied
    assert "lmaster is stopping" in outcome.text
    assert [] == lab.c.requests
    # Only tasks of the test, its nodes and carbons are left.
    names = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}
    assert {name for name in names if name.startswith(("Scraper", "Delivery", "Journal"))} == set()


async def test_changes_that_need_a_restart_are_reported(lab):
    """Also by the next reload, as they are not in use yet."""
    await lab.start()

    lab.change(
        master=replace(lab.config.master, queue_bytes=2**20, sample_limit=1),
        logging=LoggingSettings(level="DEBUG"),
    )
    first = await lab.engine.reload()
    second = await lab.engine.reload()

    text = f"{changes(2, 0, 0, 0).rstrip()}; needs a restart: [lmaster], [logging]\n"
    assert [text] * 2 == [first.text, second.text]
    assert 4 * 2**30 == lab.engine.queue_limits[0]
    assert 1 == lab.engine.scraper.sample_limit


async def test_another_shard_or_sample_limit_needs_no_restart(lab):
    """They are used by the reload."""
    await lab.start()

    lab.change(master=replace(lab.config.master, sample_limit=5, shard=Shard(1, 1)))
    outcome = await lab.engine.reload()

    assert changes(2, 0, 0, 0) == outcome.text


async def test_a_new_destination_gets_points_from_then_on(lab):
    """The other destination keeps its connection."""
    await lab.start()

    lab.change(destinations={"renamed": lab.carbon.settings, "two": lab.second_carbon.settings})
    outcome = await lab.engine.reload()
    await until(lambda: lab.second_carbon.count("a.127-0-0-1.up.a") >= 2)

    name = f"carbon at 127.0.0.1:{lab.second_carbon.port}"
    assert f"; {NEW_DESTINATION.format(name=name)}\n" in outcome.text
    assert [lab.carbon.port, lab.second_carbon.port] == [
        int(delivery.destination.name.rpartition(":")[2]) for delivery in lab.engine.deliveries
    ]
    assert 1 == lab.carbon.connections
    last = lab.second_carbon.slots("a.127-0-0-1.up.a")[-1]
    await until(lambda: last in lab.carbon.slots("a.127-0-0-1.up.a"))


async def test_what_waits_for_a_removed_destination_is_dropped_and_reported(lab, tmp_path):
    """Its position in the queue is removed as well."""
    await lab.start()
    await lab.second_carbon.stop()
    destinations = lab.config.destinations
    lab.change(destinations={**destinations, "two": lab.second_carbon.settings})
    await lab.engine.reload()
    _, unreachable = lab.engine.deliveries
    position = tmp_path / "queue" / f"carbon%20at%20127.0.0.1%3A{lab.second_carbon.port}.place"
    await until(lambda: unreachable.spool.points and position.exists())

    lab.change(destinations=destinations)
    outcome = await lab.engine.reload()

    name = f"carbon at 127.0.0.1:{lab.second_carbon.port}"
    dropped = WAITING_DROPPED.format(name=name, waiting=unreachable.spool.points)
    assert outcome.text.endswith(f"; {dropped}\n")
    assert 1 == len(lab.engine.deliveries)
    assert not position.exists()
    journal = lab.engine.deliveries[0].spool.journal
    await journal.upkeep()
    assert not position.exists()


async def test_a_destination_that_is_added_again_starts_anew(lab):
    """It gets what is scraped from then on, not what was scraped in the meantime."""
    with_two = {**lab.config.destinations, "two": lab.second_carbon.settings}
    without = lab.config.destinations
    lab.change(destinations=with_two)
    await lab.start()
    state, path = lab.states()["a"], "a.127-0-0-1.up.a"

    lab.change(destinations=without)
    await lab.engine.reload()
    scrapes = state.scrapes
    await until(lambda: state.scrapes >= scrapes + 2)
    lab.change(destinations=with_two)
    await lab.engine.reload()
    again = lab.engine.deliveries[1]
    await until(lambda: again.delivered_points)

    assert lab.second_carbon.count(path) <= lab.carbon.count(path) - 2
    assert 0 == again.spool.dropped_points


async def test_a_hanging_destination_does_not_delay_a_reload(lab):
    """A carbon that reads nothing can be removed, and another one added."""
    await lab.start()
    started = asyncio.Event()

    async def send(batches):
        started.set()
        await asyncio.Event().wait()

    async def close():
        pass

    hanging = lab.engine.deliveries[0]
    name = hanging.destination.name
    hanging.destination = SimpleNamespace(name=name, send=send, close=close, unacknowledged=0)
    await started.wait()

    lab.change(destinations={"two": lab.second_carbon.settings})
    outcome = await lab.engine.reload()
    await until(lambda: lab.second_carbon.slots("a.127-0-0-1.up.a"))

    assert WAITING_DROPPED.format(name=name, waiting=hanging.spool.points) in outcome.text


async def test_a_destination_with_another_protocol_keeps_what_waits(lab):
    """The same port is the same destination."""
    port, plaintext = lab.carbon.port, lab.carbon.settings
    pickle = replace(plaintext, protocol="pickle", pickle_port=port)
    await lab.carbon.stop()
    lab.change(destinations={"one": pickle})
    await lab.start()
    (delivery,) = lab.engine.deliveries
    await until(lambda: delivery.last_error is not None and delivery.spool.points)

    lab.change(destinations={"one": plaintext})
    await lab.engine.reload()
    waiting = delivery.spool.points
    await lab.carbon.start(port)
    await until(lambda: len(lab.carbon.lines) >= waiting and lab.carbon.slots("a.127-0-0-1.up.a"))

    assert waiting > 0
    assert [delivery] == lab.engine.deliveries
    assert 0 == delivery.spool.dropped_points
    slots = lab.carbon.slots("a.127-0-0-1.up.a")
    assert list(range(slots[0], slots[0] + len(slots))) == slots


async def test_the_first_destination_opens_the_queue(lab, tmp_path):
    """An lmaster that writes nothing needs no folder."""
    nothing = {"": replace(lab.carbon.settings, send=False)}
    destinations = lab.config.destinations
    lab.change(destinations=nothing)

    await lab.start()
    is_open = (tmp_path / "queue").exists()
    lab.change(destinations=destinations)
    await lab.engine.reload()
    await until(lambda: lab.carbon.slots("a.127-0-0-1.up.a"))

    assert not is_open
    assert (tmp_path / "queue" / "lock").exists()


async def test_a_reload_never_uses_the_queue_of_another_lmaster(lab, tmp_path):
    """It is refused, and removes no position."""
    await lab.start()
    await until(lambda: list((tmp_path / "queue").glob("*.place")))
    positions = list((tmp_path / "queue").glob("*.place"))
    nothing = {"": replace(lab.carbon.settings, send=False)}
    config = replace(lab.config, destinations=nothing)
    loaded = [config]

    async with Client() as client:
        second = Engine(config, client, lambda: (loaded[0], []))
        second.prepare()
        await second.start([])
        loaded[0] = lab.config
        outcome = await second.reload()
        deliveries, readers = second.deliveries, second._destinations._journal._readers
        await second.stop(0.1)

    assert not outcome.is_applied
    assert IN_USE.format(folder=tmp_path / "queue") in outcome.text
    assert [] == deliveries == readers
    assert all(position.exists() for position in positions)


async def test_what_was_scraped_is_delivered_at_the_stop(lab):
    """Also pages that were still gathered, as another node had not responded yet."""
    await lab.scraped()
    lab.b.reply = send_and_hang()
    waiting = asyncio.create_task(lab.engine.failure())
    await asyncio.sleep(0)
    await until(lambda: lab.engine.scraper._gathered)

    waiting.cancel()
    await lab.engine.stop(SOON_S)

    for name, state in lab.states().items():
        assert state.scrapes == lab.carbon.count(f"{name}.127-0-0-1.up.{name}")


async def test_a_page_that_was_requested_may_arrive_during_the_stop(lab):
    """It is delivered; no other page is requested."""
    await lab.scraped()
    may_reply = asyncio.Event()
    lab.a.reply = when(may_reply)
    await lab.a.next_request()
    requests = len(lab.a.requests)
    state = lab.states()["a"]
    scrapes = state.scrapes

    stopping = asyncio.create_task(lab.engine.stop(SOON_S))
    await until(lambda: lab.engine.scraper._is_stopping)
    may_reply.set()
    await stopping

    assert scrapes + 1 == state.scrapes == lab.carbon.count("a.127-0-0-1.up.a")
    assert requests == len(lab.a.requests)


async def test_a_page_that_does_not_arrive_during_the_stop_is_logged(lab, caplog):
    """The slot stays empty; lmaster does not wait for long."""
    await lab.scraped()
    lab.a.reply = send_and_hang()
    await lab.a.next_request()

    await lab.engine.stop(SOON_S)

    assert "scrapes cancelled at the stop, their slots stay empty: 1" in caplog.messages


async def test_the_stop_logs_the_targets_that_are_only_counted(lab, caplog):
    """Their summary is due at the end of a round of scrapes, which may not come."""
    targets = section_targets(
        {"dead": NodesSettings(hosts=tuple(f"127.0.1.{n}" for n in range(1, 6)), port=1)}, None
    )

    lab.engine.prepare()
    await lab.engine.scrape_once(targets)
    await lab.engine.stop(0)

    assert any("2 more targets" in message for message in caplog.messages)


async def test_the_stop_after_a_failed_start_does_not_wait(lab):
    """What waits on disk keeps waiting, and the folder is unlocked."""
    await lab.start()
    await lab.carbon.stop()
    (delivery,) = lab.engine.deliveries
    await until(lambda: delivery.last_error is not None and delivery.spool.points)
    await lab.engine.stop(0)

    async with Client() as client:
        second = Engine(lab.config, client)
        second.prepare()
        waiting = second.deliveries[0].spool.points
        async with asyncio.timeout(SOON_S):
            await second.stop(10 * SOON_S)

    assert waiting > 0


async def test_a_task_that_ends_by_itself_is_an_error(lab):
    """It is a bug of lmaster."""
    await lab.start()

    async def broken():
        raise ZeroDivisionError("a bug")

    lab.engine._tasks.begin("broken", broken())
    with pytest.raises(ZeroDivisionError, match="a bug"):
        await lab.engine.failure()


async def test_without_a_configuration_file_there_is_no_reload(lab):
    """SIGHUP and the page /-/reload check that."""
    async with Client() as client:
        assert Engine(lab.config, client).reload is None


async def test_a_node_has_no_second_first_page_after_a_restart(lab):
    """What it had is kept: it is stored on, and new values of labels are rationed."""
    lab.a.reply = http_response(b'm{x="1"} 1\n')
    lab.configure()
    lab.change(nodes={"a": lab.section("a", new_series_limit=0)})
    await lab.scraped()
    await lab.engine.stop(1)
    lab.a.reply = http_response(b'm{x="1"} 1\nm{x="2"} 1\nn 1\n')

    async with Client() as client:
        lab.engine = Engine(lab.config, client, lab.load)
        await lab.scraped()
        await lab.engine.stop(1)

    names = {name for name, *_ in lab.carbon.lines if ".m." in name or name.endswith(".n")}
    assert {"a.127-0-0-1.m.x.1", "a.127-0-0-1.n"} == names


async def test_what_went_down_before_the_clock_was_set_is_not_down_for_years(lab, caplog):
    """The log says that the clock was set."""
    lab.a.reply = send_and_hang(b"")
    await lab.scraped()
    state, step_s = lab.states()["a"], 9 * 365 * 86400.0
    down_since_s = state.down_since_s

    lab.engine._clock_was_set(step_s, down_since_s + step_s + 60)

    assert down_since_s + step_s == state.down_since_s
    assert CLOCK_WAS_SET % ("3,285 days", "ahead") in caplog.text
