"""What is read out of a page, before anything of it is tried."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from . import markdown

PAGE = """\
# A page, of `code`

1. In a list:

   ```sh
   lmaster check   # a word
   lmaster reload && lmaster targets \\
     --output /a
   ```

```
 node001 ──> lmaster
```

[there](other.md#a-place), `[not](this.md)`,
[elsewhere](https://example.org/), [here](#a-page-of-code)
## Twice
## Twice
"""


def test_blocks_are_found_with_their_language_and_line():
    """Those of a list without its indentation; those without a language too."""
    first, second = markdown.blocks(PAGE)

    assert ("sh", 5) == (first.language, first.line)
    assert first.text.startswith("lmaster check   # a word\n")
    assert ("", " node001 ──> lmaster\n") == (second.language, second.text)


def test_lines_are_those_of_the_shell():
    """Without comments; continued ones are one."""
    one, two = markdown.lines(markdown.blocks(PAGE)[0].text)

    assert "lmaster check" == one
    assert ["lmaster", "reload", "&&", "lmaster", "targets", "--output", "/a"] == two.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("lmaster reload && lmaster targets", [("lmaster", "reload"), ("lmaster", "targets")]),
        ("curl -s a | grep -E 'a|b'", [("curl", "-s", "a"), ("grep", "-E", "a|b")]),
        ("/opt/fructosa/bin/lagent check", [("/opt/fructosa/bin/lagent", "check")]),
        ("lmaster ping [NODES]", [("lmaster", "ping")]),
        ("lmaster ping node[001-004]", [("lmaster", "ping", "node[001-004]")]),
    ],
)
def test_a_line_falls_into_its_commands(line, expected):
    """At what the shell knows for an end; quotes keep together, and what may be left out is."""
    assert expected == [command.words for command in markdown.commands(line)]


def test_links_to_this_repository_are_found():
    """Neither those of code nor those of other sites."""
    assert ["other.md#a-place", "#a-page-of-code"] == markdown.links(PAGE)


def test_headings_have_the_anchors_that_they_get_where_they_are_shown():
    """The second of two alike has a number."""
    assert {"a-page-of-code", "twice", "twice-1"} == markdown.anchors(PAGE)


@given(st.text())
def test_any_text_can_be_read(text):
    """A page is never the fault of who reads it."""
    for block in markdown.blocks(f"```sh\n{text}\n```\n{text}"):
        markdown.lines(block.text)
    markdown.links(text)
    markdown.anchors(text)
