"""Which devices totals over a node count: the same ones on Graphite and on Prometheus."""

import re
from fnmatch import fnmatchcase

import pytest

from fructosa_service.device_names import DISKS, NETWORK_INTERFACES, RAPL_ZONES


def matches_glob(name, pattern):
    """Match as Graphite does: alternatives in braces, each a shell pattern."""
    before, _, rest = pattern.partition("{")
    alternatives, _, after = rest.partition("}")
    return any(fnmatchcase(name, f"{before}{one}{after}") for one in alternatives.split(","))


@pytest.mark.parametrize(
    ("pattern", "counted", "left_out"),
    [
        (NETWORK_INTERFACES, "eth0 eno1 enp3s0 ib0 hsn0", "lo br0 bond0 docker0 virbr0 veth"),
        (
            DISKS,
            "sda sdaa vdb xvda nvme0n1 nvme11n2",
            "sda1 vdb2 nvme0n1p1 dm-0 md0 loop0 sr0 ram1 nvme0",
        ),
        (RAPL_ZONES, "package-0 package-1 dram", "core uncore psys package"),
    ],
    ids=["interfaces", "disks", "energy"],
)
def test_each_byte_and_joule_is_counted_once(pattern, counted, left_out):
    """Devices that are a part of another, or built upon others, are left out."""
    names = [*counted.split(), *left_out.split()]

    by_glob = [name for name in names if matches_glob(name, pattern.glob)]
    by_regex = [name for name in names if re.fullmatch(pattern.regex, name)]
    assert [counted.split()] * 2 == [by_glob, by_regex]
