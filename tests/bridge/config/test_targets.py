"""Targets from configured nodes, and from the command line."""

import re
from pathlib import Path

import pytest

from fructosa_bridge.config import targets
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.settings import read_config
from fructosa_bridge.model.access import Access
from fructosa_bridge.model.selection import LabelLimits, MetricSelection, Selector
from fructosa_bridge.nodes import hosts
from fructosa_bridge.nodes.hosts import parse_hosts
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import UsageError

from ..slurm_nodes import node_list, record


def test_each_host_of_each_section_is_a_target():
    """With the settings of its section, whose prefix overrides the common one."""
    nodes = {
        "fast": NodesSettings(hosts=("n1", "n2.cluster"), interval_s=2, sensors=("CPUPercent",)),
        "gpu": NodesSettings(hosts=("n1",), port=9400, prefix="gpus", timeout_s=1),
    }

    found = targets.section_targets(nodes, "cluster")

    assert [
        ("fast/n1:9888", "cluster.n1", 2, 2, "http://n1:9888/metrics?collect[]=CPUPercent"),
        (
            "fast/n2.cluster:9888",
            "cluster.n2",
            2,
            2,
            "http://n2.cluster:9888/metrics?collect[]=CPUPercent",
        ),
        ("gpu/n1:9400", "gpus.n1", 10, 1, "http://n1:9400/metrics"),
    ] == [
        (one.identity, one.graphite_path, one.interval_s, one.timeout_s, one.url) for one in found
    ]


def test_a_target_is_requested_as_its_section_says():
    """All targets of a section share one Access, and so the contents of its files."""
    settings = NodesSettings(
        hosts=("n1", "::1"),
        tls=True,
        tls_ca=Path("/ca.pem"),
        user="u",
        password_file=Path("/p"),
        path="/a?b=c",
        page_limit=5000,
        connect_timeout_s=1,
        sensors=("x y",),
    )

    one, other = targets.section_targets({"a": settings}, None)

    assert "https://n1:9888/a?b=c&collect[]=x%20y" == one.url
    assert "https://[::1]:9888/a?b=c&collect[]=x%20y" == other.url
    assert (5000, 1) == (one.page_limit, one.effective_connect_timeout_s)
    assert Access(tls=True, ca=Path("/ca.pem"), user="u", password_file=Path("/p")) == one.access
    assert one.access is other.access


def test_a_target_has_the_selection_and_limits_of_its_section():
    """All targets of a section share them, and so the results for each series."""
    keep, drop = Selector("node_*"), Selector("go_*")
    settings = NodesSettings(
        hosts=("n1", "n2"), keep=(keep,), drop=(drop,), label_limit=5, label_length_limit=100
    )

    one, other = targets.section_targets({"a": settings}, None, naming="tagged")

    assert MetricSelection((keep,), (drop,)) == one.selection
    assert LabelLimits(label_limit=5, label_length_limit=100) == one.label_limits
    assert "tagged" == one.naming == other.naming
    assert one.selection is other.selection
    assert one.label_limits is other.label_limits


@pytest.mark.parametrize("name", ["text", "openmetrics"])
def test_all_targets_of_a_section_have_its_format(name):
    """It is the one that is requested."""
    settings = NodesSettings(hosts=("n1", "n2"), format=name)

    assert [name] * 2 == [one.format for one in targets.section_targets({"a": settings}, None)]


@pytest.mark.parametrize(("alignment", "expected"), [("spread", False), ("together", True)])
def test_all_targets_of_a_section_have_its_alignment(alignment, expected):
    """``together`` is a property of each target."""
    settings = NodesSettings(hosts=("n1", "n2"), alignment=alignment)

    found = targets.section_targets({"a": settings}, None)

    assert [expected, expected] == [one.is_together for one in found]


def test_the_same_file_gives_the_same_targets(tmp_path):
    """So a reload does not disturb targets that did not change."""
    path = tmp_path / "lmaster.conf"
    path.write_text(
        '[nodes:a]\nhosts = n[1-3]\nmetrics keep = node_*\nmetrics drop = a{b="c"}\n'
        "label limit = 3\nsensors = CPUPercent\ntls = yes\ntls ca = /ca.pem\n"
        "user = u\npassword file = /p\nalignment = together\n"
    )

    one, other = (targets.section_targets(read_config(path).nodes, "c") for _ in range(2))

    assert one == other
    assert one[0] is not other[0]


def test_nodes_of_the_command_line_have_the_configured_naming():
    """All their series are stored, and none exceeds a limit."""
    (found,) = targets.endpoint_targets([Endpoint("n1")], None, "p", "fructosa")

    assert ("fructosa", MetricSelection(), LabelLimits(), False) == (
        found.naming,
        found.selection,
        found.label_limits,
        found.is_together,
    )


def test_the_default_connect_timeout_is_half_of_the_timeout():
    """It distinguishes a node that is off from a slow one."""
    (one,) = targets.section_targets({"a": NodesSettings(hosts=("n1",), interval_s=3)}, None)

    assert 1.5 == one.effective_connect_timeout_s


def test_several_sections_may_scrape_one_page():
    """Some sensors often, others less often."""
    nodes = {
        "fast": NodesSettings(hosts=("n1",), sensors=("CPUPercent",)),
        "slow": NodesSettings(hosts=("n1",), interval_s=300),
    }

    assert [one.graphite_path for one in targets.section_targets(nodes, None)] == ["n1", "n1"]


@pytest.mark.parametrize(
    ("one", "other", "names", "path"),
    [
        (("n1.a", "n1.b"), {"hosts": ("n2",)}, ("n1.a:9888", "n1.b:9888"), "cluster.n1"),
        (("n1",), {"hosts": ("n1",), "port": 9100}, ("n1:9888", "n1:9100"), "cluster.n1"),
        (
            ("n1",),
            {"hosts": ("n1",), "path": "/probe"},
            ("n1:9888/metrics", "n1:9888/probe"),
            "cluster.n1",
        ),
        (
            ("10.0.0.1",),
            {"hosts": ("10-0-0-1",)},
            ("10.0.0.1:9888", "10-0-0-1:9888"),
            "cluster.10-0-0-1",
        ),
    ],
)
def test_two_pages_never_share_a_path(one, other, names, path):
    """The message names both, by different names, and says what to do."""
    nodes = {"one": NodesSettings(hosts=one), "other": NodesSettings(**other)}
    error = targets.SAME_PATH.format(one=names[0], other=names[1], path=path)

    with pytest.raises(UsageError, match=f"^{re.escape(error)}$"):
        targets.section_targets(nodes, "cluster")


def test_nodes_of_the_command_line_have_the_default_port():
    """The timeout is never longer than the interval."""
    found = targets.endpoint_targets([Endpoint("n1"), Endpoint("::1", 1), Endpoint("n1")], 2, None)

    assert [("n1:9888", "n1", 2), ("[::1]:1", "--1", 2)] == [
        (one.name, one.graphite_path, one.timeout_s) for one in found
    ]


def test_a_node_of_slurm_is_called_by_its_name_and_reached_at_its_address():
    """Path, identity and messages have the name; without another address there is none."""
    nodes = {"all": NodesSettings(hosts=parse_hosts("@slurm,login1"))}
    listed = node_list(record("n1", address="10.0.0.1"), record("n2"))

    one, two, login = targets.section_targets(nodes, "cluster", slurm=listed)

    assert ("all/n1:9888", "cluster.n1") == (one.identity, one.graphite_path)
    assert "http://10.0.0.1:9888/metrics" == one.url
    assert (None, None) == (two.address, login.address)
    assert [login] == targets.section_targets(nodes, "cluster")


def test_a_group_that_fails_later_names_its_section(tmp_path, monkeypatch):
    """The groups beside @slurm are read with each list."""
    groups = tmp_path / "groups.conf"
    groups.write_text("[local]\nmap: echo n[1-2]\n")
    monkeypatch.setattr(hosts, "DEF_GROUPS_CONFIGS", [str(groups)])
    nodes = {"a": NodesSettings(hosts=parse_hosts("@slurm&@rack1"))}
    listed = node_list(record("n1"), record("n3"))

    assert ["n1"] == [one.host for one in targets.section_targets(nodes, None, slurm=listed)]
    groups.write_text("[local]\nmap: exit 1\n")
    with pytest.raises(UsageError, match=r"\[nodes:a\] hosts: '@slurm&@rack1' contains @rack1"):
        targets.section_targets(nodes, None, slurm=listed)
