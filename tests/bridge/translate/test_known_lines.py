"""Lines that were parsed before."""

from fructosa_bridge.naming.schemes import SeriesPath
from fructosa_bridge.translate.known_lines import KnownLines
from fructosa_bridge.translate.memory import Memory
from fructosa_bridge.translate.page_template import TemplateLine

LINE = TemplateLine("load ", has_number=True, series=SeriesPath("load"))
COMMENT = TemplateLine("# load 5", has_number=False)


def known_lines():
    """Return lines that know a sample and a comment."""
    lines = KnownLines(Memory())
    for line in (LINE, COMMENT):
        lines.learn(line, "node")
    return lines


def test_a_sample_is_found_by_what_is_before_its_number():
    """With a time or without; a comment is found by all of its text."""
    lines = known_lines()

    assert (LINE, 0.5) == lines.find("load 0.5")
    assert (LINE, 0.5) == lines.find("load 0.5 1700000000000")
    assert (COMMENT, None) == lines.find("# load 5")
    assert [None] * 3 == [lines.find(text) for text in ("load x", "# load 6", "other 1")]


def test_a_line_that_is_not_seen_again_is_forgotten():
    """One that is seen is kept from one forgetting to the next."""
    lines = known_lines()
    for _ in range(3):
        lines.age()
        assert (LINE, 1.0) == lines.find("load 1")

    assert 1 == len(lines)
    assert lines.find("# load 5") is None


def test_a_comment_that_is_seen_again_is_kept():
    """As a sample is."""
    lines = known_lines()
    for _ in range(3):
        lines.age()
        assert (COMMENT, None) == lines.find("# load 5")

    assert lines.get("load ") is None
