"""The parser of the pages."""

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
    """Blocks in lists lose their indentation; blocks without a language are found too."""
    first, second = markdown.blocks(PAGE)

    assert ("sh", 5) == (first.language, first.line)
    assert first.text.startswith("lmaster check   # a word\n")
    assert ("", " node001 ──> lmaster\n") == (second.language, second.text)


def test_lines_are_read_as_a_shell_reads_them():
    """Comments are removed, and continuation lines joined."""
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
def test_a_line_is_split_into_commands(line, expected):
    """Shell operators split it. Quoted words stay together, optional arguments are dropped."""
    assert expected == [command.words for command in markdown.commands(line)]


def test_links_to_this_repository_are_found():
    """Links in code and to other sites are left out."""
    assert ["other.md#a-place", "#a-page-of-code"] == markdown.links(PAGE)


def test_headings_have_the_anchors_that_github_generates():
    """The second of two equal headings gets a number."""
    assert {"a-page-of-code", "twice", "twice-1"} == markdown.anchors(PAGE)


@given(st.text())
def test_any_text_can_be_parsed(text):
    """No page raises an exception."""
    for block in markdown.blocks(f"```sh\n{text}\n```\n{text}"):
        markdown.lines(block.text)
    markdown.links(text)
    markdown.anchors(text)
