"""Parses pages in Markdown: fenced blocks, the commands in them, links and anchors."""

import re
import shlex
from typing import NamedTuple

# Blocks in a list are indented like the text of the list.
_BLOCK = re.compile(r"^( *)```([\w-]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
# No quoted word on the pages contains this.
_COMMENT = re.compile(r"(^|\s)#.*")
# An optional argument in a synopsis: ping [NODES]
_OPTIONAL = re.compile(r"\[[A-Z]+\]")


class Block(NamedTuple):
    """A fenced block: its language, its text, and the line number of its first line."""

    language: str
    text: str
    line: int


class Command(NamedTuple):
    """A simple command of a block: the shell line that contains it, and its words."""

    line: str
    words: tuple[str, ...]

    @property
    def program(self):
        """The name of the program without its folder."""
        return self.words[0].rpartition("/")[2]


def blocks(page):
    """Return the fenced blocks of a page."""
    return [
        Block(
            language,
            re.sub(f"^{indent}", "", text, flags=re.MULTILINE),
            1 + page.count("\n", 0, at),
        )
        for indent, language, text, at in (
            (*found.groups(), found.start()) for found in _BLOCK.finditer(page)
        )
    ]


def prose(page):
    """Return a page without fenced blocks and inline code."""
    return _CODE.sub("", _BLOCK.sub("", page))


def lines(text):
    """Return the lines of a block as a shell reads them: without comments, continuations joined."""
    whole = text.replace("\\\n", " ").splitlines()
    return [line for one in whole if (line := _COMMENT.sub("", one).strip())]


def commands(line):
    """Yield the simple commands of a shell line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = []
    for word in [*lexer, ";"]:
        if set(word) <= set(";&|"):
            if words:
                yield Command(line, tuple(words))
            words = []
        elif not _OPTIONAL.fullmatch(word):
            words.append(word)


def links(page):
    """Return the targets of a page's links, except links to other sites."""
    return [link for link in _LINK.findall(prose(page)) if not re.match(r"[a-z]+:", link)]


def anchors(page):
    """Return the anchors that GitHub generates for the headings of a page."""
    found: list[str] = []
    for heading in _HEADING.findall(_BLOCK.sub("", page)):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        same = sum(re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", one) is not None for one in found)
        found.append(f"{anchor}-{same}" if same else anchor)
    return set(found)
