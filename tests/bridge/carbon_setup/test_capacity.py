"""The demand of a cluster in numbers, and when a limit is too low for it."""

from pathlib import Path

import pytest

from fructosa_bridge.carbon_setup.capacity import (
    Demand,
    DiskSpace,
    estimated_demand,
    file_bytes,
)
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.targets import section_targets

BIG = Demand(series=3_000_000, size_bytes=10**12, points_per_s=300_000)
DISK = DiskSpace(folder=Path("/w"), free_bytes=10**13, free_inodes=10**7)


def demand(series=300, naming="plain", **sections):
    """Return the demand of some sections."""
    return estimated_demand(section_targets(sections, "c", naming=naming), series)


def nodes(count, **settings):
    """Return a section of so many nodes."""
    return NodesSettings(hosts=tuple(f"n{number}" for number in range(count)), **settings)


def test_series_and_points_are_those_of_all_sections():
    """A slower section has fewer points per second."""
    slow = nodes(10, interval_s=60, port=9100, prefix="slow")

    found = demand(fast=nodes(10), slow=slow)

    assert 6000 == found.series
    assert 300 + 50 == pytest.approx(found.points_per_s)
    assert 3000 * (file_bytes(10) + file_bytes(60)) == found.size_bytes
