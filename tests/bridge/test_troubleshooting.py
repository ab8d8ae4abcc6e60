"""docs/troubleshooting.md quotes messages as the programs print them."""

import re
from pathlib import Path

import pytest

from fructosa_bridge.deliver import delivery
from fructosa_bridge.nodes.host_hints import HAS_PORT
from fructosa_bridge.queue import spool
from fructosa_bridge.queue.segments import IN_USE
from fructosa_bridge.scrape import scrape_errors
from fructosa_bridge.scrape.target_state import CLOCK_BEHIND
from fructosa_exporter.web.server import CANNOT_LISTEN

PAGE = Path(__file__).parents[2] / "docs/troubleshooting.md"
QUOTED = (
    scrape_errors.REFUSED,
    scrape_errors.CONNECT_TIMED_OUT,
    scrape_errors.UNKNOWN_HOST,
    scrape_errors.NAME_TIMED_OUT,
    scrape_errors.TIMED_OUT,
    CLOCK_BEHIND,
    HAS_PORT,
    IN_USE,
    CANNOT_LISTEN,
)


@pytest.mark.parametrize(("reason", "message"), [*spool.DROPPED.items(), *delivery.REFUSED.items()])
def test_each_reason_of_dropped_points_is_explained(reason, message):
    """A row with the reason, the message and what to do."""
    row = re.search(rf"^\| `{reason}` \| `(.*)` \| .+ \|$", PAGE.read_text(), re.MULTILINE)

    assert row is not None
    assert message == row[1]


@pytest.mark.parametrize("message", QUOTED)
def test_a_quoted_message_is_the_current_one(message):
    """So that a search for what a program printed finds it."""
    parts = map(re.escape, re.split(r"\{[^}]*\}", message))

    assert re.search(".*".join(parts), PAGE.read_text())
