"""Pages in Markdown: their blocks, the commands in these, their links and their anchors."""

import re
import shlex
from typing import NamedTuple

# Those within a list are indented, as the list's text is.
_BLOCK = re.compile(r"^( *)```([\w-]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
# No word of the pages has this within quotes.
_COMMENT = re.compile(r"(^|\s)#.*")
# In a synopsis, what may be left out: ping [NODES]
_OPTIONAL = re.compile(r"\[[A-Z]+\]")


class Block(NamedTuple):
    """A fenced block: its language, its text, and the line of the page at which it begins."""

    language: str
    text: str
    line: int


class Command(NamedTuple):
    """A simple command of a block: the line of the shell that it is in, and its words."""

    line: str
    words: tuple[str, ...]

    @property
    def program(self):
        """Its name without a folder."""
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
    """Return a page without its blocks, and without code in its lines."""
    return _CODE.sub("", _BLOCK.sub("", page))


def lines(text):
    """Return the lines of a block as the shell has them: without comments, continued ones whole."""
    whole = text.replace("\\\n", " ").splitlines()
    return [line for told in whole if (line := _COMMENT.sub("", told).strip())]


def commands(line):
    """Yield the simple commands of a line of the shell."""
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
    """Return what a page links to, but for other sites."""
    return [link for link in _LINK.findall(prose(page)) if not re.match(r"[a-z]+:", link)]


def anchors(page):
    """Return the anchors of a page's headings, as they are made where it is shown."""
    found: list[str] = []
    for heading in _HEADING.findall(_BLOCK.sub("", page)):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        same = sum(re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", one) is not None for one in found)
        found.append(f"{anchor}-{same}" if same else anchor)
    return set(found)
