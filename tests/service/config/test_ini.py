"""The parser of INI text."""

import configparser
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service.config import ini


def read(text):
    """Return ``{section: {key: value}}``; None if the text is invalid."""
    sections, problems = ini.parse(text)
    if problems:
        return None
    return {
        section.name: {entry.key.lower(): entry.text for entry in section.entries}
        for section in sections
    }


def read_by_the_library(text):
    """Return the same, as the standard library reads it.

    One deliberate difference is removed: it keeps empty lines before and within a value.
    """
    parser = configparser.ConfigParser(
        strict=True,
        interpolation=None,
        inline_comment_prefixes=("#", ";"),
        default_section="",  # [DEFAULT] is not special here
    )
    parser.optionxform = str.lower
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {
        section: {
            key: "\n".join(line for line in text.split("\n") if line)
            for key, text in parser[section].items()
        }
        for section in parser.sections()
    }


keys = st.sampled_from(["host", "Host", "incoming data port", "maxBytes", "a", "ü", ""])
delimiters = st.sampled_from([" = ", "=", ": ", " :", "\t=", ""])
values = st.sampled_from(
    ["", "1", "a b", "x = y", "node[1-3]", "a#b", "50%", "%(a)s", "a ; comment", "/", "#no", "a;b"]
)
headers = st.sampled_from(
    ["[a]", "[b]", "[A]", "[sensor:CPU]", "[Graphite]", "[DEFAULT]", "[", "[]"]
)
comments = st.sampled_from(["", "# comment", "; comment = 1", "#[a]"])
lines = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "", "", " ", "    ", "\t"]),
    headers | st.builds("{}{}{}".format, keys, delimiters, values) | values | comments,
    st.sampled_from(["", "", "", " ", "\r", " # comment", "\t; comment"]),
)


@given(st.sampled_from(["", "[first]\n", "# comment\n\n[first]\n"]), st.lists(lines, max_size=12))
def test_files_are_read_as_the_standard_library_reads_them(head, tail):
    """It read the files of FrUCToSA 0.x; both return the same settings, or both report errors."""
    text = head + "\n".join(tail)

    assert read_by_the_library(text) == read(text)


@pytest.mark.parametrize(
    ("text", "theirs"),
    [
        ("[a]b]\nx = 1", {"a]b": {"x": "1"}}),
        ("[a] b\nx = 1", {"a": {"x": "1"}}),
        ("[a]#b\nx = 1", {"a": {"x": "1"}}),
        ("[ ]\nx = 1", {" ": {"x": "1"}}),
        ("[a]\n[b = 1", {"a": {"[b": "1"}}),
    ],
)
def test_a_header_is_parsed_more_strictly_than_by_the_standard_library(text, theirs):
    """A deliberate difference: a line that begins with a bracket must be a header."""
    assert theirs == read_by_the_library(text)
    assert read(text) is None


def test_space_within_the_brackets_is_ignored():
    """The last deliberate difference: for the standard library it is part of the name."""
    text = "[ a ]\nx = 1"

    assert read_by_the_library(text) == {" a ": {"x": "1"}}
    assert read(text) == {"a": {"x": "1"}}


@given(st.lists(comments, max_size=5), st.lists(comments, max_size=5))
def test_comments_and_empty_lines_count_as_lines(above, between):
    """In the line numbers of sections and entries."""
    (section,), _ = ini.parse("\n".join([*above, "[a]", *between, "x = 1"]))

    header_line = len(above) + 1
    assert header_line == section.line
    assert header_line + len(between) + 1 == section.entries[0].line


def test_an_indented_file_is_read_like_any_other():
    """It may be copied from a manual."""
    text = "   [a]\n   x = 1\n\n   [b]\n   y = 2"

    assert {"a": {"x": "1"}, "b": {"y": "2"}} == read(text)


def test_deeper_lines_continue_a_value():
    """After an empty value, across comments, and even if they look like a header."""
    text = "[a]\nx =\n  /x\n  # comment\n\n  /y ; why\n  [z]\ny = 1"

    assert {"a": {"x": "/x\n/y\n[z]", "y": "1"}} == read(text)


def test_entries_below_an_invalid_header_belong_to_no_section():
    """Least of all to the one above."""
    sections, _ = ini.parse("[a]\nx = 1\n[b\nx = 2")

    assert [("a", ["1"])] == [(one.name, [entry.text for entry in one.entries]) for one in sections]


def test_the_first_of_two_equal_keys_is_kept():
    """Continuation lines of the second one are ignored."""
    sections, _ = ini.parse("[a]\nx = 1\nX = 2\n   3")

    assert ["1"] == [entry.text for entry in sections[0].entries]


@given(st.text())
def test_any_text_gives_sections_and_problems(text):
    """No text raises an error."""
    sections, problems = ini.parse(text)

    assert all(section.name for section in sections)
    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in problems)


def test_sections_and_entries_know_their_lines():
    """A value of several lines has the line of its key."""
    text = textwrap.dedent(
        """\
        # a comment

        [a]
        x = 1
        y = 2,
            3   ; two lines

        [b]
        z: 4
        """
    )

    sections, problems = ini.parse(text)

    assert [] == problems
    assert [("a", 3), ("b", 8)] == [(section.name, section.line) for section in sections]
    assert [("x", "1", 4), ("y", "2,\n3", 5)] == [
        (entry.key, entry.text, entry.line) for entry in sections[0].entries
    ]
    assert [("z", "4", 9)] == [(e.key, e.text, e.line) for e in sections[1].entries]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x = 1", 1, f"'x = 1' {ini.BEFORE_SECTIONS}"),
        ("[a]\nx", 2, f"'x' {ini.NOT_A_SETTING}"),
        ("[a]\n= 1", 2, f"'= 1' {ini.NOT_A_SETTING}"),
        ("[a\nx = 1", 1, f"'[a' {ini.NOT_A_HEADER}"),
        ("[]", 1, f"'[]' {ini.NOT_A_HEADER}"),
        ("[a] b", 1, f"'[a] b' {ini.NOT_A_HEADER}"),
        ("[a]\rx = 1\r", 1, rf"'[a]\rx = 1' {ini.NOT_A_HEADER}"),
        ("[a]\n[b]\n[a]", 3, f"[a] {ini.DUPLICATE_SECTION}"),
        ("[\x1b[2J]\n[\x1b[2J]", 2, rf"['\x1b[2J'] {ini.DUPLICATE_SECTION}"),
        ("[a]\nx = 1\nX = 2", 3, f"[a] X: {ini.DUPLICATE_KEY}"),
    ],
)
def test_an_error_has_its_line(text, line, message):
    """And what to write."""
    _, problems = ini.parse(text)

    assert line == problems[0].line
    assert message == str(problems[0])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('{"port": 1}', [1]),
        ("lagent:\n  port: 1", [1, 2]),
        ("<config/>", [1]),
        ("#!/bin/sh\nlagent serve", [2]),
        ("\ufeff[a]", [1]),
    ],
    ids=["JSON", "YAML", "XML", "shell", "byte order mark"],
)
def test_another_language_is_rejected(text, lines):
    """Its lines are before the first section."""
    _, problems = ini.parse(text)

    assert lines == [problem.line for problem in problems]
    assert all(ini.BEFORE_SECTIONS in problem.message for problem in problems)


def test_a_long_line_is_cut_in_its_message():
    """It may be a megabyte."""
    _, problems = ini.parse("x" * 10**6)

    assert [f"'{'x' * 79}…' {ini.BEFORE_SECTIONS}"] == [str(problem) for problem in problems]


def test_all_errors_are_found_at_once():
    """One run of check is enough."""
    _, problems = ini.parse("x = 1\n[a\n[b]\ny\nz = 1\nz = 2\n")

    assert [1, 2, 4, 6] == [problem.line for problem in problems]


def took_s(hosts):
    """Return the CPU time to read a list of hosts, each in its own line."""
    text = "[nodes:a]\nhosts =\n" + "  node001\n" * hosts
    began_s = time.process_time()
    ini.parse(text)
    return time.process_time() - began_s


def test_a_long_text_takes_time_in_proportion_to_its_length():
    """A hundred thousand hosts may stand in a line each."""
    short_s, long_s = (min(took_s(hosts) for _ in range(3)) for hosts in (4_000, 80_000))

    assert 3 * 20 > long_s / short_s
