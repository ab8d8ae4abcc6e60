"""Node sets: with groups, from files, as a person writes them."""

import re
import sys

import pytest
from ClusterShell.NodeSet import ILLEGAL_GROUP_CHARS, NodeSet
from ClusterShell.NodeUtils import GroupResolverConfig
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.config.node_set_files import machine_configs, parse_hosts
from fructosa_bridge.config.node_sets import folded, unfolded
from fructosa_bridge.config.select import pick
from fructosa_service.errors import UsageError

_GROUPS = """\
[Main]
default: local
[local]
map: case "$GROUP" in compute) echo "node[1-3]";; odd) echo "a/b";; none) ;; *) exit 1;; esac
list: echo compute
[loop]
map: echo @loop:again
"""


@pytest.fixture
def groups(tmp_path):
    """Groups of a machine whose groups.conf has a few."""
    config = tmp_path / "groups.conf"
    config.write_text(_GROUPS)
    return GroupResolverConfig([str(config)], ILLEGAL_GROUP_CHARS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@compute", "node[1-3]"),
        ("@local:compute", "node[1-3]"),
        ("@compute, io1", "io1,node[1-3]"),
        ("@compute!node2", "node[1,3]"),
        ("@compute ! node2", "node[1,3]"),
        ("node[1-9] & @compute", "node[1-3]"),
        ("@compute ^ node[3-4]", "node[1-2,4]"),
        ("node*", "node[1-3]"),
    ],
)
def test_a_group_stands_for_its_nodes(groups, text, expected):
    """Alone, or with ClusterShell's operators, also where spaces stand around these."""
    assert expected == str(NodeSet.fromlist(parse_hosts(text, groups)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@nosuch", "names @nosuch, which is no group here, or its command fails; see groups.conf"),
        ("@other:x", "names a group of other, which is no source of groups here; write it into"),
        ("@none", "names no nodes; write a group that has some"),
        ("@odd", "'a/b', which is not a valid host"),
        ("@loop:again", "holds itself|which is no group here"),
        ("node1!node1", "names 0 nodes"),
        ("@a;reboot", "names @a;reboot, which is no group here"),
    ],
)
def test_a_group_that_gives_no_nodes_is_refused(groups, text, said):
    """With the reason, and what to do."""
    with pytest.raises(ValueError, match=said):
        parse_hosts(text, groups)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, "names a group, and this machine has none; write them into /etc/clustershell"),
        ("[Main]\ndefault: lost\n", "groups.conf is wrong .*lost.*; mend it"),
    ],
)
def test_a_machine_without_groups_says_so(tmp_path, config, said):
    """No groups.conf, or a broken one, is told as such."""
    path = tmp_path / "groups.conf"
    if config is not None:
        path.write_text(config)
    missing = GroupResolverConfig([str(path)], ILLEGAL_GROUP_CHARS)

    with pytest.raises(ValueError, match=said):
        parse_hosts("@compute", missing)


def test_example_groups_of_the_library_are_no_groups():
    """pip installs some beside Python; they would hide those of /etc/clustershell."""
    own = ["/etc/clustershell/groups.conf", "/home/me/.config/clustershell/groups.conf"]
    examples = [
        f"{sys.prefix}/etc/clustershell/groups.conf",
        "/home/me/.local/etc/clustershell/groups.conf",
    ]

    assert own == machine_configs([own[0], *examples, own[1]])


def test_a_file_names_nodes(tmp_path, groups):
    """A node set a line, or several, with comments; each node once, in the order of the file."""
    path = tmp_path / "nodes"
    path.write_bytes(
        b"\xef\xbb\xbf# ours\r\nz1  # the old one\r\n\r\nnode[1-2], a1 b1\n@compute!node2\nz1\n::1"
    )

    assert ("z1", "a1", "b1", "node1", "node2", "node3", "::1") == parse_hosts(str(path), groups)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "names no nodes; write a node set a line"),
        (b"# nothing\n", "names no nodes"),
        (b"n1\nnode[1-\n", r"holds 'node\[1-' in line 2, which is no node set"),
        (b"n1\n\n@nosuch\n", "holds '@nosuch' in line 3, which names @nosuch, which is no group"),
        (b"n[1-99999999]\n", "in line 1, which names too many nodes"),
        (b"a[1-60000]\nb[1-60000]\n", "names more than 100000 nodes"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"\0" * 100, "in line 1, which"),
    ],
)
def test_a_file_that_names_no_nodes_is_refused(tmp_path, groups, content, said):
    """With the line where it is wrong."""
    path = tmp_path / "nodes"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=said):
        parse_hosts(str(path), groups)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/no/such/file", "can't be read: No such file or directory; check the path"),
        ("/", "is no file; name one"),
        ("/dev/zero", "is no file; name one"),
    ],
)
def test_what_is_no_file_is_refused(groups, path, said):
    """It is never waited for, nor read without an end."""
    with pytest.raises(ValueError, match=said):
        parse_hosts(path, groups)


@given(st.sets(st.from_regex(r"[a-z]{1,3}[0-9]{0,3}(-[a-z0-9]{1,2})?", fullmatch=True), min_size=1))
def test_what_is_folded_unfolds_again(hosts):
    """No node is lost or made up."""
    assert hosts == set(unfolded(folded(hosts)))


def test_addresses_with_colons_are_not_folded():
    """Brackets around them mean something else."""
    assert "::1,::2" == folded(["::2", "::1"])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(None, ["n1.x", "n2.x", "n3"]), (("n1", "n3"), ["n1.x", "n3"]), (("n2.x",), ["n2.x"])],
)
def test_some_nodes_are_picked(wanted, expected):
    """By their names, with or without the domain; all where nothing is said."""
    assert expected == pick(["n1.x", "n2.x", "n3"], wanted, str, "the file")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (("n1", "m1", "m2"), "m[1-2] are not among the nodes of the file"),
        (("node002",), "node002 is not among the nodes of the file; did you mean node001?"),
    ],
)
def test_a_node_that_is_not_known_is_told(wanted, said):
    """A mistyped name never makes an answer look complete."""
    with pytest.raises(UsageError, match=f"^{re.escape(said)}$"):
        pick(["n1", "node001"], wanted, str, "the file")
