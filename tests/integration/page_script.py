"""The steps of a page from top to bottom: lines to type, and files to write."""

from typing import NamedTuple

from . import markdown
from .page_commands import why_not_run


class Step(NamedTuple):
    """A shell line or the text of a configuration file, and the page before it."""

    text: str
    is_file: bool
    before: str


def steps(page):
    """Yield the steps of a page that are done in its container, in the order of the page."""
    text = page.read_text()
    for block in markdown.blocks(text):
        before = "\n".join(text.splitlines()[: block.line - 1])
        if block.language in ("ini", "conf"):
            yield Step(block.text, True, before)
        elif block.language == "sh":
            yield from (Step(line, False, before) for line in _lines(page, block))


def _lines(page, block):
    """Return the lines of a block that are run; a cd is joined with the lines that follow it."""
    whole = markdown.lines(block.text)
    run = [
        line for line in whole if not any(why_not_run(page, one) for one in markdown.commands(line))
    ]
    return ["\n".join(run)] if run and run[0].startswith("cd ") else run


def smaller(configuration):
    """Return a configuration of a page, changed to four nodes and an interval of one second."""
    return configuration.replace("node[001-128]", "node[001-004]").replace("= 10\n", "= 1\n")
