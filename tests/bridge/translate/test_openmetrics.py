"""The parser of OpenMetrics 1.0. Another test compares it with other parsers."""

import math
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import PageError
from fructosa_bridge.translate.openmetrics import (
    AFTER_THE_END,
    CUT_OFF,
    EMPTY_LINE,
    parse_line,
    samples,
)
from fructosa_bridge.translate.sample_lines import INVALID_TYPE, ParsedSample


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("up 1", ParsedSample("up", (), 1.0)),
        ("up{} 1", ParsedSample("up", (), 1.0)),
        ("up 1 1700000000.125", ParsedSample("up", (), 1.0, 1700000000125)),
        ("up 1 -1e-3", ParsedSample("up", (), 1.0, -1)),
        ("up 1 1e307", ParsedSample("up", (), 1.0, int(1e307) * 1000)),
        ('up{b="1",a=""} +Inf', ParsedSample("up", (("b", "1"), ("a", "")), math.inf)),
        (r'up{a="q\"s\\n\n\t"} 1', ParsedSample("up", (("a", 'q"s\\n\n\\t'),), 1.0)),
        ('up{a="} 5 # {"} 1', ParsedSample("up", (("a", "} 5 # {"),), 1.0)),
        ('up 1 # {a="b"} 2', ParsedSample("up", (), 1.0)),
        ("up 1 # {} 2 1.5", ParsedSample("up", (), 1.0)),
        ('up 1 2 # {a="b # {}"} 2 1.5', ParsedSample("up", (), 1.0, 2000)),
    ],
)
def test_a_sample_is_parsed(line, expected):
    """Name, labels in the order of the page, value and time; an exemplar is ignored."""
    assert expected == parse_line(line)


@pytest.mark.parametrize(
    "line",
    [
        "up 1 2 3",
        "up 1 inf",
        "up 1 1e999",
        "up 1 #",
        "up 1 # {}",
        "up 1 # {} x",
        "up 1 # {} 1 nan",
        "up 1 # {} 1 2 3",
        'up 1 # {"a"} 1',
        'up 1 # {a="b"c="d"} 1',
        'up{a="b"c="d"} 1',
        '{a="b"} 1',
        'up 1 #{a="b"} 1',
        'up{__name__="down"} 1',
    ],
)
def test_an_invalid_line_refuses_the_page(line):
    """In these ways the format differs from the text format."""
    with pytest.raises(PageError):
        list(samples(f"{line}\n# EOF\n"))


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("# comment", "not a valid HELP, TYPE or UNIT: '# comment'"),
        ("# TYPE a gauges", INVALID_TYPE.format(line="'# TYPE a gauges'")),
        ("# UNIT a_bytes seconds", "the metric name does not end in its unit"),
    ],
)
def test_invalid_metadata_refuses_the_page(metadata, message):
    """The message has the invalid line."""
    with pytest.raises(PageError) as caught:
        list(samples(f"{metadata}\n# EOF\n"))

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("", CUT_OFF),
        ("up 1\n", CUT_OFF),
        ("up 1\n# EO", CUT_OFF),
        ("# EOF\nup 1\n", AFTER_THE_END),
        ("up 1\n# EOF\nup 2\n# EOF\n", AFTER_THE_END),
        ("up 1\n# EOF\n\n", AFTER_THE_END),
        ("up 1\n\n# EOF\n", EMPTY_LINE),
    ],
)
def test_a_page_without_its_end_is_refused(page, message):
    """It is truncated, or what follows its end is not for lmaster."""
    with pytest.raises(PageError, match=re.escape(message)):
        list(samples(page))


def test_the_last_line_may_have_no_line_feed():
    """Prometheus accepts that, and nothing can be missing."""
    assert [ParsedSample("up", (), 1.0)] == list(samples("up 1\n# EOF"))


@pytest.mark.parametrize(
    "page",
    [
        "# HELP a A.\n# TYPE a gauge\n# HELP a A.\n# TYPE a counter\na 1",
        "a 1\nb 2\na 3",
        "# TYPE a counter\na 1",
        "# TYPE a_total counter\na_total 1",
        "# TYPE a info\na 1",
        "a 1\n# TYPE a gauge\n# HELP a A.",
        "a_total 1\na_created 2",
        '# TYPE a counter\na_total 1\n# TYPE a_created gauge\na_created 1\nb{x="y",} 1',
        '# HELP "a.b" x\n# TYPE "a.b" gauge\n# UNIT "a.b_c" c\n{"a.b",x="y"} 1',
    ],
)
def test_what_prometheus_takes_is_taken(page):
    """Families in two places or in any order, and samples without the suffix of their type."""
    assert [line for line in page.split("\n") if line[0] != "#"] == [
        *filter(parse_line, page.split("\n"))
    ]
    assert len(list(samples(f"{page}\n# EOF\n"))) > 0


@given(st.text())
def test_any_text_is_parsed_or_refused(text):
    """The parser raises no error but PageError."""
    for page in (text, f"{text}\n# EOF\n", f"up{{{text}}} 1\n# EOF\n", f"up {text}\n# EOF\n"):
        with suppress(PageError):
            list(samples(page))
