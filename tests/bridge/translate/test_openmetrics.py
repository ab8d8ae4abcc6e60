"""The parser of OpenMetrics 1.0. Another test compares it with other parsers."""

import math
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import PageError
from fructosa_bridge.translate.openmetrics import IN_TWO_PLACES, parse_line, samples
from fructosa_bridge.translate.text_format import INVALID_TYPE, ParsedSample


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("up 1", ParsedSample("up", (), 1.0)),
        ("up{} 1", ParsedSample("up", (), 1.0)),
        ("up 1 1700000000.125", ParsedSample("up", (), 1.0, 1700000000125)),
        ("up 1 -1e-3", ParsedSample("up", (), 1.0, -1)),
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
        "up 1 1e307",
        "up 1 #",
        "up 1 # {}",
        "up 1 # {} x",
        "up 1 # {} 1 nan",
        "up 1 # {} 1 2 3",
        'up 1 # {a="b",a="c"} 1',
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
        ("# HELP a A.\n# HELP a A.", "HELP of a is repeated, or after its samples: '# HELP a A.'"),
        ("a 1\n# TYPE a gauge", "TYPE of a is repeated, or after its samples"),
        ("# UNIT a_bytes seconds", "the metric name does not end in its unit"),
    ],
)
def test_invalid_metadata_refuses_the_page(metadata, message):
    """The message has the invalid line."""
    with pytest.raises(PageError) as caught:
        list(samples(f"{metadata}\n# EOF\n"))

    assert str(caught.value).startswith(message)


def test_a_page_without_its_end_is_refused():
    """It is truncated, so its lines are not used."""
    with pytest.raises(PageError, match="the page is cut off"):
        list(samples("up 1\n"))


def test_the_last_line_may_have_no_line_feed():
    """Prometheus accepts that, and nothing can be missing."""
    assert [ParsedSample("up", (), 1.0)] == list(samples("up 1\n# EOF"))


def test_each_type_of_family_has_its_suffixes():
    """A sample with another name starts a family of its own."""
    page = (
        "# TYPE a counter\na_total 1\na_created 1\n# TYPE b gauge\nb 1\n# TYPE c summary\n"
        "c_sum 1\nc_count 1\n# TYPE d info\nd_info 1\n# TYPE e stateset\n"
        'e{e="x"} 1\n# TYPE f gaugehistogram\nf_gsum 1\nf_gcount 1\ng 1\n# EOF\n'
    )

    assert len(list(samples(page))) == 10


def test_a_family_cannot_have_the_name_of_a_sample_of_another():
    """Here a gauge has the name of a counter's sample."""
    page = "# TYPE a counter\na_total 1\n# TYPE a_created gauge\na_created 1\n# EOF\n"

    with pytest.raises(PageError, match=re.escape(IN_TWO_PLACES.format(name="a_created"))):
        list(samples(page))


@given(st.text())
def test_any_text_is_parsed_or_refused(text):
    """The parser raises no error but PageError."""
    for page in (text, f"{text}\n# EOF\n", f"up{{{text}}} 1\n# EOF\n", f"up {text}\n# EOF\n"):
        with suppress(PageError):
            list(samples(page))
