"""Targets follow Slurm's list of nodes: an engine with nodes on loopback and a fake reader."""

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from fructosa_bridge.app.engine import CHANGES, Engine
from fructosa_bridge.app.slurm_targets import LIST_CHANGED, LIST_REFUSED, NO_LIST_YET
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.settings import GraphiteSettings, MasterConfig, MasterSettings
from fructosa_bridge.config.slurm_sections import UNKNOWN_PARTITION
from fructosa_bridge.config.slurm_settings import SlurmSettings
from fructosa_bridge.config.targets import SAME_PATH, section_targets
from fructosa_bridge.nodes.hosts import parse_hosts
from fructosa_bridge.scrape.client import Client
from fructosa_bridge.slurm_states.kept_nodes import KeptNodes
from fructosa_service.errors import UsageError
from fructosa_service.logs import LoggingSettings

from ..node import Node
from ..slurm_nodes import reading, record

SOON_S = 30


async def until(condition):
    """Wait until *condition* returns true."""
    async with asyncio.timeout(SOON_S):
        while not condition():
            await asyncio.sleep(0.01)


class Lab:
    """An engine whose Slurm reports what the test wants; all nodes are one server on loopback."""

    def __init__(self, folder, client, node):
        self.folder, self.client, self.node = folder, client, node
        self.readings = 0
        self.config = MasterConfig(
            master=MasterSettings(data_directory=folder),
            nodes={"all": self.section("@slurm")},
            destinations={"": GraphiteSettings(send=False)},
            logging=LoggingSettings(),
            slurm=SlurmSettings(grace_s=600, commands=folder),
        )

    def section(self, hosts, **changes):
        """Return a section with these hosts."""
        changes = {"port": self.node.port, "interval_s": 1, **changes}
        return NodesSettings(hosts=parse_hosts(hosts), **changes)

    async def start(self, **changes):
        """Start an engine with this configuration."""
        self.config = replace(self.config, **changes)
        self.engine = Engine(
            self.config, self.client, self.load, make_targets=self.make, has_journal=False
        )
        self.engine.prepare()
        kept = KeptNodes(self.folder).read()
        await self.engine.start(self.make(self.config, kept))

    def load(self):
        """Return the configuration, with the targets that it has without a list."""
        return self.config, self.make(self.config, KeptNodes(self.folder / "other").read())

    def make(self, config, nodes):
        """Return the targets."""
        return section_targets(config.nodes, None, slurm=nodes)

    async def read(self, *records, time_s=None):
        """Let the monitor take a reading; wait until it is used."""
        self.readings += 1
        time_s = 60.0 * self.readings if time_s is None else time_s
        followed = self.engine._slurm_targets
        done = asyncio.Event()
        update = followed._kept.update

        def updated(*arguments):
            has_changed = update(*arguments)
            if not has_changed:
                loop.call_soon_threadsafe(done.set)
            return has_changed

        async def used():
            is_in_use = await use()
            done.set()
            return is_in_use

        loop, use = asyncio.get_running_loop(), self.engine._use_nodes
        followed._kept.update, followed._use = updated, used
        (listener,) = self.engine.slurm.listeners
        listener(reading(*records, time_s=time_s))
        async with asyncio.timeout(SOON_S):
            await done.wait()
        followed._kept.update, followed._use = update, use

    @property
    def hosts(self):
        """The hosts of all targets."""
        return [state.target.host for state in self.engine.states]


@pytest.fixture
async def lab(tmp_path, caplog):
    """A lab that is not started."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, "lmaster.slurm")  # lmaster slurm silences it
    async with AsyncExitStack() as stack:
        client, node = await stack.enter_async_context(Client()), Node()
        await node.start()
        stack.push_async_callback(node.stop)
        made = Lab(tmp_path, client, node)
        yield made
        await made.engine.stop(0.1)


def local(name, *partitions, **values):
    """Return a node on loopback."""
    return record(name, *partitions, address="127.0.0.1", host_name=name, **values)


def changed(targets, new, changed, removed):
    """Return the line that says what a new list changed."""
    return LIST_CHANGED % CHANGES.format(targets=targets, new=new, changed=changed, removed=removed)


async def test_the_first_list_brings_the_targets(lab, caplog):
    """Before it there are none, which is logged. They are scraped at the addresses of Slurm."""
    await lab.start()
    assert [] == lab.hosts
    assert NO_LIST_YET % "[nodes:all]" in caplog.messages

    await lab.read(local("n1"), local("n2"))
    await until(lambda: all(state.up for state in lab.engine.states))

    assert ["n1", "n2"] == lab.hosts
    assert changed(2, 2, 0, 0) in caplog.messages
    assert f"n1:{lab.node.port}" == lab.engine.states[0].target.name


async def test_a_restart_begins_with_the_kept_list(lab):
    """Slurm may be away."""
    KeptNodes(lab.folder).update(reading(local("n1")), 600)

    await lab.start()

    assert ["n1"] == lab.hosts


async def test_other_targets_are_not_disturbed(lab):
    """Their connections stay, as do their states; no slot is missed."""
    await lab.start()
    await lab.read(local("n1"))
    state = lab.engine.states[0]
    target = state.target
    await until(lambda: state.scrapes)

    await lab.read(local("n1"), local("n2"))
    scrapes = state.scrapes
    await until(lambda: state.scrapes >= scrapes + 2)

    assert state is lab.engine.states[0]
    assert target is state.target  # so that 10,000 of them are quickly compared
    assert 0 == state.missed
    assert 2 == lab.node.connections


async def test_a_node_is_scraped_until_it_has_been_away_for_the_grace(lab):
    """And goes on without a gap if it comes back before."""
    await lab.start()
    await lab.read(local("n1"), local("n2"), time_s=0)
    state = lab.engine.states[1]

    await lab.read(local("n1"), time_s=60)
    await lab.read(local("n1"), local("n2"), time_s=650)
    await lab.read(local("n1"), time_s=700)
    await lab.read(local("n1"), time_s=1299)
    still = lab.hosts
    assert state is lab.engine.states[1]
    await lab.read(local("n1"), time_s=1300)

    assert ["n1", "n2"] == still
    assert ["n1"] == lab.hosts


async def test_a_reading_without_nodes_changes_nothing(lab):
    """It was denied, or it is empty."""
    await lab.start()
    await lab.read(local("n1"))

    await lab.read()

    assert ["n1"] == lab.hosts


async def test_a_partition_that_slurm_does_not_have_is_logged_once_and_has_no_nodes(lab, caplog):
    """It may come later."""
    await lab.start(nodes={"all": lab.section("@slurm"), "gpu": lab.section("@slurm:gpu")})

    await lab.read(local("n1", "debug"))
    await lab.read(local("n1", "debug"), local("n2", "debug"))
    message = UNKNOWN_PARTITION.format(name="'gpu'", known="; it has debug")
    assert 1 == caplog.messages.count(f"[nodes:gpu] hosts: '@slurm:gpu' {message}")
    assert ["n1", "n2"] == lab.hosts
    await lab.read(local("n1", "debug"), local("n2", "gpu"))

    assert ["n1", "n2", "n2"] == lab.hosts


async def test_a_reload_keeps_the_list(lab):
    """Also where the file could not be written: what is in use counts."""
    await lab.start()
    await lab.read(local("n1"), local("n2"))
    state = lab.engine.states[0]

    lab.config = replace(
        lab.config, nodes={"all": lab.section("@slurm"), "b": lab.section("@slurm!n1", prefix="b")}
    )
    outcome = await lab.engine.reload()

    assert CHANGES.format(targets=3, new=1, changed=0, removed=0) in outcome.text
    assert ["n1", "n2", "n2"] == lab.hosts
    assert state is lab.engine.states[0]
    await lab.read(local("n1"), local("n2"), local("n3"))
    assert ["n1", "n2", "n3", "n2", "n3"] == lab.hosts


async def test_a_list_that_makes_invalid_targets_is_refused(lab, caplog):
    """The targets stay as they are; the next list may be right."""
    await lab.start()
    await lab.read(local("n1"))

    await lab.read(local("n1"), local("n2.a"), local("n2.b"))
    port = lab.node.port
    error = SAME_PATH.format(one=f"n2.a:{port}", other=f"n2.b:{port}", path="n2")
    assert LIST_REFUSED % error in caplog.messages
    assert ["n1"] == lab.hosts
    await lab.read(local("n1"), local("n3"), time_s=9000)
    await lab.read(local("n1"), local("n3"), time_s=9600)

    assert ["n1", "n3"] == lab.hosts


async def test_a_refused_list_is_tried_again_at_each_reading(lab, caplog):
    """The list may be right and a file of groups wrong. It is logged once."""
    await lab.start()
    make, lab.engine._slurm_targets._make = lab.engine._slurm_targets._make, refuse
    for _ in range(3):
        await lab.read(local("n1"))
    assert [] == lab.hosts
    assert 1 == caplog.messages.count(LIST_REFUSED % "no")

    lab.engine._slurm_targets._make = make
    await lab.read(local("n1"))

    assert ["n1"] == lab.hosts


def refuse(config, nodes):
    """Raise the error of a list that makes invalid targets."""
    raise UsageError("no")


async def test_a_new_list_is_no_reason_to_read_slurm(lab):
    """Where nodes come and go all the time, it would be read without a pause."""
    await lab.start()
    woken = []
    lab.engine.slurm.wake = lambda: woken.append(True)

    await lab.read(local("n1"))
    await lab.read(local("n2"))

    assert [] == woken
    assert (await lab.engine.reload()).is_applied
    assert [True] == woken


async def test_other_settings_keep_what_slurm_reported_last(lab):
    """Until they are used: a drained node must not be expected to be up for a moment."""
    await lab.start()
    await lab.engine.slurm._use(reading(local("n1", state="IDLE+DRAIN")))
    before = lab.engine.slurm

    lab.config = replace(lab.config, slurm=replace(lab.config.slurm, interval_s=90))
    await lab.engine.reload()

    assert before is not lab.engine.slurm
    assert not lab.engine.slurm.find("n1").is_expected
    lab.config = replace(lab.config, slurm=replace(lab.config.slurm, cluster="other"))
    await lab.engine.reload()
    assert lab.engine.slurm.find("n1").is_expected


async def test_a_bug_costs_a_change_of_the_list_alone(lab, caplog):
    """Scraping goes on, and so does the next change."""
    await lab.start()
    make, lab.engine._slurm_targets._make = lab.engine._slurm_targets._make, lambda *_: 1 / 0
    (listener,) = lab.engine.slurm.listeners
    listener(reading(local("n1")))
    await until(lambda: any("internal error" in line for line in caplog.messages))

    lab.engine._slurm_targets._make = make
    await lab.read(local("n1"), local("n2"))

    assert ["n1", "n2"] == lab.hosts


async def test_without_slurm_in_a_section_the_list_is_kept_and_changes_nothing(lab, caplog):
    """The next configuration may need it."""
    await lab.start(nodes={"own": lab.section("127.0.0.1")})

    await lab.read(local("n1"))

    assert ["127.0.0.1"] == lab.hosts
    assert ["n1"] == list(KeptNodes(lab.folder).read().hosts)
    assert not any(line.startswith(LIST_CHANGED[:20]) for line in caplog.messages)
