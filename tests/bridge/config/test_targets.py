"""From configured nodes to targets."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.config import targets
from fructosa_bridge.config.node_sets import PREFIX, unfolded
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.settings import read_config
from fructosa_bridge.model.access import Access
from fructosa_bridge.model.selection import LabelLimits, MetricSelection, Selector
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("node001", ("node001",)),
        ("node[001-003]", ("node001", "node002", "node003")),
        ("a, b,\nc d", ("a", "b", "c", "d")),
        ("rack[1-2]n[1-2]", ("rack1n1", "rack1n2", "rack2n1", "rack2n2")),
        ("node[1-3]!node2", ("node1", "node3")),
        ("n1,n1", ("n1",)),
    ],
)
def test_a_node_set_is_unfolded(text, expected):
    """Zeros are kept, each node stands once."""
    assert expected == unfolded(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", ",", "a,,b", "n1,", "n1!", "a b!", "n[1-3]!n[1-3]", "12", "a_/", "n1 - n3"),
        *("node[", "node[1-", "n[1-3", "n1-3]", "n[1-]", "node[5-1]", "n[a-c]", "n[1 - 3]"),
        *("n[01-1]", "n[1-9/0]", "n[1-2][3-4]", "n[1-999999999]", "a[1-999]b[1-999]"),
        *("300.0.0.1", "10.0.0.[255-256]", "[::1]", "http://n1", "n1:9888", "n1\x1b[31m"),
        *("@group", "*"),
    ],
)
def test_an_invalid_node_set_is_rejected(text):
    """With what to write, and without unfolding a billion names first."""
    with pytest.raises(ValueError, match="write"):
        unfolded(text)


@given(st.text())
def test_any_text_is_a_node_set_or_refused(text):
    """Nothing but ValueError comes out of it."""
    try:
        found = unfolded(text)
    except ValueError:
        return
    assert found


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "a b", "a/b", "a.*", "ü", "a." * 600 + "a"]
)
def test_a_prefix_is_a_path(text):
    """Nothing in it may leave its place."""
    with pytest.raises(ValueError, match="is no prefix"):
        PREFIX.parse(text)


def test_each_host_of_each_section_is_a_target():
    """With the settings of its section; a section's prefix wins."""
    nodes = {
        "fast": NodesSettings(hosts=("n1", "n2.cluster"), interval_s=2, sensors=("CPUPercent",)),
        "gpu": NodesSettings(hosts=("n1",), port=9400, prefix="gpus", timeout_s=1),
    }

    found = targets.configured(nodes, "cluster")

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


def test_a_target_is_asked_as_its_section_says():
    """All of a section share one access, and so what its files hold."""
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

    one, other = targets.configured({"a": settings}, None)

    assert "https://n1:9888/a?b=c&collect[]=x%20y" == one.url
    assert "https://[::1]:9888/a?b=c&collect[]=x%20y" == other.url
    assert (5000, 1) == (one.page_limit, one.effective_connect_timeout_s)
    assert Access(tls=True, ca=Path("/ca.pem"), user="u", password_file=Path("/p")) == one.access
    assert one.access is other.access


def test_a_target_has_what_its_section_says_of_series():
    """All of a section share it, and what is known of their series."""
    keep, drop = Selector("node_*"), Selector("go_*")
    settings = NodesSettings(
        hosts=("n1", "n2"), keep=(keep,), drop=(drop,), label_limit=5, label_length_limit=100
    )

    one, other = targets.configured({"a": settings}, None, naming="tagged")

    assert MetricSelection((keep,), (drop,)) == one.selection
    assert LabelLimits(label_limit=5, label_length_limit=100) == one.label_limits
    assert "tagged" == one.naming == other.naming
    assert one.selection is other.selection
    assert one.label_limits is other.label_limits


@pytest.mark.parametrize(("alignment", "expected"), [("spread", False), ("together", True)])
def test_a_section_may_be_scraped_together(alignment, expected):
    """Each of its targets is."""
    settings = NodesSettings(hosts=("n1", "n2"), alignment=alignment)

    found = targets.configured({"a": settings}, None)

    assert [expected, expected] == [one.is_together for one in found]


def test_the_same_file_gives_the_same_targets(tmp_path):
    """So that a reload changes nothing of what did not change."""
    path = tmp_path / "lmaster.conf"
    path.write_text(
        '[nodes:a]\nhosts = n[1-3]\nmetrics keep = node_*\nmetrics drop = a{b="c"}\n'
        "label limit = 3\nsensors = CPUPercent\ntls = yes\ntls ca = /ca.pem\n"
        "user = u\npassword file = /p\nalignment = together\n"
    )

    one, other = (targets.configured(read_config(path).nodes, "c") for _ in range(2))

    assert one == other
    assert one[0] is not other[0]


def test_nodes_of_the_command_line_are_called_as_the_configuration_says():
    """With all series, and none refused."""
    (found,) = targets.named([Endpoint("n1")], None, "p", "fructosa")

    assert ("fructosa", MetricSelection(), LabelLimits(), False) == (
        found.naming,
        found.selection,
        found.label_limits,
        found.is_together,
    )


def test_connecting_may_take_half_of_the_time():
    """Where nothing else is said; so that a node that is off is told from a slow one."""
    (one,) = targets.configured({"a": NodesSettings(hosts=("n1",), interval_s=3)}, None)

    assert 1.5 == one.effective_connect_timeout_s


def test_one_page_may_be_asked_by_several_sections():
    """Some sensors often, others seldom."""
    nodes = {
        "fast": NodesSettings(hosts=("n1",), sensors=("CPUPercent",)),
        "slow": NodesSettings(hosts=("n1",), interval_s=300),
    }

    assert [one.graphite_path for one in targets.configured(nodes, None)] == ["n1", "n1"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NodesSettings(hosts=("n1.a", "n1.b")), NodesSettings(hosts=("n2",))),
        (NodesSettings(hosts=("n1",)), NodesSettings(hosts=("n1",), port=9100)),
        (NodesSettings(hosts=("n1",)), NodesSettings(hosts=("n1",), path="/probe")),
        (NodesSettings(hosts=("10.0.0.1",)), NodesSettings(hosts=("10-0-0-1",))),
    ],
)
def test_two_pages_never_share_a_path(one, other):
    """The message names both, each by another name, and the remedy."""
    with pytest.raises(
        UsageError, match=r"^(\S+) and (?!\1 )\S+ would both be .* in Graphite; give one .* prefix"
    ):
        targets.configured({"one": one, "other": other}, "cluster")


def test_nodes_of_the_command_line_have_the_default_port():
    """The timeout is never longer than the interval."""
    found = targets.named([Endpoint("n1"), Endpoint("::1", 1), Endpoint("n1")], 2, None)

    assert [("n1:9888", "n1", 2), ("[::1]:1", "--1", 2)] == [
        (one.name, one.graphite_path, one.timeout_s) for one in found
    ]
