"""The errors in an invalid configuration file: a line for each mistake.

tests/service/config tests how files are parsed. Here is one mistake for each kind of setting and
each rule for sections that lagent.conf has.
"""

import pytest

from fructosa_exporter import cli
from fructosa_exporter.config import sections
from fructosa_exporter.sensors import SENSORS
from fructosa_service.config.settings import options_of

SECTIONS = "[lagent], [web], [sensor:…], [logging], [lmaster]"
NO_SECTION = "unknown section"
NO_KEY = "unknown key"
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
    ("header not closed", "[lagent\n", ":1: '[lagent' is not a valid section header; write [name]"),
    ("not UTF-8", b"[lagent]\n# Gr\xfc\n", ":2: is not UTF-8 text; save the file as UTF-8"),
    (
        "several at once",
        SEVERAL,
        ":1: 'port = 1' is before the first section; write a [name] above it",
        ":2: '[lagent' is not a valid section header; write [name]",
        ":4: [lagent] port: 'ten' is not a port number; write e.g. 9888",
        f":5: [lagent] hots: {NO_KEY}; did you mean host?",
        ":6: 'word' is not a setting; write key = value",
        ":7: [sensor:CPUPercnt]: unknown name 'CPUPercnt'; did you mean CPUPercent?",
        ":9: [sensor:Users] names: 'perhaps' is not a boolean; write yes or no",
        ":10: [sensor:Users] names: is set twice in this section; keep one of the two lines",
        ":12: [logging] level: 'LOUD' is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL",
    ),
    # Sections.
    ("section misspelt", "[lagnet]", f":1: [lagnet]: {NO_SECTION}; did you mean lagent?"),
    ("section of plurals", "[sensors]", f":1: [sensors]: {NO_SECTION}; did you mean sensor?"),
    ("section unknown", "[Graphite]", f":1: [Graphite]: {NO_SECTION}; use one of {SECTIONS}"),
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
        "sensor in two spellings",
        "[sensor:Users]\n[Sensor: users]",
        ":2: [Sensor: users]: appears twice, in two spellings; keep one of the two sections",
    ),
    (
        "sensor unknown",
        "[sensor:Weather]",
        f":1: [sensor:Weather]: unknown name 'Weather'; use one of {', '.join(SENSORS)}",
    ),
    # Keys.
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
        "key of a section without any",
        "[lmaster]\nretries = 3",
        f":2: [lmaster] retries: {NO_KEY}; this section has no keys",
    ),
    # Kinds of value, each once.
    (
        "host",
        "[lagent]\nhost = a:9888",
        ":2: [lagent] host: 'a:9888' is not a valid host; write a name or an address, "
        "e.g. localhost",
    ),
    (
        "port",
        "[lagent]\nport = 65536",
        ":2: [lagent] port: '65536' is out of range; write from 0 to 65535",
    ),
    (
        "path",
        "[logging]\nfilename = lagent.log",
        ":2: [logging] filename: 'lagent.log' is not an absolute path; "
        "write e.g. /var/lib/fructosa",
    ),
    (
        "paths",
        "[sensor:DiskUsage]\npath = /, home",
        ":2: [sensor:DiskUsage] path: '/, home' contains 'home', which is not an absolute path; "
        "write e.g. /var/lib/fructosa",
    ),
    (
        "patterns",
        "[sensor:DiskIOCounters]\ninclude = sd*, a b",
        ":2: [sensor:DiskIOCounters] include: 'sd*, a b' contains 'a b', which is not a valid "
        "pattern; write a name, with * for any characters: eth*",
    ),
    (
        "endpoints",
        "[web]\nlisten = 127.0.0.1, node:port",
        ":2: [web] listen: '127.0.0.1, node:port' contains 'node:port', which is not a valid "
        "HOST[:PORT]; write e.g. node001:9888 or [::1]:9888",
    ),
    (
        "seconds",
        "[sensor:Users]\ntime_interval = 10s",
        ":2: [sensor:Users] time_interval: '10s' is not a number of seconds; write e.g. 30",
    ),
    (
        "seconds within bounds",
        "[sensor:Users]\ndeadline = 0",
        ":2: [sensor:Users] deadline: '0' is out of range; write from 0.1 to 3600 seconds",
    ),
    (
        "whole number",
        "[logging]\nmaxBytes = 1G",
        ":2: [logging] maxBytes: '1G' is not a whole number of bytes; write e.g. 1073741824",
    ),
    (
        "whole number within bounds",
        "[web]\nmax requests = 0",
        ":2: [web] max requests: '0' is out of range; write at least 1 requests",
    ),
    (
        "yes or no",
        "[sensor:NetConnections]\naddresses =",
        ":2: [sensor:NetConnections] addresses: '' is not a boolean; write yes or no",
    ),
    (
        "choice",
        "[logging]\nlevel = WARN",
        ":2: [logging] level: 'WARN' is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL; "
        "did you mean WARNING?",
    ),
    # Settings that go together.
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

    reason = "can't be read: No such file or directory; check the path and its permissions"
    assert (2, f"{path}: {reason}\n") == check(path, capsys)


def test_examples_in_messages_are_valid():
    """For each key, the example of its kind."""
    keys = [one for *_, settings in sections(SENSORS) for one in options_of(settings)]

    assert len(keys) > 100
    for declared in keys:
        declared.kind.parse(declared.kind.example)
