"""What runs, and what a reload changes of it: real nodes and sinks, on loopback."""

import asyncio
import threading
from contextlib import AsyncExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest

from fructosa_bridge.app import run
from fructosa_bridge.app.engine import Engine
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.settings import GraphiteSettings, MasterConfig, MasterSettings
from fructosa_bridge.config.shard import Shard
from fructosa_bridge.config.targets import section_targets
from fructosa_bridge.scrape.client import Client
from fructosa_service.errors import ConfigError, Problem, ServiceError
from fructosa_service.logs import LoggingSettings

from ..haste import haste
from ..node import Node, answer, then_hang

SOON_S = 30


async def until(condition):
    """Wait until *condition* is true."""
    async with asyncio.timeout(SOON_S):
        while not condition():
            await asyncio.sleep(0.01)


def when(event):
    """Answer when the *event* is there."""

    async def say(reader, writer):
        await event.wait()
        writer.write(answer())
        await writer.drain()

    return say


class Sink:
    """A carbon that keeps the lines it is sent; it may be told to read nothing more."""

    def __init__(self):
        self.lines = []
        self.connections = 0
        self._writers = []

    async def start(self, port=0):
        """Listen, on a free port if none is named."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        self.connections += 1
        self._writers.append(writer)
        async for line in reader:
            self.lines.append(line.decode().split())

    async def stop(self):
        """Listen no more."""
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    def slots(self, path):
        """Return the times of a path's points, each once."""
        return sorted({int(time_s) for found, _, time_s in self.lines if found == path})

    def count(self, path):
        """Return how many points of a path came."""
        return sum(line[0] == path for line in self.lines)

    @property
    def settings(self):
        """How an lmaster sends here."""
        return GraphiteSettings(
            host="127.0.0.1", protocol="plaintext", plaintext_port=self.port, prefix="c"
        )


@pytest.fixture
async def lab(tmp_path):
    """An engine with three nodes and two sinks, its configuration what the test says."""
    nodes, sinks = [Node(), Node(), Node()], [Sink(), Sink()]
    made = Lab(tmp_path, nodes, sinks)
    async with AsyncExitStack() as stack:
        for one in (*nodes, *sinks):
            await one.start()
            stack.push_async_callback(one.stop)
        client = await stack.enter_async_context(Client())
        made.engine = Engine(made.configure(), client, made.load)
        made.engine.scraper._clock = stack.enter_context(haste(asyncio.get_running_loop()))
        stack.push_async_callback(made.engine.stop, 0.1)
        yield made


class Lab:
    """Nodes a, b and c, of which a and b are configured; the first of two sinks gets all."""

    def __init__(self, folder, nodes, sinks):
        self.a, self.b, self.c = nodes
        self.one, self.other = sinks
        self.loads = 0
        self.error = None
        self.gate = threading.Event()
        self.gate.set()
        self.folder = folder

    def configure(self):
        """Return the configuration of the start."""
        self.config = MasterConfig(
            master=MasterSettings(data_directory=self.folder),
            nodes={name: self.section(name) for name in ("a", "b")},
            destinations={"one": self.one.settings},
            logging=LoggingSettings(),
        )
        return self.config

    def section(self, name, **changes):
        """Return the section of a node."""
        node = getattr(self, name)
        changes = {"interval_s": 1, "prefix": name, **changes}
        return NodesSettings(hosts=("127.0.0.1",), port=node.port, **changes)

    def change(self, **changes):
        """Change the configuration."""
        self.config = replace(self.config, **changes)

    def load(self):
        """Return what the configuration is, when the gate is open."""
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
        """Start, and wait until each target was scraped."""
        await self.start()
        await until(lambda: all(state.scrapes for state in self.engine.states))

    def states(self):
        """Return the states by group."""
        return {state.target.group: state for state in self.engine.states}


async def test_what_did_not_change_goes_on(lab):
    """The same state, the same connection, no slot twice and none left out."""
    await lab.scraped()
    before = lab.states()["a"]

    lab.change(nodes={"a": lab.section("a"), "c": lab.section("c")})
    outcome = await lab.engine.reload()
    scraped = before.scrapes
    await until(lambda: before.scrapes >= scraped + 2)

    assert (True, "2 targets: 1 new, 0 changed, 1 removed\n") == (outcome.is_applied, outcome.text)
    assert before is lab.states()["a"]
    assert (1, 0) == (lab.a.connections, before.missed)
    await until(lambda: len(lab.one.slots("a.127-0-0-1.load")) == before.scrapes)
    slots = lab.one.slots("a.127-0-0-1.load")
    assert list(range(slots[0], slots[0] + len(slots))) == slots


async def test_what_is_new_begins_and_what_is_gone_ends(lab):
    """Its connection too; the pages have the targets in the order of the configuration."""
    await lab.scraped()

    lab.change(nodes={"c": lab.section("c"), "a": lab.section("a")})
    await lab.engine.reload()
    asked = len(lab.b.requests)
    await until(lambda: lab.states()["c"].scrapes >= 2)

    assert ["c", "a"] == [state.target.group for state in lab.engine.states]
    await asyncio.wait_for(lab.b.gone.wait(), SOON_S)
    assert asked == len(lab.b.requests)


async def test_counters_do_not_go_back(lab):
    """What a target had that is gone is kept in sum, once; also when it comes and goes again."""
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


async def test_a_changed_interval_is_kept_and_the_counters_go_on(lab):
    """The target is another one, with what was counted before."""
    await lab.scraped()
    state = lab.states()["a"]
    scrapes = state.scrapes

    lab.change(nodes={**lab.config.nodes, "a": lab.section("a", interval_s=600)})
    outcome = await lab.engine.reload()
    await until(lambda: lab.states()["b"].scrapes >= 3)

    assert outcome.text.startswith("2 targets: 0 new, 1 changed, 0 removed")
    assert state is lab.states()["a"]
    assert 600 == state.target.interval_s
    assert scrapes <= state.scrapes <= scrapes + 1
    assert 0 == lab.engine.removed.scrapes


async def test_a_scrape_under_way_is_broken_off_and_counted(lab):
    """A target that hangs keeps no reload waiting, and its slot is one that was missed."""
    await lab.scraped()
    lab.a.says = then_hang()
    asked = len(lab.a.requests)
    await until(lambda: len(lab.a.requests) > asked)
    state = lab.states()["a"]
    lab.a.says = answer()

    lab.change(nodes={**lab.config.nodes, "a": lab.section("a", timeout_s=0.9)})
    missed, scrapes = state.missed, state.scrapes
    await lab.engine.reload()
    await until(lambda: state.scrapes >= scrapes + 2)

    assert missed + 1 == state.missed
    assert state.up


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConfigError("/x", [Problem(message="is bad", line=3)]), "/x:3: is bad\nThe current"),
        (ServiceError("no group of that name"), "no group of that name\nThe current"),
        (ZeroDivisionError("oh"), "internal error, see lmaster's log: ZeroDivisionError: oh"),
    ],
)
async def test_a_broken_configuration_is_refused_and_the_old_one_goes_on(lab, error, told):
    """With its message, until a right one comes."""
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
    assert refused.text.startswith(told)
    assert (False, since_s) == after
    assert before == lab.states()
    assert applied.is_applied
    assert lab.engine.reload_succeeded
    assert lab.engine.reload_time_s > since_s


async def test_a_folder_that_can_not_be_is_refused_before_anything_changes(lab, tmp_path):
    """The places beside it are not begun either, and can be in the next configuration."""
    await lab.start()
    (tmp_path / "file").touch()
    bad = GraphiteSettings(prefix="c", whisper_directory=tmp_path / "file" / "x")

    wanted = {**lab.config.destinations, "two": lab.other.settings}
    lab.change(destinations={**wanted, "bad": bad}, nodes={"a": lab.section("a")})
    refused = await lab.engine.reload()
    still = lab.states().keys(), len(lab.engine.deliveries)
    lab.change(destinations=wanted)
    applied = await lab.engine.reload()
    await until(lambda: lab.other.slots("a.127-0-0-1.up.a"))

    assert not refused.is_applied
    assert "cannot write to" in refused.text
    assert ({"a", "b"}, 1) == still
    assert applied.text.endswith(f"points now also go to carbon at 127.0.0.1:{lab.other.port}\n")


async def test_two_reloads_at_once_come_one_after_the_other(lab):
    """The second reads what was changed meanwhile."""
    await lab.start()
    lab.gate.clear()

    both = [asyncio.create_task(lab.engine.reload()) for _ in range(2)]
    lab.change(nodes={"c": lab.section("c")})
    lab.gate.set()
    outcomes = await asyncio.gather(*both)

    assert [
        "1 targets: 1 new, 0 changed, 2 removed\n",
        "1 targets: 0 new, 0 changed, 0 removed\n",
    ] == [outcome.text for outcome in outcomes]
    assert 3 == lab.loads
    assert 1 == len(lab.engine.states)


async def test_who_asked_may_go_away(lab):
    """What a reload has begun to change is changed to the end."""
    await lab.start()
    lab.a.says = then_hang()
    lab.change(nodes={"c": lab.section("c")}, destinations={"two": lab.other.settings})
    changing = lab.engine._changing

    async with changing:
        asking = asyncio.create_task(lab.engine.reload())
        await until(lambda: changing._waiters)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    await until(lambda: lab.other.slots("c.127-0-0-1.up.c"))
    assert {"c"} == lab.states().keys()
    assert 1 == len(lab.engine.deliveries)


async def test_a_reload_waits_for_the_start(lab):
    """Nothing is begun twice."""
    lab.engine.prepare()
    asked = asyncio.create_task(lab.engine.reload())
    await asyncio.sleep(0)
    lab.change(nodes={"a": lab.section("a")})

    assert not lab.engine.is_ready
    await lab.engine.start(lab.load()[1])
    outcome = await asked

    assert "1 targets: 0 new, 0 changed, 0 removed\n" == outcome.text
    await until(lambda: lab.states()["a"].scrapes >= 2)
    assert 1 == lab.a.connections


async def test_a_reload_that_comes_too_late_begins_nothing(lab):
    """Where the configuration is read while lmaster ends, it is for the next start."""
    await lab.start()
    lab.gate.clear()

    lab.change(nodes={"c": lab.section("c")})
    asked = asyncio.create_task(lab.engine.reload())
    await lab.engine.stop(0.1)
    lab.gate.set()
    outcome = await asked

    assert not outcome.is_applied
    assert "lmaster is stopping" in outcome.text
    assert [] == lab.c.requests
    # The test's own task is all that goes on, with those of nodes and sinks.
    names = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}
    assert {name for name in names if name.startswith(("Scraper", "Delivery", "Journal"))} == set()


async def test_what_needs_a_restart_is_named(lab):
    """Also by the reload after that one: it is not in use yet."""
    await lab.start()

    lab.change(
        master=replace(lab.config.master, queue_bytes=2**20, sample_limit=1),
        logging=LoggingSettings(level="DEBUG"),
    )
    first = await lab.engine.reload()
    second = await lab.engine.reload()

    told = "2 targets: 0 new, 0 changed, 0 removed; needs a restart: [lmaster], [logging]\n"
    assert [told, told] == [first.text, second.text]
    assert 4 * 2**30 == lab.engine.queue_limits[0]
    assert 1 == lab.engine.scraper.sample_limit


async def test_a_shard_and_a_limit_of_samples_need_no_restart(lab):
    """They are of the targets."""
    await lab.start()

    lab.change(master=replace(lab.config.master, sample_limit=5, shard=Shard(1, 1)))
    outcome = await lab.engine.reload()

    assert "2 targets: 0 new, 0 changed, 0 removed\n" == outcome.text


async def test_a_destination_that_comes_gets_points_from_then_on(lab):
    """The one that was there keeps its connection."""
    await lab.start()

    lab.change(destinations={"renamed": lab.one.settings, "two": lab.other.settings})
    outcome = await lab.engine.reload()
    await until(lambda: lab.other.count("a.127-0-0-1.up.a") >= 2)

    assert f"; points now also go to carbon at 127.0.0.1:{lab.other.port}\n" in outcome.text
    assert [lab.one.port, lab.other.port] == [
        int(one.destination.name.rpartition(":")[2]) for one in lab.engine.deliveries
    ]
    assert 1 == lab.one.connections
    last = lab.other.slots("a.127-0-0-1.up.a")[-1]
    await until(lambda: last in lab.one.slots("a.127-0-0-1.up.a"))


async def test_a_destination_that_goes_gets_no_more_and_what_waits_is_told(lab, tmp_path):
    """Its place in the queue goes with it; the queue holds nothing for it."""
    await lab.start()
    await lab.other.stop()
    wanted = lab.config.destinations
    lab.change(destinations={**wanted, "two": lab.other.settings})
    await lab.engine.reload()
    _, down = lab.engine.deliveries
    place = tmp_path / "queue" / f"carbon%20at%20127.0.0.1%3A{lab.other.port}.place"
    await until(lambda: down.spool.points and place.exists())

    lab.change(destinations=wanted)
    outcome = await lab.engine.reload()

    name = f"carbon at 127.0.0.1:{lab.other.port}"
    assert f"; no more points go to {name}, and {down.spool.points} points" in outcome.text
    assert outcome.text.endswith(" that waited for it are dropped\n")
    assert 1 == len(lab.engine.deliveries)
    assert not place.exists()
    journal = lab.engine.deliveries[0].spool.journal
    await journal.upkeep()
    assert not place.exists()


async def test_a_destination_that_comes_back_begins_anew(lab):
    """With what is scraped from then on; nothing of what came meanwhile is made up for."""
    with_two = {**lab.config.destinations, "two": lab.other.settings}
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
    back = lab.engine.deliveries[1]
    await until(lambda: back.delivered_points)

    assert lab.other.count(path) <= lab.one.count(path) - 2
    assert 0 == back.spool.dropped_points


async def test_a_destination_that_goes_while_it_is_sent_to_keeps_nobody_waiting(lab):
    """A carbon that reads nothing more holds up neither the reload nor the other one."""
    await lab.start()
    started = asyncio.Event()

    async def send(batches):
        started.set()
        await asyncio.Event().wait()

    async def close():
        pass

    name = lab.engine.deliveries[0].destination.name
    lab.engine.deliveries[0].destination = SimpleNamespace(
        name=name, send=send, close=close, unsure=0
    )
    await started.wait()

    lab.change(destinations={"two": lab.other.settings})
    outcome = await lab.engine.reload()
    await until(lambda: lab.other.slots("a.127-0-0-1.up.a"))

    assert f"no more points go to {name}, and " in outcome.text


async def test_a_carbon_that_is_spoken_to_otherwise_keeps_what_waits(lab):
    """Another protocol at the same port is the same place in the queue."""
    port, right = lab.one.port, lab.one.settings
    wrong = replace(right, protocol="pickle", pickle_port=port)
    await lab.one.stop()
    lab.change(destinations={"one": wrong})
    await lab.start()
    (delivery,) = lab.engine.deliveries
    await until(lambda: delivery.last_error is not None and delivery.spool.points)

    lab.change(destinations={"one": right})
    await lab.engine.reload()
    waiting = delivery.spool.points
    await lab.one.start(port)
    await until(lambda: len(lab.one.lines) >= waiting and lab.one.slots("a.127-0-0-1.up.a"))

    assert waiting > 0
    assert [delivery] == lab.engine.deliveries
    assert 0 == delivery.spool.dropped_points
    slots = lab.one.slots("a.127-0-0-1.up.a")
    assert list(range(slots[0], slots[0] + len(slots))) == slots


async def test_the_first_destination_opens_the_queue(lab, tmp_path):
    """An lmaster that writes nothing needs no folder for it."""
    nothing = {"": replace(lab.one.settings, send=False)}
    wanted = lab.config.destinations
    lab.change(destinations=nothing)

    await lab.start()
    there = (tmp_path / "queue").exists()
    lab.change(destinations=wanted)
    await lab.engine.reload()
    await until(lambda: lab.one.slots("a.127-0-0-1.up.a"))

    assert not there
    assert (tmp_path / "queue" / "lock").exists()


async def test_a_queue_of_another_lmaster_is_left_alone(lab, tmp_path):
    """A reload that would need it is refused, and takes nothing from it."""
    await lab.start()
    await until(lambda: list((tmp_path / "queue").glob("*.place")))
    places = list((tmp_path / "queue").glob("*.place"))
    nothing = {"": replace(lab.one.settings, send=False)}
    config = replace(lab.config, destinations=nothing)
    given = [config]

    async with Client() as client:
        second = Engine(config, client, lambda: (given[0], []))
        second.prepare()
        await second.start([])
        given[0] = lab.config
        outcome = await second.reload()
        deliveries, readers = second.deliveries, second._destinations._journal._readers
        await second.stop(0.1)

    assert not outcome.is_applied
    assert "another lmaster uses the queue" in outcome.text
    assert [] == deliveries == readers
    assert all(place.exists() for place in places)


async def test_what_was_scraped_is_delivered_at_the_end(lab):
    """Also what was not queued yet when the end came, as another node had not answered yet."""
    await lab.scraped()
    lab.b.says = then_hang()
    waiting = asyncio.create_task(lab.engine.failure())
    await asyncio.sleep(0)
    await until(lambda: lab.engine.scraper._gathered)

    waiting.cancel()
    await lab.engine.stop(SOON_S)

    for name, state in lab.states().items():
        assert state.scrapes == lab.one.count(f"{name}.127-0-0-1.up.{name}")


async def test_who_is_asked_at_the_end_may_still_answer(lab):
    """A page that was asked for is taken, and delivered; nobody is asked any more."""
    await lab.scraped()
    say = asyncio.Event()
    lab.a.says = when(say)
    asked = len(lab.a.requests)
    await until(lambda: len(lab.a.requests) > asked)
    state = lab.states()["a"]
    scrapes = state.scrapes

    ending = asyncio.create_task(lab.engine.stop(SOON_S))
    await until(lambda: lab.engine.scraper._is_stopping)
    say.set()
    await ending

    assert scrapes + 1 == state.scrapes == lab.one.count("a.127-0-0-1.up.a")
    assert asked + 1 == len(lab.a.requests)


async def test_who_does_not_answer_at_the_end_is_told_of(lab, caplog):
    """Nobody is waited for long, and the slot stays empty."""
    await lab.scraped()
    lab.a.says = then_hang()
    asked = len(lab.a.requests)
    await until(lambda: len(lab.a.requests) > asked)

    await lab.engine.stop(SOON_S)

    assert "scrapes cancelled at the stop, their slots stay empty: 1" in caplog.messages


async def test_a_start_that_fails_waits_for_nothing(lab):
    """What waits on disk goes on waiting, and the folder is free at once."""
    await lab.start()
    await lab.one.stop()
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


async def test_a_task_that_ends_by_itself_does_not_pass_unseen(lab):
    """It is a fault of ours, and ends lmaster."""
    await lab.start()

    async def broken():
        raise ZeroDivisionError("a fault")

    lab.engine._tasks.begin("broken", broken())
    with pytest.raises(ZeroDivisionError, match="a fault"):
        await lab.engine.failure()


async def test_a_fault_in_a_task_ends_lmaster(lab, monkeypatch):
    """With its traceback: an lmaster that does half of its work looks as if all was well."""

    async def failure(engine):
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(Engine, "failure", failure)
    config = replace(lab.config, master=replace(lab.config.master, port=0))

    with pytest.raises(ZeroDivisionError, match="a fault"):
        await run.scrape_for_ever(config, [])


async def test_without_a_file_there_is_nothing_to_read(lab):
    """The page says so."""
    async with Client() as client:
        assert Engine(lab.config, client).reload is None
