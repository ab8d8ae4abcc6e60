"""Configuration files checked against their declarations."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from fructosa_service.config import ini
from fructosa_service.config.kinds import HOST, NOT_A_NUMBER, PORT, seconds, several
from fructosa_service.config.load import (
    INVALID_SECTION,
    MISSING,
    NOT_INHERITED,
    NOT_UTF_8,
    NUL_BYTE,
    OBSOLETE,
    TWO_SPELLINGS,
    UNKNOWN_IN_OLD,
    UNKNOWN_KEY,
    UNKNOWN_NAME,
    UNKNOWN_SECTION,
    Loaded,
    check,
    load,
)
from fructosa_service.config.settings import REQUIRED, SectionType, option
from fructosa_service.errors import (
    CAN_NOT_BE_READ,
    DID_YOU_MEAN,
    TOO_LARGE,
    USE_ONE_OF,
    ConfigError,
    KeyProblem,
)


@dataclass(frozen=True, kw_only=True)
class Web:
    """Where a page is served."""

    host: str = option(HOST, "localhost", "Address.")
    tcp_port: int = option(PORT, 80, "Port.", key="tcp Port")


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """What is scraped, with two settings that depend on each other."""

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
    SectionType(name="gone", help="Once."),
    SectionType(name="each", help="Once.", labelled=True),
)


def loaded(text):
    """Return the settings in a valid text."""
    return check(text, "f.conf", SCHEMA)


def messages(text):
    """Return the lines of the error for an invalid text."""
    with pytest.raises(ConfigError) as caught:
        check(text, "f.conf", SCHEMA)
    return str(caught.value).split("\n")


def test_an_empty_file_gives_the_defaults():
    """No section is required."""
    settings = loaded("")

    assert Web(host="localhost", tcp_port=80) == settings.one("Web", Web)
    assert {} == settings.labelled("nodes")


def test_a_file_overrides_the_defaults():
    """The case of keys and sections does not matter."""
    settings = loaded("[WEB]\nTCP PORT = 8080")

    assert Web(host="localhost", tcp_port=8080) == settings.one("Web", Web)


def test_labelled_sections_are_distinguished_by_their_labels():
    """In the order of the file; space around the colon is ignored."""
    settings = loaded("[nodes:b]\nhosts = x\n[nodes : a]\nhosts = y, z")

    expected = {"b": Nodes(hosts=("x",)), "a": Nodes(hosts=("y", "z"))}
    assert list(expected.items()) == list(settings.labelled("nodes").items())


def test_a_known_label_is_spelled_as_declared():
    """However the file spells it."""
    settings = loaded("[sensor:CLOCK]\ninterval = 2")

    assert {"Clock": Clock(interval=2)} == settings.labelled("sensor")


def test_obsolete_sections_and_keys_give_one_warning():
    """It names them all with their lines; the file is valid, whatever an obsolete section has."""
    settings = loaded("[Web]\nproxy = x\nOLD key = y\n[gone]\nhost = z\n[each:1]\n[each:2]")

    ignored = "[Web] proxy (line 2), [Web] OLD key (line 3), [gone] (line 4), "
    ignored += "[each:1] (line 6), [each:2] (line 7)"
    assert (f"f.conf: {OBSOLETE}: {ignored}",) == settings.warnings


@pytest.mark.parametrize("old", ["[gone]", "[Web]\nproxy = x"])
@pytest.mark.parametrize("text", ["[sensor:Clok]\na = 1\n{old}", "{old}\n[sensor:Clok]\na = 1"])
def test_an_unknown_name_is_ignored_in_a_file_of_0_x(text, old):
    """The file is known by a section or key that only 0.x had, before the name or after it."""
    settings = loaded(text.format(old=old))

    assert {} == settings.labelled("sensor")
    (warning,) = settings.warnings
    assert "[sensor:Clok] (line " in warning
    assert UNKNOWN_IN_OLD in warning


def test_nothing_obsolete_gives_no_warning():
    """A file of today has none."""
    assert () == loaded("[Web]\nhost = a\n[sensor:Clock]").warnings


NOT_A_PORT = NOT_A_NUMBER.format(unit="port number", example=9888)
SECTIONS = "[Web], [nodes:…], [sensor:…]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # Sections.
        ("[Wbe]", f"1: [Wbe]: {UNKNOWN_SECTION}{DID_YOU_MEAN.format(name='Web')}"),
        ("[other]", f"1: [other]: {UNKNOWN_SECTION}{USE_ONE_OF.format(names=SECTIONS)}"),
        ("[DEFAULT]", f"1: [DEFAULT]: {NOT_INHERITED}"),
        ("[We\u200bb]", f"1: ['We\\u200bb']: {UNKNOWN_SECTION}{DID_YOU_MEAN.format(name='Web')}"),
        (
            f"[{'a' * 99}]",
            f"1: [{'a' * 79}…]: {UNKNOWN_SECTION}{USE_ONE_OF.format(names=SECTIONS)}",
        ),
        ("[Web:x]", f"1: [Web:x]: {INVALID_SECTION} [Web]"),
        ("[Web:]", f"1: [Web:]: {INVALID_SECTION} [Web]"),
        ("[nodes]", f"1: [nodes]: {INVALID_SECTION} [nodes:NAME]"),
        ("[nodes:]", f"1: [nodes:]: {INVALID_SECTION} [nodes:NAME]"),
        (
            "[sensor:Clok]",
            f"1: [sensor:Clok]: {UNKNOWN_NAME} 'Clok'{DID_YOU_MEAN.format(name='Clock')}",
        ),
        ("[sensor:x]", f"1: [sensor:x]: {UNKNOWN_NAME} 'x'{USE_ONE_OF.format(names='Clock')}"),
        ("[Web]\n[Web]", f"2: [Web] {ini.DUPLICATE_SECTION}"),
        ("[Web]\n[web]", f"2: [web]: {TWO_SPELLINGS}"),
        ("[sensor:Clock]\n[sensor: clock]", f"2: [sensor: clock]: {TWO_SPELLINGS}"),
        # Keys.
        (
            "[Web]\n\ntcp prt = 1",
            f"3: [Web] tcp prt: {UNKNOWN_KEY}{DID_YOU_MEAN.format(name='tcp Port')}",
        ),
        (
            "[Web]\ncolour = red",
            f"2: [Web] colour: {UNKNOWN_KEY}{USE_ONE_OF.format(names='host, tcp Port')}",
        ),
        (
            "[Web]\nproxy = x\n[gon]",
            f"3: [gon]: {UNKNOWN_SECTION}{USE_ONE_OF.format(names=SECTIONS)}",
        ),
        (
            "[Web]\nho\u00a0st = a",
            f"2: [Web] 'ho\\xa0st': {UNKNOWN_KEY}{DID_YOU_MEAN.format(name='host')}",
        ),
        (
            f"[Web]\n{'k' * 99} = 1",
            f"2: [Web] {'k' * 79}…: {UNKNOWN_KEY}{USE_ONE_OF.format(names='host, tcp Port')}",
        ),
        ("\n[nodes:a]", f"2: [nodes:a] hosts: {MISSING.format(key='hosts', example='localhost')}"),
        # Values.
        (
            f"[Web]\ntcp port = {'!' * 99}",
            f"2: [Web] tcp Port: '{'!' * 79}…' {NOT_A_PORT}",
        ),
        ("[web]\ntcp port = x", f"2: [web] tcp Port: 'x' {NOT_A_PORT}"),
        (
            "[web]\ntcp port = 80\n  host = a",
            f"2: [web] tcp Port: '80\\nhost = a' {NOT_A_PORT}",
        ),
        (
            "[nodes:a]\nhosts = x\ntimeout = 20",
            "3: [nodes:a] timeout: must not be above interval; lower it",
        ),
        (
            "[nodes:a]\nhosts = x\ninterval = 2",
            "1: [nodes:a] timeout: must not be above interval; lower it",
        ),
    ],
)
def test_a_problem_is_reported_with_its_place_and_what_to_do(text, message):
    """File, line, section, key, the value, and what to write."""
    assert [f"f.conf:{message}"] == messages(text)


def test_all_problems_are_reported_at_once_in_the_order_of_their_lines():
    """Those of the syntax and those of the settings together."""
    text = "[nodes:a]\ntimeout = x\nword\n[Web]\nhost = a b\nhost = b\n[else]"

    lines = [int(message.split(":")[1]) for message in messages(text)]

    assert [1, 2, 3, 5, 6, 7] == lines


def test_an_invalid_value_is_not_reported_as_a_contradiction_too():
    """Settings are compared only if each of them is valid."""
    why = NOT_A_NUMBER.format(unit="number of seconds", example=30)
    assert [f"f.conf:3: [nodes:a] interval: 'x' {why}"] == (
        messages("[nodes:a]\nhosts = a\ninterval = x\ntimeout = 99")
    )


def test_a_file_is_loaded_from_disk(tmp_path):
    """It may begin with a byte order mark, as Windows editors write it."""
    path = tmp_path / "f.conf"
    path.write_bytes("\ufeff[Web]\r\nhost = a\r\n".encode())

    settings = load(path, SCHEMA)

    assert Web(host="a") == settings.one("Web", Web)


def missing(path):
    """Create nothing."""


def forbidden(path):
    """Create a file that can't be read."""
    if os.geteuid() == 0:
        pytest.skip("root can read every file")
    path.touch(mode=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (missing, f": {CAN_NOT_BE_READ.format(reason='No such file or directory')}"),
        (forbidden, f": {CAN_NOT_BE_READ.format(reason='Permission denied')}"),
        (Path.mkdir, f": {CAN_NOT_BE_READ.format(reason='Is a directory')}"),
        (
            lambda path: path.symlink_to(path),
            f": {CAN_NOT_BE_READ.format(reason='Too many levels of symbolic links')}",
        ),
        (  # its first byte can't be read, not even by root
            lambda path: path.symlink_to("/proc/self/mem"),
            f": {CAN_NOT_BE_READ.format(reason='Input/output error')}",
        ),
        (
            lambda path: path.symlink_to("/dev/zero"),
            f": {TOO_LARGE.format(limit=16777216)}",
        ),
        (lambda path: path.write_bytes(b"[Web]\nhost = \xff"), f":2: {NOT_UTF_8}"),
        (lambda path: path.write_text("[Web]", "utf-16"), f":1: {NOT_UTF_8}"),
        (lambda path: path.write_text("[Web]", "utf-16-le"), f":1: {NUL_BYTE}"),
        (lambda path: path.write_bytes(b"[Web]\n\0"), f":2: {NUL_BYTE}"),
    ],
)
def test_a_file_that_can_not_be_read_is_rejected_with_the_reason(tmp_path, make, message):
    """With the line if it is not text."""
    path = tmp_path / "f.conf"
    make(path)

    with pytest.raises(ConfigError) as caught:
        load(path, SCHEMA)

    assert f"{path}{message}" == str(caught.value)


def test_without_a_file_everything_has_its_default():
    """Loaded() is the same as an empty file."""
    assert Web() == Loaded().one("Web", Web)


DESTINATIONS = (
    SectionType(name="place", help="Destinations.", settings=Web, may_be_labelled=True),
)


def test_a_section_that_may_be_labelled_can_appear_with_and_without_a_label():
    """The one without a label is not among the labelled ones."""
    neither = check("", "f.conf", DESTINATIONS)
    one = check("[Place]\nhost = a", "f.conf", DESTINATIONS)
    both = check("[place:x]\nhost = b\n[place]\nhost = a\n[place: y]", "f.conf", DESTINATIONS)

    assert [False, True, True] == [settings.has("place") for settings in (neither, one, both)]
    assert ["localhost", "a", "a"] == [
        settings.one("place", Web).host for settings in (neither, one, both)
    ]
    assert {} == neither.labelled("place") == one.labelled("place")
    assert {"x": Web(host="b"), "y": Web()} == both.labelled("place")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[place:]", f"{INVALID_SECTION} [place] or [place:NAME]"),
        ("[place]\n[Place]", TWO_SPELLINGS),
        ("[place:x]\n[place: x]", TWO_SPELLINGS),
        ("[place:x]\nhots = a", f"{UNKNOWN_KEY}{DID_YOU_MEAN.format(name='host')}"),
    ],
)
def test_a_section_that_may_be_labelled_is_checked_like_others(text, message):
    """Its label must not be empty, and each section appears once."""
    with pytest.raises(ConfigError) as caught:
        check(text, "f.conf", DESTINATIONS)

    assert str(caught.value).endswith(message)
    assert 1 == len(caught.value.problems)
