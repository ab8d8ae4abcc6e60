"""A question to the lmaster of this machine, which may not run."""

import socket
import time

import pytest

from fructosa_bridge.client.quick_question import QuickQuestion
from fructosa_bridge.config.settings import read_config

from ..fake_master import serving


@pytest.fixture
def asked(tmp_path):
    """A function that asks the lmaster at a URL, and returns its answer."""

    def ask(url, within_s=10.0):
        config = tmp_path / "lmaster.conf"
        config.write_text(f"[lmaster]\nhost = 127.0.0.1\nport = {url.rpartition(':')[2]}\n")
        return QuickQuestion(read_config(config), "/api/slurm").answer(within_s)

    return ask


def test_the_running_lmaster_answers(asked):
    """It is asked at the address of its configuration."""
    with serving(200, b"yes") as (url, requests):
        answer = asked(url)

    assert "yes" == answer
    assert [("GET", "/api/slurm", None)] == requests


def test_if_none_runs_or_another_server_there_is_no_answer(asked):
    """Nor is there an error."""
    with serving(404, b"no") as (url, _):
        refused = asked(url)

    assert refused is None is asked(url)


def test_an_lmaster_that_hangs_is_not_waited_for(asked):
    """The command has something else to say."""
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        began_s = time.monotonic()
        answer = asked(f"http://127.0.0.1:{hanging.getsockname()[1]}", within_s=0.05)

    assert answer is None
    assert time.monotonic() - began_s < 2
