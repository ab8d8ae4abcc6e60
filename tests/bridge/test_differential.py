"""What we read is what prometheus_client's two parsers read, or both refuse.

Where they differ on purpose, a test here names it, with the reason.
"""

import math
import re
from collections import Counter as Counted
from pathlib import Path

import prometheus_client.openmetrics.parser as their_openmetrics
import prometheus_client.parser as their_text
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Summary,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.openmetrics import exposition

from fructosa_bridge.model.errors import PageError
from fructosa_bridge.translate import openmetrics, text_format
from fructosa_bridge.translate.steps import at_once
from fructosa_bridge.translate.translator import Translator

PAGES = sorted(path for path in Path(__file__).with_name("pages").iterdir() if path.suffix != ".md")
REFUSED = "refused"


def ours(page, is_openmetrics):
    """Return the samples that we read, in no order; or that the page is refused."""
    try:
        found = list((openmetrics if is_openmetrics else text_format).samples(page))
    except PageError:
        return REFUSED
    return Counted((name, frozenset(labels), _number(value)) for name, labels, value, _ in found)


def theirs(page, is_openmetrics):
    """Return the samples that prometheus_client reads."""
    module = their_openmetrics if is_openmetrics else their_text
    try:
        families = list(module.text_string_to_metric_families(page))
        return Counted(
            (sample.name, frozenset(sample.labels.items()), _number(sample.value))
            for family in families
            for sample in family.samples
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return REFUSED


def _number(value):
    """Return a number that compares, also NaN; they read -0, and many digits, as a whole one."""
    try:
        return repr(float(value) + 0.0)
    except OverflowError:
        return "inf" if value > 0 else "-inf"


def matched(page, is_openmetrics):
    """Return the values of a page by each short way: those who said another one last time.

    What is odd may be left to the parser.
    """
    before = re.sub(r"(?m)^([^#\s].*[ \t])\S+$", r"\g<1>7", page.replace("\r\n", "\n"))
    translator = Translator()
    translator.translate(before, "n", 10**6, is_openmetrics=is_openmetrics)
    for layout in translator._last.values():
        page = page.replace("\r\n", "\n")
        for found in (
            at_once(layout.numbers(page, is_openmetrics=is_openmetrics)),
            layout._numbers(page, is_openmetrics=is_openmetrics),
        ):
            yield None if found is None else Counted(map(_number, found))


def values(samples):
    """Return the values of samples, in no order."""
    return Counted(value for _, _, value in samples.elements())


def read(path):
    """Return a page, as the scraper has it."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_recorded_pages_are_read_alike(path):
    """Name, labels and value of every sample; none twice."""
    page, is_openmetrics = read(path), path.suffix == ".om"

    found = ours(page, is_openmetrics)

    assert theirs(page, is_openmetrics) == found
    assert {1} == set(found.values())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_recorded_pages_with_other_numbers_are_matched_alike(path):
    """By the short way in C, where it could be built, and by that in Python."""
    page, is_openmetrics = read(path), path.suffix == ".om"

    found = list(matched(page, is_openmetrics))

    assert [values(theirs(page, is_openmetrics))] * 2 == found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_recorded_pages_give_a_point_for_each_number(path):
    """At first sight, and when the layout is known."""
    page, is_openmetrics = read(path), path.suffix == ".om"
    values = sorted(
        float(value) for _, _, value in ours(page, is_openmetrics) if math.isfinite(float(value))
    )
    translator = Translator()

    for _ in range(3):
        found = translator.translate(page, "n", 10**6, is_openmetrics=is_openmetrics)

        assert values == sorted(value for _, value in found.points)


def everything():
    """Return a registry with every type that prometheus_client has."""
    registry = CollectorRegistry()
    requests = Counter("requests", "With exemplars.", ["code"], registry=registry)
    requests.labels('2"0\\0\n').inc(3, {"trace_id": "a b"})
    Gauge("depth_meters", 'A "gauge".\n', unit="meters", registry=registry).set(-math.inf)
    Histogram("wait_seconds", "Of jobs.", registry=registry).observe(0.3, {"job": "# {}"})
    Summary("load", "", registry=registry).observe(2.5)
    Info("build", "Labels alone.", registry=registry).info({"version": "1", "commit": ""})
    Enum("power", "A stateset.", states=["on", "off"], registry=registry).state("off")
    return registry


@pytest.mark.parametrize("is_openmetrics", [False, True])
def test_what_prometheus_client_says_is_read_as_it_reads_it(is_openmetrics):
    """All its types, with exemplars, units and creation times."""
    generate = exposition.generate_latest if is_openmetrics else generate_latest

    page = generate(everything()).decode()

    assert len(ours(page, is_openmetrics)) > 25
    assert theirs(page, is_openmetrics) == ours(page, is_openmetrics)


class Repeating:
    """Registers its family again for each thing it finds, as exporters in Python often do."""

    def collect(self):
        """Yield one family per thing."""
        for thing in ("a", "b"):
            family = CounterMetricFamily("things", "Things.", labels=["thing"])
            family.add_metric([thing], 1)
            yield family


@pytest.mark.parametrize("is_openmetrics", [False, True])
def test_a_family_that_an_exporter_states_twice_is_read(is_openmetrics):
    """Prometheus reads it in both formats; prometheus_client itself only as text."""
    registry = CollectorRegistry()
    registry.register(Repeating())
    generate = exposition.generate_latest if is_openmetrics else generate_latest

    page = generate(registry).decode()

    assert 2 == page.count("# HELP things")
    assert [("things_total", (("thing", thing),), 1.0, None) for thing in "ab"] == list(
        (openmetrics if is_openmetrics else text_format).samples(page)
    )
    assert (theirs(page, is_openmetrics) == REFUSED) is is_openmetrics


names = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,6}", fullmatch=True)
label_names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,6}", fullmatch=True)
label_values = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.text('"\\n #{},= ', max_size=6),
)
numbers = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.sampled_from(["+Inf", "-Inf", "NaN", "1e+06", "Infinity", "-0", ".5", "5."]),
)


def _escaped(value):
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


@st.composite
def series(draw, name):
    """Draw name and labels."""
    labels = draw(st.dictionaries(label_names, label_values, max_size=3))
    inner = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{inner}}}" if labels or draw(st.booleans()) else name


@st.composite
def text_pages(draw):
    """Draw a right page of the text format."""
    lines = []
    for number in range(draw(st.integers(0, 5))):
        name = f"{draw(names)}{number}"
        lines += draw(st.lists(st.sampled_from(["", "# remark", f"# HELP {name} x"]), max_size=2))
        lines += draw(st.sampled_from([[], [f"# TYPE {name} gauge"], [f"# TYPE {name} untyped"]]))
        for _ in range(draw(st.integers(1, 3))):
            time = draw(st.sampled_from(["", " 1700000000000", " -1"]))
            lines.append(f"{draw(series(name))} {draw(numbers)}{time}")
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return end.join(lines) + draw(st.sampled_from(["", end]))


@st.composite
def openmetrics_pages(draw):
    """Draw a right page of OpenMetrics: gauges and such; the stricter types are recorded."""
    lines = []
    for number in range(draw(st.integers(0, 5))):
        name = f"{draw(names)}{number}_s"
        kind = draw(st.sampled_from(["gauge", "unknown", "counter"]))
        lines += [f"# TYPE {name} {kind}", f"# HELP {name} {draw(label_values.map(_escaped))}"]
        lines += draw(st.sampled_from([[], [f"# UNIT {name} s"]]))
        if kind == "counter":
            exemplar = draw(st.sampled_from(["", ' # {a="b"} 1', ' # {a="} 7"} 1 1.5', " # {} 2"]))
            time = draw(st.sampled_from(["", " 1700000000.5", " 1.7e9"]))
            count = draw(st.integers(0))
            lines.append(f"{draw(series(f'{name}_total'))} {count}{time}{exemplar}")
        else:
            lines.append(f"{draw(series(name))} {draw(numbers)}")
    return "\n".join([*lines, "# EOF"]) + draw(st.sampled_from(["", "\n"]))


@given(text_pages())
def test_right_pages_of_the_text_format_are_read_alike(page):
    """With remarks, times, escapes, CRLF, and with or without an end of the last line."""
    assert REFUSED != ours(page, False)
    assert theirs(page, False) == ours(page, False)
    for found in matched(page, False):
        assert found in (None, values(theirs(page, False)))


@given(openmetrics_pages())
def test_right_pages_of_openmetrics_are_read_alike(page):
    """With units, times and exemplars."""
    assert REFUSED != ours(page, True)
    assert theirs(page, True) == ours(page, True)
    for found in matched(page, True):
        assert found in (None, values(theirs(page, True)))


@st.composite
def damaged(draw, pages):
    """Draw a page in which a few characters are lost, doubled or others."""
    page = draw(pages)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(page)))
        cut = draw(st.integers(0, 2))
        put = draw(st.text(' \t\n\r"\\{}=,#_1aé.', max_size=2))
        page = page[:at] + put + page[at + cut :]
    return page


@given(damaged(text_pages()))
def test_of_a_damaged_page_of_the_text_format_we_never_read_anything_else(page):
    """Either may refuse it; if none does, they found the same.

    Mostly we are the stricter ones: they keep what they can read, and skip the rest of a line. They
    alone refuse labels that begin with __, or have no comma between them, or line feeds.
    """
    found, expected = ours(page, False), theirs(page, False)

    if REFUSED not in (found, expected):
        assert expected == found


@given(damaged(openmetrics_pages()))
def test_of_a_damaged_page_of_openmetrics_we_never_read_anything_else(page):
    """Either may refuse it; if none does, they found the same."""
    found, expected = ours(page, True), theirs(page, True)

    if REFUSED not in (found, expected):
        assert expected == found


@given(st.one_of(damaged(text_pages()), damaged(openmetrics_pages())), st.booleans())
def test_a_page_that_is_half_known_is_read_as_if_it_were_new(page, is_openmetrics):
    """A translator that knows another page, or this one, says what strict parsing says."""
    translator = Translator()
    right = "a 1\nb 2\n# EOF\n"
    expected = ours(page, is_openmetrics)

    for said in (right, page, page, right, page):
        try:
            found = translator.translate(said, "n", 1000, is_openmetrics=is_openmetrics)
        except PageError:
            assert said is page
            assert REFUSED == expected
        else:
            assert said is right or sum(expected.values()) == found.samples


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("# TYPE up gauge\nup 1 2.5\n", "times are whole milliseconds in this format"),
        ("up 1_000\n", None),
        ("up-1\n", None),
        ("up -NaN\n", "NaN has no sign in Prometheus"),
        ("up 1 2 3\n", "they leave out what follows; Prometheus refuses it"),
        ('up{,a="b"} 1\n', "Prometheus refuses an empty label"),
        ("up 1 now\n", None),
        ("\x0cup 1\n", "blanks are blank and tab alone, as in Prometheus"),
        ("# TYPE up gouge\nup 1\n", None),
        ("# TYPE up\nup 1\n", None),
        ("# HELP 1up x\nup 1\n", None),
    ],
)
def test_where_we_refuse_pages_of_the_text_format(page, reason):
    """Without a *reason* they refuse it too."""
    assert REFUSED == ours(page, False)
    assert (REFUSED == theirs(page, False)) is (reason is None)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("up 1", None),
        ("", None),
        ("up 1\n", None),
        ("up 1\n\n# EOF\n", None),
        ("up 1\n# EOF\n\n", None),
        ("up 1\n# EOF\nup 2\n", None),
        ("up 1\n# EO", None),
        ("up 1\n# EOF ", None),
        ("up 1\r\n# EOF\r\n", None),
        ("up 1 \n# EOF\n", None),
        ("up  1\n# EOF\n", None),
        (" up 1\n# EOF\n", None),
        ("up\t1\n# EOF\n", None),
        ("up 1 NaN\n# EOF\n", None),
        ("up 1_0\n# EOF\n", None),
        ('up{,a="b"} 1\n# EOF\n', None),
        ('up{a="b",a="c"} 1\n# EOF\n', None),
        ("# remark\n# EOF\n", None),
        ("# TYPE up untyped\n# EOF\n", None),
        ("# TYPE up gouge\n# EOF\n", None),
        ("# UNIT a seconds\n# EOF\n", None),
        ("# TYPE a counter\na_total 1 # {a} 1\n# EOF\n", None),
        ('# TYPE a counter\na_total 1 # {a="b"}\n# EOF\n', None),
        ('# TYPE a counter\na_total 1 # {a="b"} x\n# EOF\n', None),
        ('up{a="b"}12\n# EOF\n', "a blank stands before the number; they lose its first digit"),
        ('up{a = "b"} 1\n# EOF\n', "the format has no blanks between labels"),
        ('up{a="b", c="d"} 1\n# EOF\n', "the format has no blanks between labels"),
    ],
)
def test_where_we_refuse_pages_of_openmetrics(page, reason):
    """Without a *reason* they refuse it too."""
    assert REFUSED == ours(page, True)
    assert (REFUSED == theirs(page, True)) is (reason is None)


@pytest.mark.parametrize(
    ("page", "is_openmetrics"),
    [
        # Prometheus takes these, too: families in two places, and metadata in any order.
        ("# TYPE up gauge\n# TYPE up gauge\nup 1\n# EOF\n", True),
        ("up 1\n# TYPE up gauge\n# EOF\n", True),
        ("# TYPE a gauge\na 1\nb 1\na 2\n# EOF\n", True),
        ("# TYPE a counter\na_total 1\n# TYPE a_total gauge\na_total 1\n# EOF\n", True),
        ("# TYPE a counter\na 1\n# EOF\n", True),
        ("# TYPE a info\na 1\n# EOF\n", True),
        ('up{a="b",} 1\n# EOF\n', True),
        ('up{a="b"c="d"} 1\n', False),
        ('up{a="1\n2"} 1\n', False),
        # Prometheus reads labels that begin with __.
        ('up{__a="b"} 1\n', False),
        ('up{__a="b"} 1\n# EOF\n', True),
        # What a type allows is between a node and its exporter; Prometheus stores it too.
        ("# TYPE a counter\na_total -1\n# EOF\n", True),
        ("# TYPE a counter\na_total NaN\n# EOF\n", True),
        ('# TYPE a histogram\na_bucket{le="1"} 1.5\n# EOF\n', True),
        ('# TYPE a stateset\na{a="x"} 2\n# EOF\n', True),
        ("# TYPE a info\na_info 2\n# EOF\n", True),
        ('a{x="1"} 1\na{x="2"} 1\na{x="1"} 2\n# EOF\n', True),
        # Exemplars are not stored: where they stand, and how long they are, costs nobody anything.
        ('a 1 # {a="b"} 1\n# EOF\n', True),
        (f'# TYPE a counter\na_total 1 # {{a="{"b" * 129}"}} 1\n# EOF\n', True),
    ],
)
def test_where_they_alone_refuse_a_page(page, is_openmetrics):
    """We are laxer, on purpose."""
    assert REFUSED != ours(page, is_openmetrics)
    assert REFUSED == theirs(page, is_openmetrics)


def test_the_name_of_a_counter_stays_as_the_page_has_it():
    """In the text format they add _total where it is missing."""
    page = "# TYPE asked counter\nasked 1\n"

    assert {"asked"} == {name for name, _, _ in ours(page, False)}
    assert {"asked_total"} == {name for name, _, _ in theirs(page, False)}
