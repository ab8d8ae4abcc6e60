"""Jobs from the nodes to the socket: a service with nodes on loopback, and readings of Slurm."""

import asyncio
import logging
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from fructosa_bridge.app.job_service import NODES_REFUSED, JobService
from fructosa_bridge.client.job_client import JobAnswer, JobClient, NotRunningError
from fructosa_bridge.config.jobs_settings import JobsSettings
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.settings import GraphiteSettings, MasterConfig, MasterSettings
from fructosa_bridge.config.slurm_settings import SlurmSettings
from fructosa_bridge.job_archive.archive import JobArchive
from fructosa_bridge.nodes.hosts import parse_hosts
from fructosa_bridge.slurm_output.records import SlurmConfig, SlurmReading
from fructosa_bridge.slurm_output.sacct import EndedJob
from fructosa_bridge.slurm_states.matching import NodeIndex
from fructosa_service.errors import ServiceError
from fructosa_service.logs import LoggingSettings

from ..jobs.known_jobs import T0, record
from ..jobs.pages import page, reading, text_of
from ..node import Node, http_response
from ..slurm_nodes import node_list
from ..slurm_nodes import record as node_record

SOON_S = 30


class ServiceLab:
    """A service whose one node is a server on loopback."""

    def __init__(self, folder, node):
        self.folder, self.node = folder, node
        self.began_s = time.monotonic()
        self.nodes = node_list(node_record("n1", "batch", address="127.0.0.1"))
        self.monitor = SimpleNamespace(
            listeners=[], index=NodeIndex(self.nodes.nodes), read_gpus=lambda: None
        )
        self.config = MasterConfig(
            master=MasterSettings(data_directory=folder),
            nodes={"all": self.section("127.0.0.1")},
            destinations={"": GraphiteSettings(send=False)},
            logging=LoggingSettings(),
            slurm=SlurmSettings(),
            jobs=JobsSettings(interval_s=1, timeout_s=1, socket=folder / "socket"),
        )
        self.service = JobService(self.config, lambda: self.nodes, clock=self.clock)
        self.client = JobClient(folder / "socket")

    def clock(self):
        """Return a time after the start of the job."""
        return T0 + 40.0 + time.monotonic() - self.began_s

    def section(self, hosts):
        """Return a section with these hosts."""
        return NodesSettings(hosts=parse_hosts(hosts), port=self.node.port)

    def use(self, **sections):
        """Use a configuration with these sections."""
        self.service.use(replace(self.config, nodes=sections))

    def slurm(self, *records):
        """Let Slurm report these jobs, and its nodes."""
        found = SlurmReading(
            T0 + 40.0, config=SlurmConfig(cluster="c1"), jobs=records, nodes=[node_record("n1")]
        )
        for listener in self.monitor.listeners:
            listener(found)

    async def until(self, holds):
        """Wait until the first record of job 7 is as it should be; return it."""
        async with asyncio.timeout(SOON_S):
            while True:
                found = (await asyncio.to_thread(self.client.jobs, {})).records
                if found and holds(found[0]):
                    return found[0]
                await asyncio.sleep(0.05)


async def until(holds):
    """Wait until something holds."""
    async with asyncio.timeout(SOON_S):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.fixture
async def lab(tmp_path, caplog):
    """A service that runs."""
    caplog.set_level(logging.INFO, "lmaster.jobs")
    text = text_of(page(reading(7, cpu_s=12.0, age_s=39.0, reading_age_s=0.0), sequence=0))
    node = Node()
    node.reply = http_response(text.encode())
    await node.start()
    made = ServiceLab(tmp_path, node)
    await made.service.start()
    made.service.listen(made.monitor)
    yield made
    await made.service.stop()
    await node.stop()


async def test_what_a_node_reports_of_a_job_is_shown_at_the_socket(lab):
    """As soon as Slurm has told whose it is."""
    lab.slurm(record(7))

    found = await lab.until(lambda one: one["cpu_seconds"] is not None)

    assert ("7", "ada", 12.0) == (found["id"], found["user"], found["cpu_seconds"])


async def test_answers_say_when_slurm_was_read(lab):
    """Not before it was; a reading without jobs does not count."""
    ages = [(await asyncio.to_thread(lab.client.jobs, {})).slurm_age_s]
    lab.slurm(record(7))
    ages += [(await asyncio.to_thread(lab.client.jobs, {})).slurm_age_s]
    for listener in lab.monitor.listeners:
        listener(SlurmReading(T0 - 3600.0, jobs=None))
    ages += [(await asyncio.to_thread(lab.client.jobs, {})).slurm_age_s]

    assert ages[0] is None
    assert ages[1] is not None
    assert ages[2] - ages[1] < 3600


async def test_nodes_of_a_new_configuration_are_fetched_from(lab, caplog):
    """One that contradicts itself is refused, and the old nodes stay."""
    lab.slurm(record(7))
    await lab.until(lambda one: one["cpu_seconds"] is not None)
    other_port = replace(lab.section("127.0.0.1"), port=1)

    lab.use(all=lab.section("127.0.0.1"), other=other_port)
    await until(lambda: NODES_REFUSED.partition("%")[0] in caplog.text)
    fetched = len(lab.node.requests)
    await until(lambda: len(lab.node.requests) > fetched)
    lab.use(all=lab.section("elsewhere"))

    await until(lambda: not lab.service._fetcher._targets)


async def test_the_socket_and_the_archive_are_given_back_at_the_stop(lab, tmp_path):
    """Another lmaster can start at once."""
    await lab.service.stop()

    assert not (tmp_path / "socket").exists()
    with pytest.raises(NotRunningError):
        lab.client.jobs({})
    other = ServiceLab(tmp_path, lab.node)
    await other.service.start()
    await other.service.stop()


async def test_a_second_lmaster_is_refused(lab, tmp_path):
    """It takes nothing from the first one."""
    other = ServiceLab(tmp_path, lab.node)

    with pytest.raises(ServiceError, match="another lmaster listens there"):
        await other.service.start()
    await other.service.stop()

    assert JobAnswer([]) == await asyncio.to_thread(lab.client.jobs, {})


async def test_a_start_that_fails_leaves_nothing_behind(tmp_path):
    """Neither a socket, nor a lock, nor a thread: another lmaster may have the archive."""
    service = ServiceLab(tmp_path, SimpleNamespace(port=1)).service
    owner = JobArchive(service.keeper.archive.folder)
    owner.open()

    with pytest.raises(ServiceError, match="another lmaster uses the archive"):
        await service.start()

    assert {owner.folder.name} == {one.name for one in tmp_path.iterdir()}
    assert not [one.name for one in threading.enumerate() if one.name.startswith("jobs")]
    owner.close()


class Accounting:
    """A slurmdbd that is down at first; *asked* is set whenever it is asked."""

    def __init__(self, lab, *records):
        self.lab, self.records = lab, records
        self.answers = [None]
        self.asked = asyncio.Event()
        self.spans = []

    async def read_ended(self, since_s, until_s):
        """Return what ended in a time."""
        self.spans.append((since_s, until_s))
        self.asked.set()
        if self.answers:
            return self.answers.pop()
        return [EndedJob(one) for one in self.records if since_s <= float(one.end_time) <= until_s]


async def test_accounting_is_asked_again_after_a_while_if_it_was_down(lab):
    """Not at each reading; then each hour once."""
    over = record(7, T0, T0 + 30, "COMPLETED")
    lab.monitor.read_ended = (accounting := Accounting(lab, over)).read_ended
    moment = [0.0]
    lab.service._loop_s = lambda: moment[0]
    found = SlurmReading(
        T0 + 40.0,
        config=SlurmConfig("c1", "22.05.8", has_accounting=True),
        jobs=[],
        nodes=[node_record("n1")],
    )

    async def read():
        for listener in lab.monitor.listeners:
            listener(found)

    await read()
    await asyncio.wait_for(accounting.asked.wait(), SOON_S)
    await until(lambda: not accounting.answers)
    moment[0] = 59.0
    await read()
    await until(lambda: not lab.service._was_read.is_set())
    asked = len(accounting.spans)
    moment[0] = 61.0
    await read()

    job = await lab.until(lambda one: one["state"] == "COMPLETED")
    assert (1, "ada", 25) == (asked, job["user"], len(accounting.spans))
