"""The hosts of a section: node sets with groups, and files of them."""

import sys

import pytest
from ClusterShell.NodeSet import ILLEGAL_GROUP_CHARS, NodeSet
from ClusterShell.NodeUtils import GroupResolverConfig

from fructosa_bridge.config.hosts import machine_configs, parse_hosts
from fructosa_bridge.config.node_sets import INVALID

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
    """The resolver of a groups.conf with a few groups."""
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
def test_a_group_expands_to_its_nodes(groups, text, expected):
    """With ClusterShell's operators too, with or without spaces around them."""
    assert expected == str(NodeSet.fromlist(parse_hosts(text, groups)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@nosuch", "contains @nosuch, which is not a group"),
        ("@other:x", "a group of the source other, which is not defined"),
        ("@none", "contains no nodes; check the groups"),
        ("@odd", "contains 'a/b', which is not a valid host"),
        ("@loop:again", "contains itself|which is not a group"),
        ("node1!node1", "contains 0 nodes"),
        ("@a;reboot", "contains @a;reboot, which is not a group"),
    ],
)
def test_a_group_without_valid_nodes_is_rejected(groups, text, message):
    """The message has the reason."""
    with pytest.raises(ValueError, match=message):
        parse_hosts(text, groups)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "this machine has no groups; define them in /etc/clustershell"),
        ("[Main]\ndefault: lost\n", "groups.conf is invalid .*lost"),
    ],
)
def test_a_group_on_a_machine_without_groups_is_rejected(tmp_path, config, message):
    """A missing groups.conf and a broken one have different messages."""
    path = tmp_path / "groups.conf"
    if config is not None:
        path.write_text(config)
    missing = GroupResolverConfig([str(path)], ILLEGAL_GROUP_CHARS)

    with pytest.raises(ValueError, match=message):
        parse_hosts("@compute", missing)


def test_the_example_groups_of_clustershell_are_ignored():
    """pip installs them beside Python, where they would hide those of /etc/clustershell."""
    own = ["/etc/clustershell/groups.conf", "/home/me/.config/clustershell/groups.conf"]
    examples = [
        f"{sys.prefix}/etc/clustershell/groups.conf",
        "/home/me/.local/etc/clustershell/groups.conf",
    ]

    assert own == machine_configs([own[0], *examples, own[1]])


def test_a_file_lists_nodes(tmp_path, groups):
    """Node sets and comments, in the order of the file and without duplicates."""
    path = tmp_path / "nodes"
    path.write_bytes(
        b"\xef\xbb\xbf# ours\r\nz1  # the old one\r\n\r\nnode[1-2], a1 b1\n@compute!node2\nz1\n::1"
    )

    assert ("z1", "a1", "b1", "node1", "node2", "node3", "::1") == parse_hosts(str(path), groups)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "contains no nodes; write one node set per line"),
        (b"# nothing\n", "contains no nodes"),
        (b"n1\nnode[1-\n", rf"contains 'node\[1-' in line 2, which {INVALID}"),
        (b"n1\n\n@nosuch\n", "contains '@nosuch' in line 3, which contains @nosuch, which is not"),
        (b"n[1-99999999]\n", "in line 1, which expands to too many nodes"),
        (b"a[1-60000]\nb[1-60000]\n", "contains more than 100000 nodes"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"\0" * 100, "in line 1, which"),
    ],
)
def test_a_file_without_valid_nodes_is_rejected(tmp_path, groups, content, message):
    """The message has the line."""
    path = tmp_path / "nodes"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=message):
        parse_hosts(str(path), groups)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/no/such/file", "cannot be read: No such file or directory; check the path"),
        ("/", "is not a file"),
        ("/dev/zero", "is not a file"),
    ],
)
def test_a_path_that_is_not_a_file_is_rejected(groups, path, message):
    """A device is not opened, because reading it could block or never end."""
    with pytest.raises(ValueError, match=message):
        parse_hosts(path, groups)
