"""Files with the names of nodes in Graphite."""

import pytest

from fructosa_bridge.config.node_names import (
    HOST_TWICE,
    NAME_TWICE,
    NOT_A_NAME,
    NOT_TWO_COLUMNS,
    UNKNOWN_HOSTS,
    WITHOUT_PATHS,
    parse_names,
)
from fructosa_bridge.config.settings import read_config
from fructosa_bridge.config.targets import SAME_PATH, section_targets
from fructosa_service.config.kinds import NOT_A_HOST
from fructosa_service.config.path_kind import NOT_ABSOLUTE
from fructosa_service.errors import CAN_NOT_BE_READ, DID_YOU_MEAN, ConfigError, UsageError

from ..slurm_nodes import node_list, record

CONFIG = "[nodes:a]\nhosts = node[1-3],fd00::1\nnames = {names}\n"


@pytest.fixture
def names(tmp_path):
    """A function that writes a file of names and returns its path."""

    def write(text):
        path = tmp_path / "names"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def configured(tmp_path):
    """A function that reads an lmaster.conf from its text."""

    def read(text):
        path = tmp_path / "lmaster.conf"
        path.write_text(text)
        return read_config(path)

    return read


def problem(configured, text):
    """Return what is reported about a configuration, without the file."""
    with pytest.raises(ConfigError) as caught:
        configured(text)
    (found,) = caught.value.problems
    return found


def test_a_node_has_the_name_of_its_line(names, configured):
    """Blank lines and comments are skipped; a node without a line has its own name."""
    path = names("# host  name\n\nnode1 n1 # the first\n\tfd00::1   six_1\n\nnode3\tNode-3\n")

    config = configured(f"{CONFIG.format(names=path)}[Graphite]\nprefix = p\n")
    targets = section_targets(config.nodes, config.graphite.prefix)

    expected = {"node1": "p.n1", "node2": "p.node2", "node3": "p.Node-3", "fd00::1": "p.six_1"}
    assert expected == {one.host: one.graphite_path for one in targets}


def test_a_file_without_names_changes_nothing(names, configured):
    """It may be filled later."""
    config = configured(CONFIG.format(names=names("\n# none yet\n")))

    assert "node1" == config.nodes["a"].name("node1")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("node1", f"contains 'node1' in line 3, which {NOT_TWO_COLUMNS}"),
        ("node1 n1 n2", f"contains 'node1 n1 n2' in line 3, which {NOT_TWO_COLUMNS}"),
        ("node1,n1", f"contains 'node1,n1' in line 3, which {NOT_TWO_COLUMNS}"),
        ("node[1-2] n1", f"contains 'node[1-2]' in line 3, which {NOT_A_HOST}"),
        ("node1 n1.cluster", f"contains 'n1.cluster' in line 3, which {NOT_A_NAME}"),
        ("node1 ../n1", f"contains '../n1' in line 3, which {NOT_A_NAME}"),
        ("node1 a\u00f1o", f"contains 'a\u00f1o' in line 3, which {NOT_A_NAME}"),
        (f"node1 {'n' * 300}", f"contains '{'n' * 79}…' in line 3, which {NOT_A_NAME}"),
        ("node2 n1", HOST_TWICE.format(host="node2", first=1, second=3)),
        ("node1 n2", NAME_TWICE.format(one="node2", first=1, other="node1", second=3, name="n2")),
    ],
)
def test_a_wrong_line_is_reported_with_its_file_and_number(names, configured, line, message):
    """The line of lmaster.conf is that of the key."""
    path = names(f"node2 n2\n\n{line}\n")

    found = problem(configured, CONFIG.format(names=path))

    assert (3, "nodes:a", "names") == (found.line, found.section, found.key)
    assert f"'{path}' {message}" == found.message


def test_a_host_that_is_not_listed_is_an_error(names, configured):
    """It may be misspelled, and its history would end."""
    path = names("node1 n1\nnode11 n11\n")

    found = problem(configured, CONFIG.format(names=path))

    expected = UNKNOWN_HOSTS.format(hosts="node11", line=2) + DID_YOU_MEAN.format(name="node1")
    assert f"'{path}' {expected}" == found.message
    assert ("nodes:a", "names") == (found.section, found.key)


def test_several_unknown_hosts_are_reported_together(names, configured):
    """As a node set, with the line of the first."""
    path = names("node1 n1\nold2 a\nold3 b\n")

    found = problem(configured, CONFIG.format(names=path))

    assert UNKNOWN_HOSTS.format(hosts="old[2-3]", line=2) in found.message


def test_several_sections_may_share_a_file(names, configured):
    """It has to have only hosts of one of them."""
    path = names("node1 n1\nio1 storage\n")

    config = configured(f"{CONFIG.format(names=path)}[nodes:io]\nhosts = io1\nnames = {path}\n")

    assert "storage" == config.nodes["io"].name("io1")


def test_slurms_nodes_have_names_too(names, configured):
    """By NodeName. Which hosts they are is not known when the file is read."""
    nodes = configured(
        "[slurm]\n[nodes:a]\nhosts = @slurm\n"
        f"names = {names(chr(10).join(['node1 old1', 'node9 old9']))}\n"
    ).nodes
    listed = node_list(record("node1", address="10.0.0.1"), record("node2"))

    found = section_targets(nodes, None, slurm=listed)

    assert ["old1", "node2"] == [target.graphite_path for target in found]


def test_a_name_that_another_node_has_is_an_error(names, configured):
    """Both nodes would write to the same paths."""
    config = configured(CONFIG.format(names=names("node1 node2\n")))

    with pytest.raises(UsageError) as caught:
        section_targets(config.nodes, None)

    expected = SAME_PATH.format(one="node1:9888", other="node2:9888", path="node2")
    assert expected == str(caught.value)


def test_names_without_paths_are_an_error(names, configured):
    """With tags, a node is known by its host and port."""
    text = f"{CONFIG.format(names=names('node1 n1'))}[Graphite]\nnaming = tagged\n"

    assert WITHOUT_PATHS == problem(configured, text).message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names", NOT_ABSOLUTE),
        ("/nonexistent/names", CAN_NOT_BE_READ.format(reason="No such file or directory")),
        ("/", "is not a file; name a file with a host and its name per line"),
        ("/dev/null", "is not a file"),
    ],
)
def test_what_is_not_a_readable_file_is_rejected(text, message):
    """As for a file of hosts."""
    with pytest.raises(ValueError, match=message):
        parse_names(text)
