"""What lagent says of configuration files that can't be used: one right line for each mistake."""

import os

import pytest

from fructosa_exporter import cli
from fructosa_exporter.config import AgentSettings
from fructosa_exporter.sensors import SENSORS
from fructosa_service.config.settings import options_of
from fructosa_service.logs import LoggingSettings

NO_SECONDS = "is not a number of seconds; write e.g. 30"
NO_PORT = "is not a port number; write e.g. 9888"
NO_HOST = "is not a valid host; write a name or an address, e.g. localhost"
NO_PATH = "is not an absolute path; write e.g. /var/lib/fructosa"
NO_VALUE = "is empty; write a value after the '='"
NO_HEADER = "is not a valid section header; write [name]"
NO_SETTING = "is not a setting; write key = value"
NO_KEY = "unknown key"
NO_SECTION = "unknown section"
SECTIONS = "[lagent], [web], [sensor:…], [logging], [lmaster]"
NO_LEVEL = "is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL"
NEITHER = "is not a boolean; write yes or no"
TWICE = "is set twice in this section; keep one of the two lines"
STANDS_TWICE = "appears twice; keep one of the two sections"
TWO_SPELLINGS = "appears twice, in two spellings; keep one of the two sections"
ABOVE = "is before the first section; write a [name] above it"
SEVERAL = """\
port = 1
[lagent
[lagent]
port = ten
hots = a
word
[sensor:CPUPercnt]
[sensor:Users]
names = perhaps
names = no
[logging]
level = LOUD
"""

# Each: what it is, the file, and what is said of it, from the line number on.
BROKEN = [
    # The syntax.
    ("key above all sections", "port = 1", f":1: 'port = 1' {ABOVE}"),
    ("text above all sections", "Hello\n[lagent]", f":1: 'Hello' {ABOVE}"),
    ("header not closed", "[lagent\n", f":1: '[lagent' {NO_HEADER}"),
    ("header not opened", "[lagent]\nlogging]", f":2: 'logging]' {NO_SETTING}"),
    ("header without a name", "\n\n[]", f":3: '[]' {NO_HEADER}"),
    ("header of blanks", "[  ]", f":1: '[  ]' {NO_HEADER}"),
    ("text behind a header", "[lagent] port = 1", f":1: '[lagent] port = 1' {NO_HEADER}"),
    ("two headers in a line", "[lagent][logging]", f":1: '[lagent][logging]' {NO_HEADER}"),
    ("no equals sign", "[lagent]\nport 9888", f":2: 'port 9888' {NO_SETTING}"),
    ("no key", "[lagent]\n= 9888", f":2: '= 9888' {NO_SETTING}"),
    ("YAML", "lagent:\n  port: 1", ":1: 'lagent:' " + ABOVE, ":2: 'port: 1' " + ABOVE),
    ("JSON", '{"port": 1}', """:1: '{"port": 1}' """ + ABOVE),
    ("old line ends", "[lagent]\rport = 1\r", f":1: '[lagent]\\rport = 1' {NO_HEADER}"),
    ("a shell script", "#!/bin/sh\nlagent serve", f":2: 'lagent serve' {ABOVE}"),
    ("a line of a megabyte", "y" * 10**6, f":1: '{'y' * 79}…' {ABOVE}"),
    # What appears twice.
    ("section twice", "[lagent]\n[logging]\n[lagent]", f":3: [lagent] {STANDS_TWICE}"),
    ("section in two spellings", "[lagent]\n[LAgent]", f":2: [LAgent]: {TWO_SPELLINGS}"),
    ("sensor twice", "[sensor:Users]\n[sensor:Users]", f":2: [sensor:Users] {STANDS_TWICE}"),
    (
        "sensor in two spellings",
        "[sensor:Users]\n[Sensor: users]",
        f":2: [Sensor: users]: {TWO_SPELLINGS}",
    ),
    (
        "section twice, with escape codes",
        "[\x1b[31m]\n[\x1b[31m]",
        f":1: ['\\x1b[31m']: {NO_SECTION}; use one of {SECTIONS}",
        f":2: ['\\x1b[31m'] {STANDS_TWICE}",
        f":2: ['\\x1b[31m']: {NO_SECTION}; use one of {SECTIONS}",
    ),
    ("key twice", "[lagent]\nport = 1\nport = 2", f":3: [lagent] port: {TWICE}"),
    (
        "key in two spellings",
        "[logging]\nmaxbytes=1\nMAXBYTES=1",
        f":3: [logging] MAXBYTES: {TWICE}",
    ),
    # Sections.
    ("section misspelt", "[lagnet]", f":1: [lagnet]: {NO_SECTION}; did you mean lagent?"),
    ("section of plurals", "[sensors]", f":1: [sensors]: {NO_SECTION}; did you mean sensor?"),
    (
        "section of lmaster.conf",
        "[Graphite]",
        f":1: [Graphite]: {NO_SECTION}; use one of {SECTIONS}",
    ),
    (
        "sensor without its prefix",
        "[CPUPercent]",
        f":1: [CPUPercent]: {NO_SECTION}; use one of {SECTIONS}",
    ),
    (
        "sensor without a name",
        "[sensor]",
        ":1: [sensor]: is not a valid section name; write [sensor:NAME]",
    ),
    (
        "sensor with an empty name",
        "[sensor:]",
        ":1: [sensor:]: is not a valid section name; write [sensor:NAME]",
    ),
    (
        "label that isn't wanted",
        "[lagent:a]",
        ":1: [lagent:a]: is not a valid section name; write [lagent]",
    ),
    (
        "sensor misspelt",
        "[sensor:CPUPercnt]",
        ":1: [sensor:CPUPercnt]: unknown name 'CPUPercnt'; did you mean CPUPercent?",
    ),
    (
        "sensor unknown",
        "[sensor:Weather]",
        f":1: [sensor:Weather]: unknown name 'Weather'; use one of {', '.join(SENSORS)}",
    ),
    (
        "character that can't be seen",
        "[lag\u200bent]",
        f":1: ['lag\\u200bent']: {NO_SECTION}; did you mean lagent?",
    ),
    (
        "sensor with an endless name",
        f"[sensor:CPUPercent{'x' * 1000}]",
        f":1: [sensor:CPUPercent{'x' * 62}…]: unknown name 'CPUPercent{'x' * 69}…'; "
        f"use one of {', '.join(SENSORS)}",
    ),
    # Keys.
    ("key misspelt", "[lagent]\nprot = 1", f":2: [lagent] prot: {NO_KEY}; did you mean port?"),
    (
        "key unknown",
        "[lagent]\ncolour = red",
        f":2: [lagent] colour: {NO_KEY}; use one of host, port, procfs, pid file, user, group",
    ),
    (
        "key of another sensor",
        "[sensor:CPUPercent]\nnames = yes",
        f":2: [sensor:CPUPercent] names: {NO_KEY}; use one of time_interval, deadline, percpu",
    ),
    (
        "key with a blank",
        "[sensor:CPUPercent]\ntime interval = 10",
        f":2: [sensor:CPUPercent] time interval: {NO_KEY}; did you mean time_interval?",
    ),
    (
        "key of a section without any",
        "[lmaster]\nretries = 3",
        f":2: [lmaster] retries: {NO_KEY}; this section has no keys",
    ),
    (
        "key without an end",
        f"[lagent]\n{'k' * 1000} = 1",
        f":2: [lagent] {'k' * 79}…: {NO_KEY}; use one of host, port, procfs, pid file, user, group",
    ),
    # Ports.
    ("port is a word", "[lagent]\nport = http", f":2: [lagent] port: 'http' {NO_PORT}"),
    ("port is empty", "[lagent]\nport =", f":2: [lagent] port: '' {NO_PORT}"),
    ("port is a fraction", "[lagent]\nport = 98.5", f":2: [lagent] port: '98.5' {NO_PORT}"),
    ("port with an underscore", "[lagent]\nport = 9_888", f":2: [lagent] port: '9_888' {NO_PORT}"),
    ("port in quotes", "[lagent]\nport = '1'", f""":2: [lagent] port: "'1'" {NO_PORT}"""),
    (
        "port too high",
        "[lagent]\nport = 65536",
        ":2: [lagent] port: '65536' is out of range; write from 0 to 65535",
    ),
    (
        "port below zero",
        "[lagent]\nPort = -1",
        ":2: [lagent] port: '-1' is out of range; write from 0 to 65535",
    ),
    ("ports", "[lagent]\nport = 1, 2", f":2: [lagent] port: '1, 2' {NO_PORT}"),
    # Who may ask.
    (
        "certificate without its key",
        "[web]\ntls certificate = /cert.pem",
        ":2: [web] tls certificate: requires tls key; set both, or neither",
    ),
    (
        "key without its certificate",
        "[web]\n\ntls key = /key.pem",
        ":3: [web] tls key: requires tls certificate; set both, or neither",
    ),
    (
        "authority without TLS",
        "[web]\nclient ca = /ca.pem",
        ":2: [web] client ca: requires TLS; set tls certificate and tls key too",
    ),
    (
        "nobody may ask",
        "[web]\nmax requests = 0",
        ":2: [web] max requests: '0' is out of range; write at least 1 requests",
    ),
    (
        "a place that is none",
        "[web]\nlisten = 127.0.0.1, node:port",
        ":2: [web] listen: '127.0.0.1, node:port' contains 'node:port', which is not a "
        "valid HOST[:PORT]; write e.g. node001:9888 or [::1]:9888",
    ),
    # Hosts.
    ("host is empty", "[lagent]\nhost =", f":2: [lagent] host: '' {NO_HOST}"),
    ("host with port", "[lagent]\nhost = a:9888", f":2: [lagent] host: 'a:9888' {NO_HOST}"),
    ("host is a URL", "[lagent]\nhost = http://a", f":2: [lagent] host: 'http://a' {NO_HOST}"),
    (
        "host is no address",
        "[lagent]\nhost = 300.1.1.1",
        f":2: [lagent] host: '300.1.1.1' {NO_HOST}",
    ),
    ("host in brackets", "[lagent]\nhost = [::1]", f":2: [lagent] host: '[::1]' {NO_HOST}"),
    ("host is a wildcard", "[lagent]\nhost = *", f":2: [lagent] host: '*' {NO_HOST}"),
    (
        "value runs on",
        "[lagent]\nhost = a\n  port = 1",
        f":2: [lagent] host: 'a\\nport = 1' {NO_HOST}",
    ),
    # Seconds.
    (
        "interval is a word",
        "[sensor:Users]\ntime_interval = often",
        f":2: [sensor:Users] time_interval: 'often' {NO_SECONDS}",
    ),
    (
        "interval with a unit",
        "[sensor:Users]\ntime_interval = 10s",
        f":2: [sensor:Users] time_interval: '10s' {NO_SECONDS}",
    ),
    (
        "interval with a comma",
        "[sensor:Users]\ntime_interval = 0,5",
        f":2: [sensor:Users] time_interval: '0,5' {NO_SECONDS}",
    ),
    (
        "interval is empty",
        "[sensor:Users]\ntime_interval = ; ten",
        f":2: [sensor:Users] time_interval: '' {NO_SECONDS}",
    ),
    (
        "interval is not a number",
        "[sensor:Users]\ntime_interval = nan",
        f":2: [sensor:Users] time_interval: 'nan' {NO_SECONDS}",
    ),
    (
        "interval is infinite",
        "[sensor:Users]\ntime_interval = inf",
        f":2: [sensor:Users] time_interval: 'inf' {NO_SECONDS}",
    ),
    (
        "interval below zero",
        "[sensor:Users]\ntime_interval = -1",
        ":2: [sensor:Users] time_interval: '-1' is out of range; write at least 0 seconds",
    ),
    # Yes and no.
    ("maybe", "[sensor:Users]\nnames = maybe", f":2: [sensor:Users] names: 'maybe' {NEITHER}"),
    ("two", "[sensor:Users]\nnames = 2", f":2: [sensor:Users] names: '2' {NEITHER}"),
    (
        "neither",
        "[sensor:NetConnections]\naddresses =",
        f":2: [sensor:NetConnections] addresses: '' {NEITHER}",
    ),
    # Paths.
    (
        "path is relative",
        "[sensor:DiskUsage]\npath = /, home",
        f":2: [sensor:DiskUsage] path: '/, home' contains 'home', which {NO_PATH}",
    ),
    (
        "log is relative",
        "[logging]\nfilename = lagent.log",
        f":2: [logging] filename: 'lagent.log' {NO_PATH}",
    ),
    (
        "path without an end",
        f"[sensor:DiskUsage]\npath = {'x' * 1000}",
        f":2: [sensor:DiskUsage] path: '{'x' * 79}…' contains '{'x' * 79}…', which {NO_PATH}",
    ),
    ("log is empty", "[logging]\nfilename =", f":2: [logging] filename: '' {NO_VALUE}"),
    (
        "log in nobody's home",
        "[logging]\nfilename = ~no-such-user/log",
        ":2: [logging] filename: '~no-such-user/log' begins with an unknown user; "
        "write an absolute path",
    ),
    (
        "log runs on",
        "[logging]\nfilename = /a\n level = INFO",
        ":2: [logging] filename: '/a\\nlevel = INFO' has more than one line; write the value on "
        "one line",
    ),
    # Whole numbers and names.
    (
        "bytes with a unit",
        "[logging]\nmaxBytes = 1G",
        ":2: [logging] maxBytes: '1G' is not a whole number of bytes; write e.g. 1073741824",
    ),
    (
        "bytes below zero",
        "[logging]\nmaxBytes = -1",
        ":2: [logging] maxBytes: '-1' is out of range; write at least 0 bytes",
    ),
    (
        "bytes with an exponent",
        "[logging]\nmaxBytes = 1e9",
        ":2: [logging] maxBytes: '1e9' is not a whole number of bytes; write e.g. 1073741824",
    ),
    (
        "too many files",
        "[logging]\nbackupCount = 1000000",
        ":2: [logging] backupCount: '1000000' is out of range; write from 0 to 10000 files",
    ),
    (
        "level misspelt",
        "[logging]\nlevel = WARN",
        f":2: [logging] level: 'WARN' {NO_LEVEL}; did you mean WARNING?",
    ),
    ("level is a number", "[logging]\nlevel = 20", f":2: [logging] level: '20' {NO_LEVEL}"),
    # The file as a whole.
    (
        "not UTF-8",
        b"[lagent]\n# Gr\xfc\xdfe\n",
        ":2: is not UTF-8 text; save the file as UTF-8",
    ),
    ("UTF-16", "[lagent]".encode("utf-16"), ":1: is not UTF-8 text; save the file as UTF-8"),
    (
        "NUL byte",
        b"[lagent]\nport = 1\0\n",
        ":2: contains a NUL byte; save the file as UTF-8 text",
    ),
    (
        "several at once",
        SEVERAL,
        f":1: 'port = 1' {ABOVE}",
        f":2: '[lagent' {NO_HEADER}",
        f":4: [lagent] port: 'ten' {NO_PORT}",
        f":5: [lagent] hots: {NO_KEY}; did you mean host?",
        f":6: 'word' {NO_SETTING}",
        ":7: [sensor:CPUPercnt]: unknown name 'CPUPercnt'; did you mean CPUPercent?",
        f":9: [sensor:Users] names: 'perhaps' {NEITHER}",
        f":10: [sensor:Users] names: {TWICE}",
        f":12: [logging] level: 'LOUD' {NO_LEVEL}",
    ),
]


def check(path, capsys):
    """Return the exit code of ``lagent check`` of a file, and what it says."""
    code = cli.main(["check", "-c", str(path)])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.replace("\n", "").isprintable()
    return code, err


@pytest.mark.parametrize(
    ("content", "messages"), [pytest.param(text, said, id=what) for what, text, *said in BROKEN]
)
def test_a_broken_file_is_refused_with_a_line_for_each_mistake(tmp_path, capsys, content, messages):
    """File, line, section, key, what was found, what to write; and exit code 2."""
    path = tmp_path / "lagent.conf"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    code, err = check(path, capsys)

    assert code == 2
    assert "".join(f"{path}{message}\n" for message in messages) == err


def missing(path):
    """Make nothing at *path*."""


def looping(path):
    """Make a link at *path* that leads to itself."""
    path.symlink_to(path)


def forbidden(path):
    """Make a file at *path* that can't be read."""
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path.touch(mode=0)


def failing(path):
    """Make a file at *path* whose first byte can't be read, not even by root."""
    path.symlink_to("/proc/self/mem")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (missing, "No such file or directory"),
        (os.mkdir, "Is a directory"),
        (looping, "Too many levels of symbolic links"),
        (forbidden, "Permission denied"),
        (failing, "Input/output error"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused_with_the_reason(tmp_path, capsys, make, reason):
    """As the system tells it."""
    path = tmp_path / "lagent.conf"
    make(path)

    code, err = check(path, capsys)

    assert code == 2
    assert f"{path}: can't be read: {reason}; check the path and its permissions\n" == err


def test_a_file_below_a_file_is_refused(tmp_path, capsys):
    """A path that can't exist is told like one that doesn't."""
    above = tmp_path / "lagent.conf"
    above.touch()

    code, err = check(above / "lagent.conf", capsys)

    assert code == 2
    assert "can't be read: Not a directory" in err


def test_a_file_without_an_end_is_refused(tmp_path, capsys):
    """It isn't read into memory whole."""
    path = tmp_path / "lagent.conf"
    path.symlink_to("/dev/zero")

    assert check(path, capsys) == (2, f"{path}: is larger than 16777216 bytes; check the path\n")


@pytest.mark.parametrize(
    "declared",
    [
        pytest.param(one, id=f"{owner}-{one.key}")
        for owner, settings in [
            ("lagent", AgentSettings),
            ("logging", LoggingSettings),
            *((name, sensor.Options) for name, sensor in SENSORS.items()),
        ]
        for one in options_of(settings)
    ],
)
def test_what_a_message_tells_to_write_is_right(declared):
    """Each key takes the example of its kind."""
    declared.kind.parse(declared.kind.example)
