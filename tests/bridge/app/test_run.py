"""The wiring of lmaster: start, signals and exit, with nodes and carbons on loopback."""

import asyncio
import os
import re
import signal

import pytest

from fructosa_bridge.app import run
from fructosa_bridge.app.engine import CHANGES, READ_AGAIN, Engine
from fructosa_bridge.config.settings import GraphiteSettings, MasterConfig, MasterSettings
from fructosa_bridge.deliver.destinations import CANNOT_WRITE
from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape.scrape_errors import CHECK_PATH, ERROR_STATUS
from fructosa_service.errors import ServiceError
from fructosa_service.logs import LoggingSettings

from ..node import Node, http_response

TIMEOUT_S = 20

pytestmark = pytest.mark.usefixtures("garbage_collector")


@pytest.fixture
async def node():
    """A node that serves a good page unless the test changes its reply."""
    running = Node()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def config(tmp_path):
    """A configuration with Whisper files as the destination, and web pages on a free port."""
    return MasterConfig(
        master=MasterSettings(data_directory=tmp_path, port=0),
        nodes={},
        destinations={"": GraphiteSettings(whisper_directory=tmp_path / "whisper")},
        logging=LoggingSettings(),
    )


def target_of(node):
    """Return a target that is scraped every second."""
    return Target(group="all", host="127.0.0.1", port=node.port, graphite_path="n", interval_s=1)


class Lmaster:
    """A running lmaster, and the URLs of its pages."""

    def __init__(self):
        self.urls = []
        self._is_ready = asyncio.Event()

    def start(self, *arguments):
        """Start it."""
        self.task = asyncio.create_task(run.scrape_for_ever(*arguments, ready=self._ready))

    def _ready(self, urls):
        self.urls = list(urls)
        self._is_ready.set()

    async def ready(self):
        """Wait until everything runs."""
        await asyncio.wait_for(self._is_ready.wait(), TIMEOUT_S)

    async def end(self):
        """Wait for its exit."""
        await asyncio.wait_for(self.task, TIMEOUT_S)


async def test_targets_are_scraped_until_a_signal_ends_lmaster(node, config, tmp_path):
    """The pages have their URLs, and what was scraped is delivered."""
    lmaster = Lmaster()
    lmaster.start(config, [target_of(node)])
    await lmaster.ready()
    await node.next_request()

    os.kill(os.getpid(), signal.SIGTERM)
    await lmaster.end()

    assert lmaster.urls
    assert (tmp_path / "whisper" / "n" / "load.wsp").exists()


async def test_sighup_reads_the_configuration_again(node, config, caplog):
    """As a POST to /-/reload does."""
    caplog.set_level("INFO")
    lmaster = Lmaster()
    lmaster.start(config, [], lambda: (config, [target_of(node)]))
    await lmaster.ready()

    os.kill(os.getpid(), signal.SIGHUP)
    changes = CHANGES.format(targets=1, new=1, changed=0, removed=0)
    async with asyncio.timeout(TIMEOUT_S):
        while READ_AGAIN % changes not in caplog.messages:
            await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)

    await lmaster.end()


async def test_without_a_configuration_file_sighup_is_ignored(config, caplog):
    """There is nothing to read; lmaster goes on."""
    lmaster = Lmaster()
    lmaster.start(config, [])
    await lmaster.ready()

    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)
    await lmaster.end()

    assert "SIGHUP ignored" in caplog.text


async def test_a_bug_in_a_background_task_ends_lmaster(config, monkeypatch):
    """With its traceback: otherwise an lmaster that does half of its work would look well."""

    async def failure(engine):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Engine, "failure", failure)

    with pytest.raises(ZeroDivisionError, match="a bug"):
        await run.scrape_for_ever(config, [])


async def test_an_lmaster_that_cannot_start_raises_the_reason(config, tmp_path):
    """Here a folder of Whisper files cannot be created."""
    (tmp_path / "whisper").touch()
    error = CANNOT_WRITE.format(folder=tmp_path / "whisper", reason="File exists")

    with pytest.raises(ServiceError, match=re.escape(error)):
        await run.scrape_for_ever(config, [])


async def test_a_single_scrape_returns_the_states_and_delivers_the_points(node, config, tmp_path):
    """It needs no queue on disk."""
    states, undelivered = await run.scrape_once(config, [target_of(node)])

    assert ([True], 0) == ([state.up for state in states], undelivered)
    assert (tmp_path / "whisper" / "n" / "load.wsp").exists()
    assert not (tmp_path / "queue").exists()


async def test_a_single_scrape_returns_the_error_of_a_target(node, config):
    """The point of `up` is delivered all the same."""
    node.reply = http_response(b"", "404 Not Found")

    states, undelivered = await run.scrape_once(config, [target_of(node)])

    expected = ERROR_STATUS.format(status="404 Not Found") + CHECK_PATH.format(path="/metrics")
    assert expected == states[0].error
    assert 0 == undelivered
