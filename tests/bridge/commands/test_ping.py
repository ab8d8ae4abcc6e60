"""`lmaster ping`."""

import asyncio
import logging

import pytest

from fructosa_bridge.cli import main

from ..fake_master import serving, targets_json
from ..fake_status import down
from ..known_slurm import node as slurm_node
from ..known_slurm import slurm
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


@pytest.mark.usefixtures("_log_level")
@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            targets_json(
                down("127.0.0.2", "dead"),
                slurm=slurm(slurm_node("n1", "IDLE+DRAIN", "disk", address="127.0.0.2")),
            ).replace(":9888", ":1"),
            '127.0.0.2:1  down: drained, "disk"; ',
        ),
        ("not an lmaster", "127.0.0.2:1  cannot connect"),
    ],
)
def test_the_running_lmaster_knows_what_slurm_says_of_a_node(body, text, tmp_path, capsys):
    """Without it, or if something else answers, the report has the errors alone."""
    config = tmp_path / "lmaster.conf"
    with serving(200, body.encode()) as (url, _):
        port = url.rpartition(":")[2]
        config.write_text(
            f"[lmaster]\nport = {port}\nhost = 127.0.0.1\n[slurm]\n"
            "[nodes:dead]\nhosts = 127.0.0.2\nport = 1\n"
        )
        code = main(["ping", "-c", str(config)])

    assert 1 == code
    assert text in capsys.readouterr().out
