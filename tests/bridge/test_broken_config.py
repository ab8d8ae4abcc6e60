"""What lmaster says of configuration files that can't be used: one right line for each mistake."""

import pytest

from fructosa_bridge import cli

NODES = "[nodes:a]\nhosts = n1\n"
NO_SECTION = "is no section of this file"
NO_KEY = "is no key of this section"
LABEL = "is not how this section is written; write [nodes:NAME]"
NO_SET = "is no node set"
NO_PREFIX = "is no prefix; write letters, digits, _ and - with dots between, e.g. cluster"
NO_PATH = "is not an absolute path; write it from the root, e.g. /var/lib/fructosa"
NO_HOST = "which is not a host; write a name or an address, e.g. localhost"
SEVERAL = """\
[lmaster]
port = x
[node:a]
[nodes]
[nodes:b]
interval = 0
sensor = CPUPercent
[Graphite]
protocol = picle
"""

# Each: what it is, the file, and what is said of it, from the line number on.
BROKEN = [
    # Sections.
    ("section misspelt", "[lmastr]", f":1: [lmastr]: {NO_SECTION}; did you mean lmaster?"),
    ("section of lagent.conf", "[sensor:Users]", f":1: [sensor:Users]: {NO_SECTION}"),
    ("section in another spelling", "[graphit]", "did you mean Graphite?"),
    ("a default section", "[DEFAULT]\nport = 1", f":1: [DEFAULT]: {NO_SECTION}"),
    ("nodes without a label", "[nodes]\nhosts = n1", f":1: [nodes]: {LABEL}"),
    ("nodes with an empty label", "[nodes:]\nhosts = n1", f":1: [nodes:]: {LABEL}"),
    ("node instead of nodes", "[node:a]\nhosts = n1", "did you mean nodes?"),
    ("a label too many", "[Graphite:a]", ":1: [Graphite:a]: is not how this section is written"),
    ("nodes twice", NODES + NODES, ":3: [nodes:a] stands twice; keep one of the two sections"),
    ("nodes in two spellings", NODES + "[Nodes:a]\nhosts = n2", ":3: [Nodes:a]: stands twice"),
    # Keys.
    (
        "hosts missing",
        "[nodes:a]\nport = 1",
        ":1: [nodes:a] hosts: is missing; write hosts = node[",
    ),
    ("hosts misspelt", NODES + "hots = n2", f":3: [nodes:a] hots: {NO_KEY}; did you mean hosts?"),
    (
        "key misspelt",
        NODES + "intervall = 1",
        f":3: [nodes:a] intervall: {NO_KEY}; did you mean int",
    ),
    ("key of another section", NODES + "maxBytes = 1", f":3: [nodes:a] maxBytes: {NO_KEY}"),
    ("underscores for blanks", "[lmaster]\ndata_directory = /x", "did you mean data directory?"),
    ("key of the agent", "[lmaster]\ntime_interval = 1", f"[lmaster] time_interval: {NO_KEY}"),
    ("key twice", NODES + "hosts = n2", ":3: [nodes:a] hosts: is set twice in this section"),
    # Node sets.
    ("no nodes", "[nodes:a]\nhosts =", ":2: [nodes:a] hosts: '' names 0 nodes"),
    ("bracket not closed", "[nodes:a]\nhosts = n[1-3", f":2: [nodes:a] hosts: 'n[1-3' {NO_SET}"),
    ("bracket not opened", "[nodes:a]\nhosts = n1-3]", NO_SET),
    ("range without an end", "[nodes:a]\nhosts = n[1-]", NO_SET),
    ("range backwards", "[nodes:a]\nhosts = n[5-1]", NO_SET),
    ("range of letters", "[nodes:a]\nhosts = n[a-c]", NO_SET),
    ("too many nodes", "[nodes:a]\nhosts = n[1-999999999]", "names too many nodes; write at most"),
    ("too many nodes in all", "[nodes:a]\nhosts = a[1-999]b[1-999]", "names 998001 nodes"),
    ("comma too many", "[nodes:a]\nhosts = a,,b", NO_SET),
    ("a slash", "[nodes:a]\nhosts = a/b", f"holds 'a/b', {NO_HOST}"),
    ("a URL", "[nodes:a]\nhosts = http://n1", "[nodes:a] hosts: 'http://n1'"),
    ("a port behind the host", "[nodes:a]\nhosts = n1:9888", f"holds 'n1:9888', {NO_HOST}"),
    ("no address", "[nodes:a]\nhosts = 300.0.0.1", f"holds '300.0.0.1', {NO_HOST}"),
    # Numbers.
    ("interval in words", NODES + "interval = often", "'often' is not a whole number of seconds"),
    ("interval with a unit", NODES + "interval = 10s", "'10s' is not a whole number of seconds"),
    ("interval with a fraction", NODES + "interval = 0.5", "is not a whole number of seconds"),
    ("interval of nothing", NODES + "interval = 0", "out of range; write from 1 to 86400 seconds"),
    ("interval below zero", NODES + "interval = -10", "write from 1 to 86400 seconds"),
    ("interval of a week", NODES + "interval = 604800", "write from 1 to 86400 seconds"),
    ("timeout of nothing", NODES + "timeout = 0", "write from 0.05 to 3600 seconds"),
    ("timeout in words", NODES + "timeout = never", "'never' is not a number of seconds"),
    (
        "timeout longer than the interval",
        NODES + "interval = 2\ntimeout = 3",
        ":4: [nodes:a] timeout: 3 s is longer than the interval of 2 s; lower the timeout or",
    ),
    ("timeout longer than the default", NODES + "timeout = 11", "longer than the interval of 10 s"),
    ("port in words", NODES + "port = http", "'http' is not a port number; write e.g. 9888"),
    ("port too high", NODES + "port = 98888", "'98888' is out of range; write from 0 to 65535"),
    ("port of the page", "[lmaster]\nport = -1", ":2: [lmaster] port: '-1' is out of range"),
    ("queue too short", "[lmaster]\nqueue points = 5", "write at least 1000 points"),
    ("queue without a number", "[lmaster]\nqueue points = many", "not a whole number of points"),
    ("no samples allowed", "[lmaster]\nsample limit = 0", "write at least 1 samples"),
    ("pickle port", "[Graphite]\ncarbon receiver pickle port = x", "'x' is not a port number"),
    ("plaintext port", "[Graphite]\ncarbon receiver port = 1.5", "'1.5' is not a port number"),
    # Words.
    ("send perhaps", "[Graphite]\nsend = perhaps", "'perhaps' is neither yes nor no"),
    ("protocol misspelt", "[Graphite]\nprotocol = picle", "is none of pickle, plaintext; did you"),
    ("protocol unknown", "[Graphite]\nprotocol = udp", "'udp' is none of pickle, plaintext"),
    ("host with a port", "[Graphite]\nhost = carbon:2004", "'carbon:2004' is not a host"),
    ("host of two words", "[lmaster]\nhost = my host", "'my host' is not a host"),
    ("data in a relative place", "[lmaster]\ndata directory = data", f"'data' {NO_PATH}"),
    ("whisper nowhere", "[Graphite]\nwhisper directory =", "'' is no value"),
    ("prefix with a slash", "[Graphite]\nprefix = a/b", f"'a/b' {NO_PREFIX}"),
    ("prefix with a dot at its end", "[Graphite]\nprefix = a.", NO_PREFIX),
    ("prefix with a star", NODES + "prefix = *", f":3: [nodes:a] prefix: '*' {NO_PREFIX}"),
    ("prefix that climbs", "[Graphite]\nprefix = ../..", NO_PREFIX),
    ("level misspelt", "[logging]\nlevel = INOF", "did you mean INFO?"),
    ("bytes of letters", "[logging]\nmaxBytes = 1G", "'1G' is not a whole number of bytes"),
    # The file itself.
    ("not UTF-8", b"[lmaster]\n# \xe4\n", ":2: is not UTF-8 text; save the file as UTF-8"),
    ("zeros", b"[lmaster]\nhost = \0\n", ":2: holds a NUL byte"),
    ("garbage", bytes(range(32, 127)) * 200, "stands before the first section"),
    ("XML", "<config/>", ":1: '<config/>' stands before the first section"),
]


def check(path, capsys):
    """Run `lmaster check` on a file; return its exit code and what it printed as errors."""
    code = cli.main(["check", "-c", str(path)])
    out, err = capsys.readouterr()
    assert out == ""
    return code, err


@pytest.mark.parametrize(
    ("content", "message"), [pytest.param(text, said, id=what) for what, text, said in BROKEN]
)
def test_a_broken_file_is_refused_with_a_line_for_each_mistake(tmp_path, capsys, content, message):
    """File, line, section, key, what was found, what to write; and exit code 2."""
    path = tmp_path / "lmaster.conf"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    code, err = check(path, capsys)

    assert code == 2
    (line,) = err.splitlines()
    assert line.startswith(f"{path}:")
    assert message in line
    assert len(line) < 500


def test_there_are_more_than_a_hundred_kinds_with_those_of_the_agent():
    """Each is another mistake."""
    from tests.exporter.test_broken_config import BROKEN as OF_THE_AGENT

    kinds = {(what, text) for what, text, *_ in [*BROKEN, *OF_THE_AGENT]}
    assert len(kinds) == len(BROKEN) + len(OF_THE_AGENT)
    assert len(kinds) > 100


def test_all_mistakes_are_told_at_once(tmp_path, capsys):
    """In the order of their lines."""
    path = tmp_path / "lmaster.conf"
    path.write_text(SEVERAL)

    code, err = check(path, capsys)

    assert code == 2
    lines = [int(line.removeprefix(f"{path}:").partition(":")[0]) for line in err.splitlines()]
    assert [2, 3, 4, 5, 6, 7, 9] == lines


@pytest.mark.parametrize(
    "sections",
    [
        "[nodes:a]\nhosts = n1.east, n1.west\n",
        "[nodes:a]\nhosts = n1\n[nodes:b]\nhosts = n1\nport = 9100\n",
        "[nodes:a]\nhosts = n1\n[nodes:b]\nhosts = n1.west\n",
    ],
)
def test_two_pages_with_one_path_are_refused(tmp_path, capsys, sections):
    """They would write over each other's points."""
    path = tmp_path / "lmaster.conf"
    path.write_text(sections)

    code, err = check(path, capsys)

    assert code == 2
    assert "would both be 'n1' in Graphite; give one of them" in err


def test_a_file_that_is_not_there_is_told(tmp_path, capsys):
    """The one that was asked for must exist."""
    path = tmp_path / "lmaster.conf"

    assert check(path, capsys) == (
        2,
        f"{path}: can't be read: No such file or directory; check the path and its permissions\n",
    )


def test_an_old_file_without_nodes_is_right_but_says_so(tmp_path, capsys):
    """FrUCToSA 0.x knew no list of nodes."""
    path = tmp_path / "lmaster.conf"
    path.write_text("[lmaster]\nhost = localhost\nincoming data port = 7888\n")

    code = cli.main(["check", "-c", str(path)])

    out, err = capsys.readouterr()
    assert code == 0
    assert "ok, but it names no nodes; add a [nodes:NAME] section" in out
    assert err.count("warning: ") == 1
    assert "[lmaster] incoming data port (line 3)" in err
