"""INI text into sections and entries."""

import configparser
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service.config import ini


def read(text):
    """Return what the text says, without lines: ``{section: {key: value}}``; None if it's wrong."""
    sections, problems = ini.parse(text)
    if problems:
        return None
    return {
        section.name: {entry.key.lower(): entry.text for entry in section.entries}
        for section in sections
    }


def read_by_the_library(text):
    """Return the same, as the standard library reads it.

    But for one deliberate difference: it keeps empty lines before and within a value of several
    lines.
    """
    parser = configparser.ConfigParser(
        strict=True,
        interpolation=None,
        inline_comment_prefixes=("#", ";"),
        default_section="",  # [DEFAULT] means nothing special here
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
    ["", "1", "a b", "x = y", "node[1-3]", "a#b", "50%", "%(a)s", "a ; remark", "/", "#no", "a;b"]
)
headers = st.sampled_from(
    ["[a]", "[b]", "[A]", "[sensor:CPU]", "[Graphite]", "[DEFAULT]", "[", "[]"]
)
remarks = st.sampled_from(["", "# remark", "; remark = 1", "#[a]"])
lines = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "", "", " ", "    ", "\t"]),
    headers | st.builds("{}{}{}".format, keys, delimiters, values) | values | remarks,
    st.sampled_from(["", "", "", " ", "\r", " # remark", "\t; remark"]),
)


@given(st.sampled_from(["", "[first]\n", "# remark\n\n[first]\n"]), st.lists(lines, max_size=12))
def test_files_are_read_as_the_standard_library_reads_them(head, found):
    """Files for FrUCToSA 0.x were read by it; both give the same settings, or both refuse."""
    text = head + "\n".join(found)

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
def test_a_header_is_read_more_strictly_than_by_the_standard_library(text, theirs):
    """A deliberate difference: what begins with a bracket is a header, and nothing but one."""
    assert theirs == read_by_the_library(text)
    assert read(text) is None


def test_space_within_the_brackets_means_nothing():
    """The last deliberate difference: to the standard library it is part of the name."""
    text = "[ a ]\nx = 1"

    assert read_by_the_library(text) == {" a ": {"x": "1"}}
    assert read(text) == {"a": {"x": "1"}}


@given(st.lists(remarks, max_size=5), st.lists(remarks, max_size=5))
def test_remarks_and_empty_lines_count_as_lines(above, between):
    """However many of them come first."""
    (section,), _ = ini.parse("\n".join([*above, "[a]", *between, "x = 1"]))

    header_line = len(above) + 1
    assert header_line == section.line
    assert header_line + len(between) + 1 == section.entries[0].line


def test_an_indented_file_is_read_like_any_other():
    """What was copied out of a manual, with its indent, works."""
    text = "   [a]\n   x = 1\n\n   [b]\n   y = 2"

    assert {"a": {"x": "1"}, "b": {"y": "2"}} == read(text)


def test_deeper_lines_continue_a_value():
    """Below an empty value, over remarks, and with a header's look."""
    text = "[a]\nx =\n  /x\n  # remark\n\n  /y ; why\n  [z]\ny = 1"

    assert {"a": {"x": "/x\n/y\n[z]", "y": "1"}} == read(text)


def test_entries_below_a_broken_header_belong_to_no_other_section():
    """They are not taken for those of the section above."""
    sections, _ = ini.parse("[a]\nx = 1\n[b\nx = 2")

    assert [("a", ["1"])] == [(one.name, [entry.text for entry in one.entries]) for one in sections]


def test_the_first_of_two_equal_keys_is_kept():
    """Lines that continue the second one change nothing."""
    sections, _ = ini.parse("[a]\nx = 1\nX = 2\n   3")

    assert ["1"] == [entry.text for entry in sections[0].entries]


@given(st.text())
def test_any_text_is_read_or_refused(text):
    """Whatever stands in a file, reading it ends with sections and problems."""
    sections, problems = ini.parse(text)

    assert all(section.name for section in sections)
    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in problems)


def test_sections_and_entries_know_their_lines():
    """A text of several lines has the line of its key."""
    text = textwrap.dedent(
        """\
        # a remark

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
        ("x = 1", 1, "before the first section"),
        ("[a]\nx", 2, "'x' is no setting; write key = value"),
        ("[a]\n= 1", 2, "'= 1' is no setting"),
        ("[a\nx = 1", 1, "'[a' is no section header; write [name]"),
        ("[]", 1, "no section header"),
        ("[a] b", 1, "no section header"),
        ("[a]\n[b]\n[a]", 3, "[a] stands twice"),
        ("[\x1b[2J]\n[\x1b[2J]", 2, r"['\x1b[2J'] stands twice"),
        ("[a]\nx = 1\nX = 2", 3, "is set twice in this section"),
        ("[a][b]", 1, "'[a][b]' is no section header"),
        ("[a]\nb]", 2, "'b]' is no setting"),
        ("a:\n  x: 1", 1, "'a:' stands before the first section"),
        ('{"x": 1}', 1, """'{"x": 1}' stands before the first section"""),
        ("[a]\rx = 1\r", 1, r"'[a]\rx = 1' is no section header"),
        ("#!/bin/sh\nlagent serve", 2, "'lagent serve' stands before the first section"),
        ("y" * 10**6, 1, f"'{'y' * 79}…' stands before the first section"),
    ],
)
def test_what_is_wrong_has_its_line(text, line, message):
    """And a word on what to write."""
    _, problems = ini.parse(text)

    assert line == problems[0].line
    assert message in str(problems[0])


def test_all_mistakes_are_found_at_once():
    """One run of check is enough."""
    _, problems = ini.parse("x = 1\n[a\n[b]\ny\nz = 1\nz = 2\n")

    assert [1, 2, 4, 6] == [problem.line for problem in problems]
