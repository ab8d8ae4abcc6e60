"""The parser of the text format."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from fructosa_bridge.model.errors import PageError
from fructosa_bridge.translate.sample_lines import NOT_A_SAMPLE, ParsedSample
from fructosa_bridge.translate.text_format import parse_line, samples


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("up 1", ParsedSample("up", (), 1.0)),
        ("up\t1", ParsedSample("up", (), 1.0)),
        ("  up   1  ", ParsedSample("up", (), 1.0)),
        ("up 1\r", ParsedSample("up", (), 1.0)),
        ("a:b_c9 -1.5e-3", ParsedSample("a:b_c9", (), -0.0015)),
        ("up 1 1700000000000", ParsedSample("up", (), 1.0, 1700000000000)),
        ("up{} 1", ParsedSample("up", (), 1.0)),
        ('up{a="b"} 1', ParsedSample("up", (("a", "b"),), 1.0)),
        ('up{a="b"}1', ParsedSample("up", (("a", "b"),), 1.0)),
        ('up { a = "b" , c="d", } 1', ParsedSample("up", (("a", "b"), ("c", "d")), 1.0)),
        ('up{a="x y} 5"} 1', ParsedSample("up", (("a", "x y} 5"),), 1.0)),
        (r'up{a="q\"s\\n\n"} 1', ParsedSample("up", (("a", 'q"s\\n\n'),), 1.0)),
        (r'up{a="C:\data\\"} 1', ParsedSample("up", (("a", "C:\\data\\"),), 1.0)),
        ('up{a="\udcff"} 1', ParsedSample("up", (("a", "\udcff"),), 1.0)),
        ('up{a="",a=""} 1', ParsedSample("up", (("a", ""),), 1.0)),
        ('up{a="\r\n"} 1\r', ParsedSample("up", (("a", "\r\n"),), 1.0)),
        ('up{__a="b"} 1', ParsedSample("up", (("__a", "b"),), 1.0)),
        ('up{a=""} +Inf', ParsedSample("up", (("a", ""),), math.inf)),
        ('up{a="ü"} -inf', ParsedSample("up", (("a", "ü"),), -math.inf)),
        ('up{a="b"c="d" e="f"} 1', ParsedSample("up", (("a", "b"), ("c", "d"), ("e", "f")), 1.0)),
    ],
)
def test_a_sample_is_parsed(line, expected):
    """Name, labels in the order of the page, value and time."""
    assert expected == parse_line(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   ",
        "\r",
        "# any comment",
        "#",
        "#TYPE up invalid",
        "# HELP",
        "# HELP up",
        "# HELP up Some help.",
        "# TYPE up gauge",
        "# UNIT up seconds",
        "# EOF",
    ],
)
def test_comments_and_empty_lines_have_no_sample(line):
    """They are not refused either."""
    assert parse_line(line) is None


def test_nan_is_a_value():
    """The format has it; Graphite cannot store it."""
    assert math.isnan(parse_line("up NaN").value)


@pytest.mark.parametrize(
    "line",
    [
        "up",
        "1up 1",
        "up one",
        "up 1 2 3",
        "up 1 2.5",
        pytest.param(f"up 1 {'9' * 5000}", id="a time stamp of 5000 digits"),
        "up 1_000",
        "up ١",
        "up{ 1",
        "up} 1",
        "up{a} 1",
        "up{a=} 1",
        "up{a=b} 1",
        'up{a="b} 1',
        "up -NaN",
        "up-1",
        'up{a="b",,c="d"} 1',
        'up{,a="b"} 1',
        'up{a="b",a="c"} 1',
        'up{1a="b"} 1',
        'up{a="b"} {c="d"} 1',
        'up{__name__="b"} 1',
        "up 1\x0b",
        "\x0bup 1",
        "# TYPE up invalid",
        "# TYPE up",
        "# TYPE up gauge or so",
        "# TYPE 1up gauge",
        "# HELP 1up Some help.",
        "up-down 1",
        "<html>",
        '{"json": 1}',
    ],
)
def test_an_invalid_line_refuses_the_page(line):
    """No sample of the page is used."""
    with pytest.raises(PageError):
        list(samples(f"up 1\n{line}\n"))


@pytest.mark.parametrize("comment", ["# HELP up{ x", "# HELP up-1 x", '# HELP "a.b" x'])
def test_a_help_may_be_of_anything_that_begins_with_a_name(comment):
    """As in Prometheus: it says nothing of a value."""
    assert parse_line(comment) is None


# What Prometheus 3 reads, from model/textparse/promparse_test.go there (TestUTF8PromParse), with
# other names.
@pytest.mark.parametrize(
    ("line", "name", "labels"),
    [
        ('{"disk.used"} 1', "disk.used", ()),
        ('{"disk.used",dev="sda"} 1', "disk.used", (("dev", "sda"),)),
        ('{"disk.used",dev="sda",} 1', "disk.used", (("dev", "sda"),)),
        ('{ "disk.used" , dev = "sda" } 1 17', "disk.used", (("dev", "sda"),)),
        ('{dev="sda","disk.used"}1', "disk.used", (("dev", "sda"),)),
        ('{"used","disk.dev"="sda"} 1', "used", (("disk.dev", "sda"),)),
        ('used{"disk.dev"="sda"} 1', "used", (("disk.dev", "sda"),)),
        (r'{"Übel \\\"{,}\n€","a=b"="c"} 1', 'Übel \\"{,}\n€', (("a=b", "c"),)),
    ],
)
def test_a_name_in_quotes_is_read_as_in_prometheus_3(line, name, labels):
    """Whatever it has: the name stands among the labels."""
    assert (name, labels, 1.0) == parse_line(line)[:3]


@pytest.mark.parametrize(
    "line",
    [
        '{dev="sda"} 1',
        "{} 1",
        '{""} 1',
        '{"used",""="sda"} 1',
        '{"used" dev="sda"} 1',
        '{"used","size"} 1',
        'used{"size"} 1',
        '{"used",dev} 1',
        '{"used",__name__="size"} 1',
        '{"used","dev = "sda"} 1',
        '"used" 1',
        "{'used'} 1",
        '{"used"}',
    ],
)
def test_an_invalid_name_in_quotes_refuses_the_page(line):
    """No name, two names, or none that ends."""
    with pytest.raises(PageError):
        parse_line(line)


def test_the_value_of_a_label_may_have_line_feeds():
    """Prometheus reads them, although an exporter should have written an escape."""
    page = 'a{x="1\n2",y="\n\n"} 3\nb 4\n# "\nc 5\n'

    found = {(sample.name, sample.labels): sample.value for sample in samples(page)}

    assert {("a", (("x", "1\n2"), ("y", "\n\n"))): 3, ("b", ()): 4, ("c", ()): 5} == found


@pytest.mark.parametrize(
    "page", ['a{x="1\\\n2"} 1\n', 'a{x="1} 1\nb 2\n', 'a{x="1} 1\nb{y="2"} 3\n', 'a{\nx="1"} 1\n']
)
def test_a_quoted_text_that_does_not_end_refuses_the_page(page):
    """Also where it seems to end in another line."""
    with pytest.raises(PageError):
        list(samples(page))


def test_the_message_shows_the_start_of_the_line():
    """A page of garbage may be one line of a megabyte."""
    with pytest.raises(PageError) as caught:
        parse_line("x" * 10**6)

    assert str(caught.value).startswith(NOT_A_SAMPLE.format(line="'xxx"))
    assert len(str(caught.value)) < 200


@given(st.text())
def test_any_text_is_parsed_or_refused(page):
    """The parser raises no error but PageError."""
    with suppress(PageError):
        list(samples(page))


names = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", fullmatch=True)
# Only the parser of prometheus_client refuses labels that begin with two underscores.
label_names = st.from_regex(r"_?[a-zA-Z][a-zA-Z0-9_]{0,8}", fullmatch=True)
label_values = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.floats(allow_nan=False)


@st.composite
def pages(draw):
    """Draw a valid page: lines with name, labels and value."""
    lines = []
    for number in range(draw(st.integers(0, 8))):
        labels = draw(st.dictionaries(label_names, label_values, max_size=3))
        inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
        braces = f"{{{inner}}}" if labels else ""
        lines.append(f"{draw(names)}{number}{braces} {draw(values)!r}")
    return "\n".join([*lines, ""])


def _escaped(value):
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


@given(pages())
def test_valid_pages_are_parsed_as_by_prometheus_client(page):
    """Its parser finds the same samples."""
    expected = {
        (sample.name, frozenset(sample.labels.items()), sample.value)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }

    parsed = {(name, frozenset(labels), value) for name, labels, value, _ in samples(page)}

    assert expected == parsed
