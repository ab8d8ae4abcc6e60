"""The errors in an invalid configuration file: a line for each mistake.

tests/service/config tests how files are parsed. Here is one mistake for each kind of setting and
each rule for sections that lagent.conf has.
"""

import pytest

from fructosa_exporter import cli
from fructosa_exporter.config import sections
from fructosa_exporter.sensors import SENSORS
from fructosa_service.config.ini import (
    BEFORE_SECTIONS,
    DUPLICATE_KEY,
    NOT_A_HEADER,
    NOT_A_SETTING,
)
from fructosa_service.config.kinds import (
    CONTAINS,
    HAS_PORT,
    NOT_A_NUMBER,
    NOT_A_PATTERN,
    NOT_AN_ENDPOINT,
    NOT_BETWEEN,
    NOT_ONE_OF,
    NOT_YES_OR_NO,
    TOO_LOW,
)
from fructosa_service.config.load import (
    INVALID_SECTION,
    NOT_UTF_8,
    TWO_SPELLINGS,
    UNKNOWN_KEY,
    UNKNOWN_NAME,
    UNKNOWN_SECTION,
)
from fructosa_service.config.path_kind import NOT_ABSOLUTE
from fructosa_service.config.settings import options_of
from fructosa_service.errors import CAN_NOT_BE_READ, DID_YOU_MEAN, REQUIRES, USE_ONE_OF

SECTIONS = "[lagent], [web], [sensor:…], [logging]"
NOT_A_LEVEL = NOT_ONE_OF.format(names="DEBUG, INFO, WARNING, ERROR, CRITICAL")
NO_ENDPOINT = NOT_AN_ENDPOINT.format(example="node001:9888", port=9888)
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

# The name of each case, the file, and the errors, from the line number on.
BROKEN = [
    # Syntax, and the file as a whole.
    ("header not closed", "[lagent\n", f":1: '[lagent' {NOT_A_HEADER}"),
    ("not UTF-8", b"[lagent]\n# Gr\xfc\n", f":2: {NOT_UTF_8}"),
    (
        "several at once",
        SEVERAL,
        f":1: 'port = 1' {BEFORE_SECTIONS}",
        f":2: '[lagent' {NOT_A_HEADER}",
        f":4: [lagent] port: 'ten' {NOT_A_NUMBER.format(unit='port number', example=9888)}",
        f":5: [lagent] hots: {UNKNOWN_KEY}{DID_YOU_MEAN.format(name='host')}",
        f":6: 'word' {NOT_A_SETTING}",
        f":7: [sensor:CPUPercnt]: {UNKNOWN_NAME} 'CPUPercnt'"
        + DID_YOU_MEAN.format(name="CPUPercent"),
        f":9: [sensor:Users] names: 'perhaps' {NOT_YES_OR_NO}",
        f":10: [sensor:Users] names: {DUPLICATE_KEY}",
        f":12: [logging] level: 'LOUD' {NOT_A_LEVEL}",
    ),
    # Sections.
    (
        "section misspelt",
        "[lagnet]",
        f":1: [lagnet]: {UNKNOWN_SECTION}{DID_YOU_MEAN.format(name='lagent')}",
    ),
    (
        "section of plurals",
        "[sensors]",
        f":1: [sensors]: {UNKNOWN_SECTION}{DID_YOU_MEAN.format(name='sensor')}",
    ),
    (
        "section unknown",
        "[nodes:a]",
        f":1: [nodes:a]: {UNKNOWN_SECTION}{USE_ONE_OF.format(names=SECTIONS)}",
    ),
    (
        "sensor without its prefix",
        "[CPUPercent]",
        f":1: [CPUPercent]: {UNKNOWN_SECTION}{USE_ONE_OF.format(names=SECTIONS)}",
    ),
    (
        "sensor without a name",
        "[sensor]",
        f":1: [sensor]: {INVALID_SECTION} [sensor:NAME]",
    ),
    (
        "sensor in two spellings",
        "[sensor:Users]\n[Sensor: users]",
        f":2: [Sensor: users]: {TWO_SPELLINGS}",
    ),
    (
        "sensor unknown",
        "[sensor:Weather]",
        f":1: [sensor:Weather]: {UNKNOWN_NAME} 'Weather'"
        + USE_ONE_OF.format(names=", ".join(SENSORS)),
    ),
    # Keys.
    (
        "key unknown",
        "[lagent]\ncolour = red",
        f":2: [lagent] colour: {UNKNOWN_KEY}"
        + USE_ONE_OF.format(names="host, port, procfs, sysfs, rootfs, also, pid file, user, group"),
    ),
    (
        "key of another sensor",
        "[sensor:CPUPercent]\nnames = yes",
        f":2: [sensor:CPUPercent] names: {UNKNOWN_KEY}"
        + USE_ONE_OF.format(names="time_interval, deadline, percpu"),
    ),
    # Kinds of value, each once.
    (
        "host",
        "[lagent]\nhost = a:9888",
        f":2: [lagent] host: 'a:9888' {HAS_PORT.format(host='a')}",
    ),
    (
        "port",
        "[lagent]\nport = 65536",
        f":2: [lagent] port: '65536' {NOT_BETWEEN.format(low=0, high=65535)}",
    ),
    (
        "path",
        "[logging]\nfilename = lagent.log",
        f":2: [logging] filename: 'lagent.log' {NOT_ABSOLUTE}",
    ),
    (
        "paths",
        "[sensor:DiskUsage]\npath = /, home",
        ":2: [sensor:DiskUsage] path: '/, home' "
        + CONTAINS.format(part="'home'", why=NOT_ABSOLUTE),
    ),
    (
        "patterns",
        "[sensor:DiskIOCounters]\ninclude = sd*, a b",
        ":2: [sensor:DiskIOCounters] include: 'sd*, a b' "
        + CONTAINS.format(part="'a b'", why=NOT_A_PATTERN),
    ),
    (
        "endpoints",
        "[web]\nlisten = 127.0.0.1, node:port",
        ":2: [web] listen: '127.0.0.1, node:port' "
        + CONTAINS.format(part="'node:port'", why=NO_ENDPOINT),
    ),
    (
        "seconds",
        "[sensor:Users]\ntime_interval = 10s",
        ":2: [sensor:Users] time_interval: '10s' "
        + NOT_A_NUMBER.format(unit="number of seconds", example=30),
    ),
    (
        "seconds within bounds",
        "[sensor:Users]\ndeadline = 0",
        f":2: [sensor:Users] deadline: '0' {NOT_BETWEEN.format(low=0.1, high=3600)} seconds",
    ),
    (
        "whole number",
        "[logging]\nmaxBytes = 1G",
        ":2: [logging] maxBytes: '1G' "
        + NOT_A_NUMBER.format(unit="whole number of bytes", example=1073741824),
    ),
    (
        "whole number within bounds",
        "[web]\nmax requests = 0",
        f":2: [web] max requests: '0' {TOO_LOW.format(low=1)} requests",
    ),
    (
        "yes or no",
        "[sensor:NetConnections]\naddresses =",
        f":2: [sensor:NetConnections] addresses: '' {NOT_YES_OR_NO}",
    ),
    (
        "choice",
        "[logging]\nlevel = WARN",
        f":2: [logging] level: 'WARN' {NOT_A_LEVEL}{DID_YOU_MEAN.format(name='WARNING')}",
    ),
    # Settings that go together.
    (
        "certificate without its key",
        "[web]\ntls certificate = /cert.pem",
        f":2: [web] tls certificate: {REQUIRES.format(missing='tls key')}",
    ),
    (
        "key without its certificate",
        "[web]\n\ntls key = /key.pem",
        f":3: [web] tls key: {REQUIRES.format(missing='tls certificate')}",
    ),
    (
        "authority without TLS",
        "[web]\nclient ca = /ca.pem",
        ":2: [web] client ca: requires TLS; set tls certificate and tls key too",
    ),
]


def check(path, capsys):
    """Return the exit code and the errors of ``lagent check`` for a file."""
    code = cli.main(["check", "-c", str(path)])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.replace("\n", "").isprintable()
    return code, err


@pytest.mark.parametrize(
    ("content", "messages"),
    [pytest.param(text, messages, id=name) for name, text, *messages in BROKEN],
)
def test_an_invalid_file_is_rejected_with_a_line_for_each_mistake(
    tmp_path, capsys, content, messages
):
    """Each has file, line, section, key, the invalid text and what to write; exit code 2."""
    path = tmp_path / "lagent.conf"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    code, err = check(path, capsys)

    assert code == 2
    assert "".join(f"{path}{message}\n" for message in messages) == err


def test_a_file_that_can_not_be_read_is_an_error(tmp_path, capsys):
    """With the reason of the system."""
    path = tmp_path / "lagent.conf"

    reason = CAN_NOT_BE_READ.format(reason="No such file or directory")
    assert (2, f"{path}: {reason}\n") == check(path, capsys)


def test_examples_in_messages_are_valid():
    """For each key, the example of its kind."""
    keys = [one for *_, settings in sections(SENSORS) for one in options_of(settings)]

    assert len(keys) > 100
    for declared in keys:
        declared.kind.parse(declared.kind.example)
