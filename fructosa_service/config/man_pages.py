"""Man pages in mdoc, generated from command lines and declared settings."""

import argparse
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .settings import Option, SectionType, options_of

# Characters that roff interprets, or prints as others.
_ESCAPES = {
    "\\": r"\e",
    "-": r"\-",
    "'": r"\(aq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
    '"': r"\(dq",
}
_SENTENCE = re.compile(r"(?<=[.!?;:])\s+(?=[A-Z\[])|(?<=[.!?]\))\s+")
_WIDTH = 78


@dataclass(frozen=True, kw_only=True)
class ManPage:
    """The title of a page, and its hand-written chapters."""

    name: str
    section: int
    summary: str
    date: str
    version: str
    description: str
    chapters: Sequence[tuple[str, str]] = ()
    see_also: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True)
class ManBlock:
    """A section of a configuration file: its type, its header, and the class of its settings."""

    declared: SectionType
    header: str
    settings: type


def escaped(text: str) -> str:
    """Return *text* escaped, so that roff prints it as it is."""
    return "".join(_escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    return _ESCAPES.get(letter) or (letter if letter.isascii() else rf"\[u{ord(letter):04X}]")


def argument(text: str) -> str:
    r"""Return *text* as one argument of a macro.

    mdoc could take a short one for a macro or for punctuation; \& prevents that.
    """
    made = escaped(text)
    made = rf"\&{made}" if len(text) <= 3 else made
    return f'"{made}"' if " " in made else made


def prose(text: str) -> list[str]:
    """Return *text* as lines of roff, a sentence each; an empty line separates paragraphs."""
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines += [".Pp"] if lines else []
        for sentence in _SENTENCE.split(" ".join(paragraph.split())):
            wrapped = textwrap.wrap(
                sentence, _WIDTH - 12, break_long_words=False, break_on_hyphens=False
            )
            lines += [_protected(escaped(line)) for line in wrapped]
    return lines


def _protected(line: str) -> str:
    """Return a line that roff does not take for a request."""
    return rf"\&{line}" if line.startswith(".") else line


def command_page(page: ManPage, parser: argparse.ArgumentParser) -> str:
    """Return the page of a program, with all commands and options of its *parser*."""
    commands = list(_commands(parser))
    lines = [*_top(page), ".Sh SYNOPSIS"]
    for words, command in commands:
        lines += [f".Nm {page.name}", *_synopsis(words, command)]
    lines += [f".Nm {page.name}", ".Fl \\-version"]
    lines += [".Sh DESCRIPTION", *prose(page.description), ".Sh COMMANDS"]
    for words, command in commands:
        lines += [f".Ss {page.name} {' '.join(map(argument, words))}"]
        lines += [*prose(command.description or ""), *_arguments(command)]
    return _end(lines, page)


def file_page(page: ManPage, blocks: Sequence[ManBlock]) -> str:
    """Return the page of a configuration file, with every key of its sections."""
    lines = [*_top(page), ".Sh DESCRIPTION", *prose(page.description), ".Sh SECTIONS"]
    for block in blocks:
        lines += [rf".Ss [{escaped(block.header)}]\&", *prose(block.declared.help)]
        lines += [".Bl -tag -width Ds"]
        for declared in options_of(block.settings):
            lines += [f".It Cm {argument(declared.key)} No = Ar {argument(declared.kind.name)}"]
            lines += prose(f"{declared.help}\n{default_of(declared)}")
        lines += [".El"]
    return _end(lines, page)


def default_of(declared: Option) -> str:
    """Return one sentence on the default of a key."""
    if declared.is_required:
        return f"Required, e.g. {declared.kind.example}"
    if declared.default_text:
        return f"Default: {declared.default_text}"
    return f"Unset by default; e.g. {declared.kind.example}"


def _top(page: ManPage) -> list[str]:
    return [
        '.\\" Generated from the declarations by `make docs`; do not edit.',
        f".Dd {page.date}",
        f".Dt {page.name.upper()} {page.section}",
        f".Os FrUCToSA {page.version}",
        ".Sh NAME",
        f".Nm {page.name}",
        f".Nd {escaped(page.summary)}",
    ]


def _end(lines: Sequence[str], page: ManPage) -> str:
    lines = list(lines)
    for title, text in page.chapters:
        lines += [f".Sh {title}", *_chapter(text)]
    if page.see_also:
        *others, (name, section) = page.see_also
        lines += [".Sh SEE ALSO", *(f".Xr {one} {number} ," for one, number in others)]
        lines += [f".Xr {name} {section}"]
    return "\n".join(lines) + "\n"


def _chapter(text: str) -> list[str]:
    """Return a chapter: lines ``TERM: text`` as a list, indented lines as an example, or prose."""
    if text.startswith("    "):
        shown = [_protected(escaped(line)) for line in textwrap.dedent(text).rstrip().split("\n")]
        return [".Bd -literal -offset indent", *shown, ".Ed"]
    terms = [line.partition(": ") for line in text.split("\n")]
    if not all(colon and " " not in term for term, colon, _ in terms):
        return prose(text)
    lines = [".Bl -tag -width Ds"]
    for term, _, meaning in terms:
        macro = "Pa" if term.startswith("/") else "Sy"
        lines += [f".It {macro} {argument(term)}", *prose(meaning)]
    return [*lines, ".El"]


def _commands(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Yield all commands without subcommands, each with its words."""
    subcommands = [one for one in actions_of(parser) if isinstance(one, argparse._SubParsersAction)]
    if not subcommands:
        yield words, parser
    for action in subcommands:
        for name, command in action.choices.items():
            yield from _commands(command, (*words, name))


def actions_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the options and arguments of a command; argparse has no public function for that."""
    return [one for one in parser._actions if one.help is not argparse.SUPPRESS]


def _synopsis(words: Sequence[str], command: argparse.ArgumentParser) -> Iterator[str]:
    if words:
        yield f".Cm {' '.join(map(argument, words))}"
    for action in _documented(command):
        if action.option_strings:
            name = action.option_strings[0]
            needed = "" if action.required else "Op "
            yield f".{needed}{_flag(name)}{_value(action)}"
        else:
            yield f".{'Op ' if action.nargs in ('?', '*') else ''}{_value(action).strip()}"


def _documented(command: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the options without --help, then the arguments."""
    actions = [one for one in actions_of(command) if one.dest != "help"]
    return sorted(actions, key=lambda action: not action.option_strings)


def _flag(name: str) -> str:
    return f"Fl {escaped(name[1:])}"


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    more = " ..." if action.nargs in ("*", "+") else ""
    if action.metavar is None and action.choices is not None:
        return " Cm " + " | ".join(argument(str(one)) for one in action.choices) + more
    return f" Ar {argument(str(action.metavar or action.dest).upper())}{more}"


def _arguments(command: argparse.ArgumentParser) -> Iterator[str]:
    actions = _documented(command)
    if not actions:
        return
    yield ".Bl -tag -width Ds"
    for action in actions:
        names = " , ".join(_flag(name) for name in action.option_strings)
        yield f".It {names}{_value(action)}".replace(".It  ", ".It ")
        text = help_of(command, action)
        yield from prose(f"{text[:1].upper()}{text[1:]}.")
    yield ".El"


def help_of(command: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return an option's help as ``--help`` shows it, with its default filled in."""
    return command._get_formatter()._expand_help(action) if action.help else ""
