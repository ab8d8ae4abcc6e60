"""`lmaster ping`."""

import asyncio
import logging

import pytest

from fructosa_bridge.cli import main

from ..node import Node


@pytest.fixture
async def node():
    """A node on a free port, which has one sample."""
    running = Node()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def _log_level():
    """Restore the log level, which the command changes."""
    log = logging.getLogger("fructosa_bridge")
    level = log.level
    yield
    log.setLevel(level)


@pytest.mark.usefixtures("_log_level")
async def test_nodes_are_scraped_once(node, tmp_path):
    """The exit code is 1 if one of them fails."""
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[nodes:up]\nhosts = 127.0.0.1\nport = {node.port}\n"
        "[nodes:down]\nhosts = 127.0.0.2\nport = 1\n"
    )

    codes = [
        await asyncio.to_thread(main, ["ping", "-q", "-c", str(config), *nodes])
        for nodes in ([], ["127.0.0.1"])
    ]

    assert [1, 0] == codes
    assert 2 == len(node.requests)


def test_a_node_that_is_not_configured_is_an_error(config, capsys):
    """No node is scraped."""
    code = main(["ping", "-c", config, "n[1-4]"])

    assert 2 == code
    assert "n[3-4]" in capsys.readouterr().err
