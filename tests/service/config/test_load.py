"""Configuration files against their declarations."""

import os
from dataclasses import dataclass

import pytest

from fructosa_service.config.kinds import HOST, PORT, seconds, several
from fructosa_service.config.load import Loaded, check, load
from fructosa_service.config.settings import REQUIRED, SectionType, option
from fructosa_service.errors import ConfigError, KeyProblem, Problem


@dataclass(frozen=True, kw_only=True)
class Web:
    """Where a page is served."""

    host: str = option(HOST, "localhost", "Address.")
    tcp_port: int = option(PORT, 80, "Port.", key="tcp Port")


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """What is scraped, with two settings that depend on one another."""

    hosts: tuple[str, ...] = option(several(HOST), REQUIRED, "Nodes.")
    interval: float = option(seconds(), 10, "Interval.")
    timeout: float = option(seconds(), 5, "Timeout.")

    def __post_init__(self):
        if self.timeout > self.interval:
            raise KeyProblem("timeout", "must not be above interval; lower it")


@dataclass(frozen=True, kw_only=True)
class Clock:
    """One sensor's options."""

    interval: float = option(seconds(), 1, "Interval.")


SCHEMA = (
    SectionType(name="Web", help="The page.", settings=Web, obsolete=("proxy", "Old Key")),
    SectionType(name="nodes", help="The nodes.", settings=Nodes, labelled=True),
    SectionType(name="sensor", help="Sensors.", settings={"Clock": Clock}, labelled=True),
    SectionType(name="gone", help="Once.", obsolete=("host",)),
)


def loaded(text):
    """Return what a good text holds."""
    return check(text, "f.conf", SCHEMA)


def messages(text):
    """Return the lines that are said of a bad text."""
    with pytest.raises(ConfigError) as refused:
        check(text, "f.conf", SCHEMA)
    return str(refused.value).split("\n")


def test_an_empty_file_gives_the_defaults():
    """No section and no key is mandatory."""
    found = loaded("")

    assert Web(host="localhost", tcp_port=80) == found.one("Web", Web)
    assert {} == found.labelled("nodes")


def test_what_stands_in_the_file_replaces_the_defaults():
    """Keys and sections are found in any case of letters."""
    found = loaded("[WEB]\nTCP PORT = 8080")

    assert Web(host="localhost", tcp_port=8080) == found.one("Web", Web)


def test_labelled_sections_are_kept_apart_by_their_labels():
    """In the order of the file; space around the colon means nothing."""
    found = loaded("[nodes:b]\nhosts = x\n[nodes : a]\nhosts = y, z")

    expected = {"b": Nodes(hosts=("x",)), "a": Nodes(hosts=("y", "z"))}
    assert list(expected.items()) == list(found.labelled("nodes").items())


def test_a_known_label_is_spelt_as_declared():
    """However the file spells it."""
    found = loaded("[sensor:CLOCK]\ninterval = 2")

    assert {"Clock": Clock(interval=2)} == found.labelled("sensor")


def test_obsolete_keys_give_one_warning():
    """It names them all with their lines; the file is good."""
    found = loaded("[Web]\nproxy = x\nOLD key = y\n[gone]\nhost = z")

    expected = (
        "f.conf: no longer of any effect, and ignored: "
        "[Web] proxy (line 2); [Web] OLD key (line 3); [gone] host (line 5)"
    )
    assert (expected,) == found.warnings


def test_nothing_obsolete_gives_no_warning():
    """Also where an obsolete section is empty."""
    assert () == loaded("[gone]").warnings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[Wbe]", "f.conf:1: [Wbe]: is no section of this file; did you mean Web?"),
        (
            "[other]",
            "f.conf:1: [other]: is no section of this file; "
            "it may have [Web], [nodes:…], [sensor:…], [gone]",
        ),
        ("[Web:x]", "f.conf:1: [Web:x]: is not how this section is written; write [Web]"),
        ("[Web:]", "f.conf:1: [Web:]: is not how this section is written; write [Web]"),
        ("[nodes]", "f.conf:1: [nodes]: is not how this section is written; write [nodes:NAME]"),
        ("[nodes:]", "f.conf:1: [nodes:]: is not how this section is written; write [nodes:NAME]"),
        ("[sensor:Clok]", "f.conf:1: [sensor:Clok]: 'Clok' is not known; did you mean Clock?"),
        ("[sensor:x]", "f.conf:1: [sensor:x]: 'x' is not known; it may be Clock"),
        (
            "[Web]\n[web]",
            "f.conf:2: [web]: stands twice, in two spellings; keep one of the two sections",
        ),
        ("[Web]\n[Web]", "f.conf:2: [Web] stands twice; keep one of the two sections"),
        (
            "[sensor:Clock]\n[sensor: clock]",
            "f.conf:2: [sensor: clock]: stands twice, in two spellings; "
            "keep one of the two sections",
        ),
        (
            "[Web]\n\ntcp prt = 1",
            "f.conf:3: [Web] tcp prt: is no key of this section; did you mean tcp Port?",
        ),
        (
            "[Web]\ncolour = red",
            "f.conf:2: [Web] colour: is no key of this section; it may have host, tcp Port",
        ),
        ("[gone]\nport = 1", "f.conf:2: [gone] port: is no key of this section; it has no keys"),
        (
            "[web]\ntcp port = x",
            "f.conf:2: [web] tcp Port: 'x' is not a port number; write e.g. 9888",
        ),
        ("\n[nodes:a]", "f.conf:2: [nodes:a] hosts: is missing; write hosts = localhost"),
        (
            "[nodes:a]\nhosts = x\ntimeout = 20",
            "f.conf:3: [nodes:a] timeout: must not be above interval; lower it",
        ),
        (
            "[nodes:a]\nhosts = x\ninterval = 2",
            "f.conf:1: [nodes:a] timeout: must not be above interval; lower it",
        ),
        (
            f"[Web]\n{'k' * 1000} = 1",
            f"f.conf:2: [Web] {'k' * 79}…: is no key of this section; it may have host, tcp Port",
        ),
        (
            f"[sensor:Clock{'x' * 1000}]",
            f"f.conf:1: [sensor:Clock{'x' * 67}…]: 'Clock{'x' * 74}…' is not known; "
            "it may be Clock",
        ),
        (
            f"[Web]\nhost = {'!' * 1000}",
            f"f.conf:2: [Web] host: '{'!' * 79}…' is not a host; write a name or an address, "
            "e.g. localhost",
        ),
        (
            "[Web]\nhost = a\n  port = 1",
            "f.conf:2: [Web] host: 'a\\nport = 1' is not a host; write a name or an address, "
            "e.g. localhost",
        ),
        (
            "[We\u200bb]",
            "f.conf:1: ['We\\u200bb']: is no section of this file; did you mean Web?",
        ),
        (
            "[Web]\nho\u00a0st = a",
            "f.conf:2: [Web] 'ho\\xa0st': is no key of this section; did you mean host?",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_remedy(text, message):
    """File, line, section, key, what was found, and what to write."""
    assert [message] == messages(text)


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines():
    """Those of the syntax and those of the settings together."""
    text = "[nodes:a]\ntimeout = x\nword\n[Web]\nhost = a b\nhost = b\n[else]"

    lines = [int(message.split(":")[1]) for message in messages(text)]

    assert [1, 2, 3, 5, 6, 7] == lines


def test_a_wrong_value_is_not_told_a_second_time_as_a_contradiction():
    """Settings are only weighed against one another when each is right."""
    assert ["f.conf:3: [nodes:a] interval: 'x' is not a number of seconds; write e.g. 30"] == (
        messages("[nodes:a]\nhosts = a\ninterval = x\ntimeout = 99")
    )


def test_a_problem_without_a_line_stands_first():
    """It concerns the file as a whole."""
    error = ConfigError("f", [Problem(message="b", line=2), Problem(message="a")])

    assert str(error) == "f: a\nf:2: b"


def test_a_hundred_mistakes_are_enough():
    """What is left out is counted."""
    error = ConfigError("f", [Problem(message="a", line=line) for line in range(1, 103)])

    said = str(error).split("\n")

    assert ["f:1: a", "f:100: a", "f: and 2 more mistakes"] == [said[0], *said[99:]]


def test_long_names_are_cut():
    """A message stays one that can be read."""
    (message,) = messages(f"[{'a' * 1000}]")

    assert f"f.conf:1: [{'a' * 79}…]: is no section of this file;" in message
    assert len(message) < 200


def test_a_file_is_loaded_from_disk(tmp_path):
    """With the mark at its beginning that Windows editors write."""
    path = tmp_path / "f.conf"
    path.write_bytes("\ufeff[Web]\r\nhost = a\r\n".encode())

    found = load(path, SCHEMA)

    assert Web(host="a") == found.one("Web", Web)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[Web]\nhost = \xff", ":2: is not UTF-8 text; save the file as UTF-8"),
        ("[Web]".encode("utf-16"), ":1: is not UTF-8 text; save the file as UTF-8"),
        (
            "[Web]".encode("utf-16-le"),
            ":1: holds a NUL byte, so it is no text; save the file as UTF-8",
        ),
        (b"[Web]\n\0", ":2: holds a NUL byte, so it is no text; save the file as UTF-8"),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path, content, message):
    """With the line where it ceases to be text."""
    path = tmp_path / "f.conf"
    path.write_bytes(content)

    with pytest.raises(ConfigError) as refused:
        load(path, SCHEMA)

    assert f"{path}{message}" == str(refused.value)


def test_a_file_that_is_too_large_is_refused(tmp_path):
    """It is another one than was meant; 16 MiB are enough for a hundred thousand nodes."""
    path = tmp_path / "f.conf"
    with path.open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)

    with pytest.raises(ConfigError, match="has more than 16777216 bytes; check the path"):
        load(path, SCHEMA)


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
def test_a_file_that_can_not_be_read_is_refused(tmp_path, make, reason):
    """The message says what the system says."""
    path = tmp_path / "f.conf"
    make(path)

    with pytest.raises(ConfigError) as refused:
        load(path, SCHEMA)

    expected = f"{path}: can't be read: {reason}; check the path and its permissions"
    assert expected == str(refused.value)


def test_a_file_below_a_file_is_refused(tmp_path):
    """A path that can't exist is told like one that doesn't."""
    above = tmp_path / "f.conf"
    above.touch()

    with pytest.raises(ConfigError, match="can't be read: Not a directory"):
        load(above / "f.conf", SCHEMA)


def test_a_file_without_an_end_is_refused(tmp_path):
    """It isn't read into memory whole."""
    path = tmp_path / "f.conf"
    path.symlink_to("/dev/zero")

    with pytest.raises(ConfigError, match="has more than 16777216 bytes; check the path"):
        load(path, SCHEMA)


def test_without_a_file_everything_has_its_default():
    """Loaded() is what an empty file would give."""
    assert Web() == Loaded().one("Web", Web)


PLACES = (SectionType(name="place", help="Places.", settings=Web, may_be_labelled=True),)


def test_a_section_that_may_have_a_label_stands_with_one_and_without():
    """Alone, named, or both; what has no label is not among those that have one."""
    neither = check("", "f.conf", PLACES)
    one = check("[Place]\nhost = a", "f.conf", PLACES)
    both = check("[place:x]\nhost = b\n[place]\nhost = a\n[place: y]", "f.conf", PLACES)

    assert [False, True, True] == [found.has("place") for found in (neither, one, both)]
    assert ["localhost", "a", "a"] == [
        found.one("place", Web).host for found in (neither, one, both)
    ]
    assert {} == neither.labelled("place") == one.labelled("place")
    assert {"x": Web(host="b"), "y": Web()} == both.labelled("place")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[place:]", "is not how this section is written; write [place] or [place:NAME]"),
        ("[place]\n[Place]", "stands twice, in two spellings; keep one of the two sections"),
        ("[place:x]\n[place: x]", "stands twice, in two spellings; keep one of the two sections"),
        ("[place:x]\nhots = a", "is no key of this section; did you mean host?"),
    ],
)
def test_a_section_that_may_have_a_label_is_checked_as_others_are(text, message):
    """An empty label is none, and each stands once."""
    with pytest.raises(ConfigError) as refused:
        check(text, "f.conf", PLACES)

    assert str(refused.value).endswith(message)
    assert 1 == len(refused.value.problems)
