"""docs/troubleshooting.md quotes lmaster's messages as lmaster logs them."""

import re
from pathlib import Path

import pytest

from fructosa_bridge.deliver import delivery
from fructosa_bridge.queue import spool

PAGE = Path(__file__).parents[2] / "docs/troubleshooting.md"


@pytest.mark.parametrize(("reason", "message"), [*spool.DROPPED.items(), *delivery.REFUSED.items()])
def test_each_reason_of_dropped_points_is_explained(reason, message):
    """A row with the reason, the message and what to do."""
    row = re.search(rf"^\| `{reason}` \| `(.*)` \| .+ \|$", PAGE.read_text(), re.MULTILINE)

    assert row is not None
    assert message == row[1]
