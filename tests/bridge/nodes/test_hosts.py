"""The hosts of a section: node sets with groups, and files of them."""

import re
import sys

import pytest
from ClusterShell.NodeSet import ILLEGAL_GROUP_CHARS, NodeSet
from ClusterShell.NodeUtils import GroupResolverConfig
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.nodes.host_hints import HAS_PORT, LIKE_A_FILE
from fructosa_bridge.nodes.hosts import (
    HOSTS,
    SlurmHosts,
    machine_configs,
    parse_hosts,
    parse_nodes,
)
from fructosa_bridge.nodes.node_sets import INVALID, MAX_NODES
from fructosa_bridge.nodes.slurm_nodes import NO_NODES, ListedNode, NodeList
from fructosa_service.errors import CAN_NOT_BE_READ

from ..slurm_nodes import node_list, record

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
        ("@odd", "contains 'a/b', which looks like a file"),
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
        (b"n1\nn2:99\n", f"in line 2, which {HAS_PORT.format(host='n2', port=99)}"),
        (b"more.txt\n", "in line 1, which looks like a file"),
    ],
)
def test_a_file_without_valid_nodes_is_rejected(tmp_path, groups, content, message):
    """The message has the line."""
    path = tmp_path / "nodes"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=re.escape(message) if "[nodes" in message else message):
        parse_hosts(str(path), groups)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/no/such/file", CAN_NOT_BE_READ.format(reason="No such file or directory")),
        ("/", "is not a file"),
        ("/dev/zero", "is not a file"),
    ],
)
def test_a_path_that_is_not_a_file_is_rejected(groups, path, message):
    """A device is not opened, because reading it could block or never end."""
    with pytest.raises(ValueError, match=message):
        parse_hosts(path, groups)


@pytest.fixture
def nodes_txt(tmp_path, monkeypatch):
    """A file of nodes in the current directory."""
    path = tmp_path / "nodes.txt"
    path.write_text("n[1-2]\n")
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.parametrize("text", ["nodes.txt", "./nodes.txt", " nodes.txt\n"])
def test_a_configuration_does_not_depend_on_the_current_directory(nodes_txt, text, groups):
    """The message has the absolute path of the file."""
    with pytest.raises(ValueError, match=LIKE_A_FILE.format(path=nodes_txt)):
        parse_hosts(text, groups)


@pytest.mark.parametrize("text", ["nodes.txt", "./nodes.txt"])
def test_an_argument_may_have_a_relative_path(nodes_txt, text):
    """As arguments of other programs."""
    assert ("n1", "n2") == parse_nodes(text)


NODES = node_list(record("node1", "gpu", address="10.0.0.1"), record("node2"), record("node4"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@slurm", {"node1": "10.0.0.1", "node2": "node2", "node4": "node4"}),
        ("@slurm:gpu,login1", {"node1": "10.0.0.1", "login1": None}),
        ("@slurm & @compute", {"node1": "10.0.0.1", "node2": "node2"}),
        ("@compute ! @slurm", {"node3": None}),
    ],
)
def test_slurms_nodes_have_the_addresses_of_slurm(groups, text, expected):
    """What Slurm does not list is reached by its name."""
    assert expected == parse_hosts(text, groups).resolve(NODES, groups)


def test_slurms_nodes_are_not_known_before_there_is_a_list(groups):
    """Then the other nodes are the only ones."""
    found = parse_hosts("@slurm,login1", groups)

    assert isinstance(found, SlurmHosts)
    assert {"login1": None} == found.resolve(NO_NODES, groups)
    assert "@slurm,login1" == HOSTS.show(found)


@pytest.mark.parametrize("text", ["@slurm!@nosuch", "@slurm!node[1-", "@slurm,a%b", "@slurm!"])
def test_the_other_parts_of_a_set_with_slurm_are_checked_at_once(groups, text):
    """As without @slurm."""
    with pytest.raises(ValueError, match="is not"):
        parse_hosts(text, groups)


def test_a_file_may_contain_slurm(tmp_path, groups):
    """Its other lines stay as they are; a mistake has its line."""
    path = tmp_path / "nodes"
    path.write_text("login1\n@slurm:gpu # ours\n")

    found = parse_hosts(str(path), groups)
    path.write_text("@slurm\n\n@slurm!@nosuch\n")

    assert {"login1": None, "node1": "10.0.0.1"} == found.resolve(NODES, groups)
    with pytest.raises(ValueError, match="contains '@slurm!@nosuch' in line 3, which contains"):
        parse_hosts(str(path), groups)


def test_slurm_may_not_have_too_many_nodes(groups):
    """They would fill the memory."""
    listed = [ListedNode(f"n{number}", f"n{number}", f"n{number}") for number in range(MAX_NODES)]

    with pytest.raises(ValueError, match=f"more than {MAX_NODES} nodes"):
        parse_hosts("@slurm,login1", groups).resolve(NodeList(listed), groups)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n[1-2]", ("n1", "n2")),
        ("n1:9888", ("n1:9888",)),
        ("[fd77::1]:9888", ("[fd77::1]:9888",)),
        ("fd77::1", ("fd77::1",)),
    ],
)
def test_an_argument_is_a_node_set_or_a_node_with_its_port(text, expected):
    """So a line of `lmaster nodes` can be copied."""
    assert expected == parse_nodes(text)


@given(st.text())
def test_any_argument_is_parsed_or_rejected(text):
    """No exception other than ValueError is raised."""
    for parse in (parse_hosts, parse_nodes):
        try:
            hosts = parse(text)
        except ValueError:
            continue
        assert hosts


@pytest.mark.parametrize("zone", ["$(id)", "eth0;id", "`id`", "-oX", "a\r\nX:", "\0"])
@pytest.mark.parametrize("form", ["{}", "n1,{}", "[{}]", "[{}]:9888"])
def test_an_address_whose_scope_is_no_interface_is_no_host_anywhere(tmp_path, groups, zone, form):
    """In a node set, a file, and as an argument: it would reach ssh and headers."""
    text = form.format(f"fe80::1%{zone}")
    file = tmp_path / "nodes.txt"
    file.write_bytes(text.encode())

    for parse in (parse_hosts, lambda one, _: parse_nodes(one)):
        for one in (text, str(file)):
            with pytest.raises(ValueError, match=r"write|is not a host"):
                parse(one, groups)
