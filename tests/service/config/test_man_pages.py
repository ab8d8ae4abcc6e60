"""Man pages generated from command lines and settings."""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service import cli
from fructosa_service.config.kinds import PORT, optional
from fructosa_service.config.man_pages import (
    ManBlock,
    ManPage,
    argument,
    command_page,
    escaped,
    file_page,
    prose,
)
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import REQUIRED, SectionType, option

PAGE = ManPage(
    name="prog",
    section=1,
    summary="do something",
    date="May 1, 2026",
    version="1.0",
    description="It does. Something else too.",
    chapters=[
        ("EXIT STATUS", "0: All went well.\n1: It did not."),
        ("EXAMPLES", "    prog run -f x"),
    ],
    see_also=[("other", 5)],
)


def program():
    """Return the parser of a program with a command and a subcommand."""
    parser = cli.parser("prog", "Do something.")
    commands = parser.add_subparsers()
    run = cli.add_command(commands, "run", lambda _: 0, "run it")
    run.add_argument("-f", "--file", metavar="FILE", default="x-y", help="read (def: %(default)s)")
    run.add_argument("--no", metavar="No", required=True)
    run.add_argument("--secret", help=argparse.SUPPRESS)
    run.add_argument("--state", choices=["up", "down"], help="only these")
    run.add_argument("names", metavar="NAME", nargs="*", help="a name")
    below = cli.add_command(commands, "agents", lambda _: 0, "many agents").add_subparsers()
    cli.add_command(below, "start", lambda _: 0, "start them")
    return parser


@dataclass(frozen=True, kw_only=True)
class Web:
    """A required key, one with a default, one without."""

    root: Path = option(PATH, REQUIRED, "What is served.")
    port: int = option(PORT, 80, "Where. On all addresses.")
    log: Path | None = option(optional(PATH), None, "What is written.", key="log file")


def test_the_synopsis_has_every_command():
    """Subcommands too, but nothing that --help hides."""
    text = command_page(PAGE, program())

    assert (
        ".Nm prog\n.Cm \\&run\n.Op Fl f Ar FILE\n.Fl \\-no Ar \\&NO\n"
        ".Op Fl \\-state Cm \\&up | down\n.Op Ar NAME ...\n" in text
    )
    assert ".Nm prog\n.Cm agents start\n" in text
    assert "secret" not in text
    assert "--help" not in text


def test_an_option_is_documented_with_its_default():
    """As in --help, with both names of the option."""
    text = command_page(PAGE, program())

    assert ".It Fl f , Fl \\-file Ar FILE\nRead (def: x\\-y).\n" in text


def test_hand_written_chapters_are_formatted():
    """Terms become a list, indented lines an example."""
    text = command_page(PAGE, program())

    assert ".Sh EXIT STATUS\n.Bl -tag -width Ds\n.It Sy \\&0\nAll went well.\n" in text
    assert ".Bd -literal -offset indent\nprog run \\-f x\n.Ed\n" in text
    assert text.endswith(".Sh SEE ALSO\n.Xr other 5\n")
    assert "It does.\nSomething else too.\n" in text


def test_the_page_of_a_file_has_every_key_with_its_kind_and_default():
    """A required key is marked; one without a default has an example."""
    section = SectionType(name="web", help="The web.", settings=Web, labelled=True)

    text = file_page(PAGE, [ManBlock(section, "web:NAME", Web)])

    assert ".Ss [web:NAME]\\&\nThe web.\n" in text
    assert ".It Cm root No = Ar path\nWhat is served.\nRequired, e.g." in text
    assert ".It Cm port No = Ar port\nWhere.\nOn all addresses.\nDefault: 80\n" in text
    assert '.It Cm "log file" No = Ar path\nWhat is written.\nUnset by default; e.g.' in text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_roff_takes_no_text_for_a_request(text):
    """No line begins with a dot or an apostrophe, and every backslash begins an escape."""
    for line in prose(text):
        assert line == ".Pp" or not line.startswith((".", "'"))
        assert line.isascii()
        assert re.fullmatch(r"(?:[^\\]|\\[e&-]|\\\(\w\w|\\\[u[0-9A-F]+\])*", line)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_escaping_loses_nothing(text):
    """roff prints the original text."""
    back = {r"\e": "\\", r"\-": "-", r"\(aq": "'", r"\(ga": "`", r"\(ha": "^"}
    back |= {r"\(ti": "~", r"\(dq": '"'}

    def plain(match):
        return back.get(match[0]) or chr(int(match[0][3:-1], 16))

    assert text == re.sub(r"\\(?:\(\w\w|\[u[0-9A-F]+\]|.)", plain, escaped(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("FILE", "FILE"), ("No", r"\&No"), ("|", r"\&|"), ("log file", '"log file"'), ("", r"\&")],
)
def test_an_argument_is_one_word_and_not_a_macro(text, expected):
    """mdoc would call No, and move a bar."""
    assert expected == argument(text)
