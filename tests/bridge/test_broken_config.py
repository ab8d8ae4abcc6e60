"""Invalid lmaster.conf files: `lmaster check` reports each mistake in a line.

tests/service/config has the cases for the syntax and for the kinds of values that both daemons
share, tests/bridge/config those for each kind of lmaster's own.
"""

import re
from pathlib import Path

import pytest

from fructosa_bridge import cli
from fructosa_bridge.config.agents_settings import CONNECT_TIMEOUT_TOO_LONG
from fructosa_bridge.config.nodes_settings import TIMEOUT_TOO_LONG, WITHOUT_TLS
from fructosa_bridge.config.settings import (
    OTHER_PATHS,
    SCHEMA,
    GraphiteSettings,
    MasterSettings,
    read_config,
)
from fructosa_bridge.config.targets import SAME_PATH
from fructosa_service.config.kinds import NOT_A_NUMBER
from fructosa_service.config.load import MISSING, OBSOLETE, UNKNOWN_KEY
from fructosa_service.config.settings import options_of
from fructosa_service.errors import CAN_NOT_BE_READ, USE_ONE_OF
from fructosa_service.logs import LoggingSettings

NODES = "[nodes:a]\nhosts = n1\n"
TLS = f"{NODES}tls = yes\n"
NO_HOSTS = MISSING.format(key="hosts", example="node[001-128]")
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

# The typical file of 0.x, as its introduction showed it.
OLD = """\
[lmaster]
host = localhost
incoming data port = 7888

[Graphite]
host = localhost
carbon receiver pickle port = 2004

[logging]
filename = /tmp/lmaster.log
maxBytes = 1073741824
backupCount = 10
level = DEBUG
"""

PICKLE = "[Graphite]\ncarbon receiver pickle port"
PLAINTEXT = "[Graphite]\ncarbon receiver port"


def a_port(example):
    """Return the message for what is not a port, with the usual port of that service."""
    return NOT_A_NUMBER.format(unit="port number", example=example)


# One for each kind of value that lmaster.conf has, and for one shared with lagent: a file, and the
# beginnings of the lines that report it, after the name of the file.
KINDS = [
    ("[lmaster]\nport = http", f":2: [lmaster] port: 'http' {a_port(9889)}"),
    (f"{PICKLE} = x", f":2: [Graphite] carbon receiver pickle port: 'x' {a_port(2004)}"),
    (f"{PLAINTEXT} = x", f":2: [Graphite] carbon receiver port: 'x' {a_port(2003)}"),
    ("[lmaster]\nshard = two", ":2: [lmaster] shard: 'two' is"),
    ("[nodes:a]\nport = 1", f":1: [nodes:a] hosts: {NO_HOSTS}"),
    ("[nodes:a]\nhosts = n[1-", ":2: [nodes:a] hosts: 'n[1-' is"),
    ("[nodes:a]\nhosts = n1:9888", ":2: [nodes:a] hosts: 'n1:9888' "),
    (f"{NODES}path = metrics", ":3: [nodes:a] path: 'metrics' is"),
    (f"{NODES}sensors = Users, Boot Time", ":3: [nodes:a] sensors: 'Users, Boot Time' "),
    (f"{NODES}metrics keep = node_cpu_*, a b", ":3: [nodes:a] metrics keep: 'node_cpu_*, a b' "),
    (f"{NODES}metrics drop = a{{b=c}}", ":3: [nodes:a] metrics drop: 'a{b=c}' "),
    (f"{NODES}prefix = a/b", ":3: [nodes:a] prefix: 'a/b' is"),
    (f"{NODES}user = a:b\npassword file = /p", ":3: [nodes:a] user: 'a:…' is"),
    ("[agents]\ncommand = reboot", ":2: [agents] command: 'reboot' is"),
    ("[agents]\nssh user = a b", ":2: [agents] ssh user: 'a b' is"),
    ("[agents]\nssh options = 22", ":2: [agents] ssh options: '22' "),
]


def timeout(timeout_s, interval_s):
    """Return the message for a timeout that is too long."""
    return TIMEOUT_TOO_LONG.format(timeout_s=timeout_s, interval_s=interval_s)


def connect(connect_s, timeout_s):
    """Return the message for a connect timeout that is too long."""
    return CONNECT_TIMEOUT_TOO_LONG.format(connect_s=connect_s, timeout_s=timeout_s)


def unlike(here, first, there):
    """Return the message for a destination with other paths than those of the *first* section."""
    return OTHER_PATHS.format(here=here, first=first, there=there)


# One for each contradiction between settings.
CONTRADICTIONS = [
    (f"{NODES}interval = 2\ntimeout = 3", f":4: [nodes:a] timeout: {timeout(3, 2)}"),
    (f"{NODES}timeout = 11", f":3: [nodes:a] timeout: {timeout(11, 10)}"),
    (f"{NODES}timeout = 2\nconnect timeout = 3", f":4: [nodes:a] connect timeout: {connect(3, 2)}"),
    (f"{NODES}connect timeout = 6", f":3: [nodes:a] connect timeout: {connect(6, 5)}"),
    (f"{NODES}tls ca = /ca", f":3: [nodes:a] tls ca: {WITHOUT_TLS}"),
    (f"{NODES}tls server name = n", f":3: [nodes:a] tls server name: {WITHOUT_TLS}"),
    (f"{NODES}tls certificate = /c\ntls key = /k", f":3: [nodes:a] tls certificate: {WITHOUT_TLS}"),
    (f"{TLS}tls certificate = /c", ":4: [nodes:a] tls certificate: "),
    (f"{TLS}tls key = /k", ":4: [nodes:a] tls key: "),
    (f"{NODES}user = lmaster", ":3: [nodes:a] user: "),
    (f"{NODES}password file = /p", ":3: [nodes:a] password file: "),
    (f"{NODES}user = a\npassword file = /p\ntoken file = /t", ":5: [nodes:a] token file: "),
    (
        "[agents]\ntimeout = 2\nconnect timeout = 3",
        f":3: [agents] connect timeout: {connect(3, 2)}",
    ),
    ("[Graphite]\nnaming = tagged\nwhisper directory = /w", ":2: [Graphite] naming: "),
    (
        "[Graphite:a]\nprefix = a\n[Graphite:b]\nhost = g\nprefix = b",
        f": [Graphite:b] prefix: {unlike('b', 'Graphite:a', 'a')}",
    ),
    (
        "[Graphite]\nprefix = a\n[Graphite:b]\nhost = g",
        f": [Graphite:b] prefix: {unlike('not set', 'Graphite', 'a')}",
    ),
    (
        "[Graphite:a]\n[Graphite:b]\nhost = g\nnaming = tagged",
        f": [Graphite:b] naming: {unlike('tagged', 'Graphite:a', 'plain')}",
    ),
    (
        "[Graphite]\n[Graphite:b]\nhost = localhost",
        ": [Graphite:b]: ",
    ),
    (
        "[Graphite:a]\nwhisper directory = /w\n[Graphite:b]\nwhisper directory = /w/\nprefix = b",
        f": [Graphite:b] prefix: {unlike('b', 'Graphite:a', 'not set')}",
        ": [Graphite:b]: ",
    ),
]


def check(path, capsys):
    """Return the exit code of ``lmaster check``, and the lines on standard error."""
    code = cli.main(["check", "-c", str(path)])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.replace("\n", "").isprintable()
    return code, err.splitlines()


@pytest.mark.parametrize(
    ("text", "starts"),
    [pytest.param(text, starts, id=starts[0]) for text, *starts in KINDS + CONTRADICTIONS],
)
def test_an_invalid_file_is_rejected_with_a_line_for_each_mistake(tmp_path, capsys, text, starts):
    """File, line, section, key, the value, and what to do; the exit code is 2."""
    path = tmp_path / "lmaster.conf"
    path.write_text(text)

    code, lines = check(path, capsys)

    assert 2 == code
    assert len(starts) == len(lines)
    for line, start in zip(lines, starts, strict=True):
        assert line.startswith(f"{path}{start}")
        assert "; " in line


def test_all_mistakes_are_reported_at_once(tmp_path, capsys):
    """In the order of their lines."""
    path = tmp_path / "lmaster.conf"
    path.write_text(SEVERAL)

    code, lines = check(path, capsys)

    assert 2 == code
    numbers = [int(line.removeprefix(f"{path}:").partition(":")[0]) for line in lines]
    assert [2, 3, 4, 5, 6, 7, 9] == numbers


@pytest.mark.parametrize(
    ("sections", "names", "on_path"),
    [
        ("[nodes:a]\nhosts = n1.east, n1.west\n", ("n1.east:9888", "n1.west:9888"), "n1"),
        (
            "[nodes:a]\nhosts = n1\n[nodes:b]\nhosts = n1\nport = 9100\n",
            ("n1:9888", "n1:9100"),
            "n1",
        ),
        (
            "[nodes:a]\nhosts = n1\n[nodes:b]\nhosts = n1.west\n",
            ("n1:9888", "n1.west:9888"),
            "n1",
        ),
        (
            "[nodes:a]\nhosts = 10.0.0.1\n[nodes:b]\nhosts = 10-0-0-1\n",
            ("10.0.0.1:9888", "10-0-0-1:9888"),
            "10-0-0-1",
        ),
    ],
)
def test_two_pages_with_one_path_are_rejected(tmp_path, capsys, sections, names, on_path):
    """They would overwrite each other's points; the message names the file and both."""
    path = tmp_path / "lmaster.conf"
    path.write_text(sections)

    code, (line,) = check(path, capsys)

    assert 2 == code
    error = SAME_PATH.format(one=names[0], other=names[1], path=on_path)
    assert f"{path}: {error}" == line


@pytest.mark.parametrize("text", ["[lmaster]\nport = x", "[nodes:a]\nhosts = n1.east, n1.west"])
def test_scrape_reports_the_same_as_check(tmp_path, capsys, text):
    """An invalid value, and nodes that would share a path."""
    path = tmp_path / "lmaster.conf"
    path.write_text(text)

    code = cli.main(["scrape", "-c", str(path)])
    lines = capsys.readouterr().err.splitlines()

    assert (code, lines) == check(path, capsys)


def test_a_missing_file_is_an_error(tmp_path, capsys):
    """If it was given with -c."""
    path = tmp_path / "lmaster.conf"

    code, (line,) = check(path, capsys)

    assert 2 == code
    reason = CAN_NOT_BE_READ.format(reason="No such file or directory")
    assert f"{path}: {reason}" == line


def test_the_example_of_each_key_is_valid():
    """Messages show it."""
    for section in SCHEMA:
        for declared in options_of(section.settings) if section.settings else ():
            if declared.key != "names":  # a file that is read at once
                declared.kind.parse(declared.kind.example)


def test_the_example_passes_the_check(tmp_path, capsys):
    """As it is printed."""
    path = tmp_path / "lmaster.conf"
    cli.main(["check", "--example"])
    path.write_text(capsys.readouterr().out)

    code = cli.main(["check", "-c", str(path)])

    out, err = capsys.readouterr()
    assert code == 0
    assert out.startswith(f"{path}: ok, 128 targets\n")
    # Warnings about carbon and Slurm depend on the machine.
    assert all(re.match("warning: .*(carbon|Slurm)", line) for line in err.splitlines())


def test_an_old_file_is_valid_with_one_warning(tmp_path, capsys):
    """FrUCToSA 0.x had no list of nodes; that is reported too."""
    path = tmp_path / "lmaster.conf"
    path.write_text(OLD)

    code = cli.main(["check", "-c", str(path)])

    out, err = capsys.readouterr()
    assert code == 0
    assert out.startswith(f"{path}: ok, but it ")
    assert f"warning: {path}: {OBSOLETE}: [lmaster] incoming data port (line 3)\n" == err


def test_sensors_of_an_old_file_are_ignored(tmp_path):
    """lagent and lmaster of 0.x could share one file; the sensors are for lagent."""
    path = tmp_path / "lmaster.conf"
    path.write_text(OLD + "[sensor:CPUPercent]\ntime_interval = 10\n")

    (warning,) = read_config(path).warnings

    assert f"{path}: {OBSOLETE}: [lmaster] incoming data port (line 3), [sensor:" in warning


def test_an_old_file_keeps_its_meaning(tmp_path):
    """Where the log and the points go."""
    path = tmp_path / "lmaster.conf"
    path.write_text(OLD)

    config = read_config(path)

    assert GraphiteSettings(host="localhost", pickle_port=2004) == config.graphite
    assert LoggingSettings(filename=Path("/tmp/lmaster.log"), level="DEBUG") == config.logging
    assert MasterSettings() == config.master
    assert {} == config.nodes


def test_a_key_of_lagent_is_unknown(tmp_path, capsys):
    """The message lists the keys of lmaster's section."""
    path = tmp_path / "lmaster.conf"
    path.write_text("[lmaster]\ntime_interval = 1")

    _, (line,) = check(path, capsys)

    keys = ", ".join(one.key for one in options_of(MasterSettings))
    hint = USE_ONE_OF.format(names=keys)
    assert f"{path}:2: [lmaster] time_interval: {UNKNOWN_KEY}{hint}" == line
