"""Calls of NVML, and what their errors mean."""

import pytest

from tests.exporter.gpus.node import without


@pytest.mark.parametrize("code", [10, 11, 15, 16, 17, 999])
def test_up_knows_each_way_of_being_ill(node, code):
    """Some drivers answer for a lost GPU that they timed out, or that they don't know."""
    node.up()
    node.gpus[2].fails["*"] = code
    node.says()

    assert without("2") == node.up()
