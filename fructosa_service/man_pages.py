"""Man pages in mdoc, made of command lines and of declared settings."""

import argparse
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .config.settings import Option, SectionType, options_of

# What roff would take for something else, and what it would print otherwise than it stands there.
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
    """What stands at the top of a page, and what is said of it by hand."""

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
    """One section of a configuration file: its type, its header, and the class of its settings."""

    declared: SectionType
    header: str
    settings: type


def escaped(text: str) -> str:
    """Return *text* as roff has to read it, to print what stands there."""
    return "".join(_escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    return _ESCAPES.get(letter) or (letter if letter.isascii() else rf"\[u{ord(letter):04X}]")


def argument(text: str) -> str:
    r"""Return *text* as one argument of a macro.

    A short one might be a macro's name, or a mark that mdoc moves; \& keeps it from that.
    """
    made = escaped(text)
    made = rf"\&{made}" if len(text) <= 3 else made
    return f'"{made}"' if " " in made else made


def prose(text: str) -> list[str]:
    """Return *text* as lines of roff, each sentence on its own; an empty line parts paragraphs."""
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
    """Return a line that is no request, whatever it begins with."""
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
    """Return one sentence on what holds where a file has not the key."""
    if declared.is_required:
        return f"Must be given, e.g. {declared.kind.example}"
    if declared.default_text:
        return f"Default: {declared.default_text}"
    return f"Not set by default; e.g. {declared.kind.example}"


def _top(page: ManPage) -> list[str]:
    return [
        '.\\" Made from the declarations by `make docs`; changes here are lost.',
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
    """Return a chapter: ``TERM: text`` a line is a list, indented lines an example, else prose."""
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
    """Yield all commands that have none below them, with the words that call them."""
    below = [one for one in actions_of(parser) if isinstance(one, argparse._SubParsersAction)]
    if not below:
        yield words, parser
    for action in below:
        for name, command in action.choices.items():
            yield from _commands(command, (*words, name))


def actions_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return what a command may be told; argparse has no public way to ask."""
    return [one for one in parser._actions if one.help is not argparse.SUPPRESS]


def _synopsis(words: Iterable[str], command: argparse.ArgumentParser) -> Iterator[str]:
    if told := " ".join(argument(word) for word in words):
        yield f".Cm {told}"
    for action in _told(command):
        if action.option_strings:
            name = action.option_strings[0]
            needed = "" if action.required else "Op "
            yield f".{needed}{_flag(name)}{_value(action)}"
        else:
            yield f".{'Op ' if action.nargs in ('?', '*') else ''}{_value(action).strip()}"


def _told(command: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return options and arguments, without --help, and the arguments last."""
    told = [one for one in actions_of(command) if one.dest != "help"]
    return sorted(told, key=lambda action: not action.option_strings)


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
    told = _told(command)
    if not told:
        return
    yield ".Bl -tag -width Ds"
    for action in told:
        names = " , ".join(_flag(name) for name in action.option_strings)
        yield f".It {names}{_value(action)}".replace(".It  ", ".It ")
        text = help_of(command, action)
        yield from prose(f"{text[:1].upper()}{text[1:]}.")
    yield ".El"


def help_of(command: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return an option's help as ``--help`` shows it, with its defaults filled in."""
    return command._get_formatter()._expand_help(action) if action.help else ""
