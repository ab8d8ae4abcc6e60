"""Node sets: expanding, folding, and selecting by host."""

import re
from types import SimpleNamespace

import pytest
from ClusterShell.NodeUtils import GroupResolverConfig
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.nodes.node_sets import NOT_AMONG, expand, fold, select
from fructosa_service.errors import DID_YOU_MEAN, UsageError


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
def test_a_node_set_is_expanded(text, expected):
    """Leading zeros are kept, and duplicates are removed."""
    assert expected == expand(text)


@pytest.mark.parametrize(
    "text",
    ["", "node[", "node[1-", "node[5-1]", "n[1-999999999]", "@group", "a b!", "n[1-3", "a_/"],
)
def test_an_invalid_node_set_is_rejected(text):
    """The message says what to write. A huge range is not expanded first."""
    with pytest.raises(ValueError, match=r"write|not a host|files are"):
        expand(text)


@pytest.mark.parametrize(
    "text",
    [
        "n[1-2]1111111111111111x[03-04/2]^a",  # an assertion of ClusterShell
        "n[1-2]99999999999999999999",
        "n[1-9]" * 20,  # more than an index can be
        "n[0-9]" * 6 + "!x",
        "n[1-99999]m[1-99999]",
        "n[0-999999999]",
        "n[1-1000000/20]",
        "n[[1-2]]",
        "n[1-[2-3]]",
        "n[1-2/0]",
        "n[1--3]",
        "^" * 1000,
        "n[1" * 1000,
        "n" + "9" * 5000,  # more digits than Python converts
        f"n[1-{'9' * 5000}]",
    ],
    ids=lambda text: f"{len(text)} characters: {text[:20]}",
)
def test_what_clustershell_cannot_count_is_rejected_in_one_line(text):
    """Whatever error it ends in; the message says what is wrong, and what to write."""
    with pytest.raises(ValueError, match=r"^(is not|contains|expands|has) [^\n]{1,300}$") as found:
        expand(text)

    assert "write" in str(found.value)


def group_source(tmp_path, **groups):
    """Return a resolver of these groups."""
    lines = [f"{name}: {nodes}" for name, nodes in groups.items()]
    (tmp_path / "groups.yaml").write_text("\n".join(["all:", *(f"  {one}" for one in lines), ""]))
    config = tmp_path / "groups.conf"
    config.write_text(f"[Main]\ndefault: all\nautodir: {tmp_path}\n")
    return GroupResolverConfig([str(config)])


@pytest.mark.parametrize(
    ("nodes", "message"),
    [("'@a'", "itself"), ("'n[1-9]n[1-9]n[1-9]n[1-9]n[1-9]n[1-9]'", "531441 nodes")],
)
def test_a_group_is_expanded_no_further_than_a_node_set(tmp_path, nodes, message):
    """Its nodes come from a file or a program of the site."""
    with pytest.raises(ValueError, match=message):
        expand("@a", group_source(tmp_path, a=nodes))


def test_blanks_cost_no_more_than_other_characters():
    """A hundred thousand of them took minutes."""
    assert ("a", "b") == expand("a" + " " * 100_000 + "b")


@given(st.text(st.sampled_from("n12-[],!&^/@: 0%")))
def test_any_text_of_their_characters_is_expanded_or_rejected(text):
    """No exception other than ValueError is raised."""
    test_any_text_is_expanded_or_rejected.hypothesis.inner_test(text)


@given(st.text())
def test_any_text_is_expanded_or_rejected(text):
    """No exception other than ValueError is raised."""
    try:
        hosts = expand(text)
    except ValueError:
        return
    assert hosts


@given(st.sets(st.from_regex(r"[a-z]{1,3}[0-9]{0,3}(-[a-z0-9]{1,2})?", fullmatch=True), min_size=1))
def test_folded_hosts_expand_to_the_same_hosts(hosts):
    """No host is lost or added."""
    assert hosts == set(expand(fold(hosts)))


@pytest.mark.parametrize("name", ["n^", "n&2", "@n", "n[1-999999999]", "n[", "n\n1", "²", "a b"])
def test_what_is_no_name_is_not_folded(name):
    """Slurm may report it: its operators are no operators, its ranges fill no memory."""
    assert ",".join(sorted([name, "z1", "z2"])) == fold([name, "z1", "z2"])


def test_ipv6_addresses_are_not_folded():
    """Brackets around them have another meaning."""
    assert "::1,::2" == fold(["::2", "::1"])


def items(*hosts):
    """Return something with a host and a port."""
    return [SimpleNamespace(host=host, name=f"{host}:9888") for host in hosts]


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ([], ["n1.x", "n2.x", "n3"]),
        ([("n1", "n3")], ["n1.x", "n3"]),
        ([("n3",), ("n1",)], ["n1.x", "n3"]),
        ([("n2.x",)], ["n2.x"]),
        ([("n3:9888",)], ["n3"]),
    ],
)
def test_items_are_selected_by_host(hosts, expected):
    """By the full name, the short one, or with the port; without node sets, all are selected."""
    found = select(items("n1.x", "n2.x", "n3"), hosts, "the file")

    assert expected == [item.host for item in found]


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        (("n1", "m1", "m2"), f"m[1-2] are {NOT_AMONG}"),
        (("node002",), f"node002 is {NOT_AMONG}{DID_YOU_MEAN.format(name='node001')}"),
        (("n1:9889",), f"n1:9889 is {NOT_AMONG}"),
    ],
)
def test_an_unknown_host_is_an_error(hosts, message):
    """A mistyped name never makes a result look complete."""
    error = re.escape(message.format(source="the file"))
    with pytest.raises(UsageError, match=f"^{error}$"):
        select(items("n1", "node001"), [hosts], "the file")
