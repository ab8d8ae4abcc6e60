"""Which series of a page are kept, and how many labels they may have."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.selection import (
    NOT_A_PATTERN,
    NOT_A_SELECTOR,
    SELECTOR,
    TOO_LONG_LABEL,
    TOO_MANY_LABELS,
    LabelLimits,
    MetricSelection,
    Selector,
)
from fructosa_service.config.kinds import several

PATTERNS = several(SELECTOR)


def selection(keep="", drop=""):
    """Return the selection of *keep* and *drop* as they are written in the configuration."""
    return MetricSelection(PATTERNS.parse(keep), PATTERNS.parse(drop))


@pytest.mark.parametrize(
    ("text", "metric", "expected"),
    [
        ("node_load1", "node_load1", True),
        ("node_load1", "node_load15", False),
        ("node_*_total", "node_cpu_seconds_total", True),
        ("node_*_total", "node_cpu_seconds", False),
        ("node_load?", "node_load5", True),
        ("node_load[15]", "node_load5", True),
        ("NODE_*", "node_load5", False),
        ("job:*", "job:rate", True),
    ],
)
def test_a_pattern_matches_the_whole_name_of_a_metric(text, metric, expected):
    """It is a shell pattern, and case-sensitive."""
    assert expected == selection(keep=text).takes(metric, ())


def test_by_default_every_series_is_kept():
    """A page is stored as it is."""
    assert MetricSelection().takes("go_goroutines", (("a", "b"),))


def test_only_series_that_match_keep_are_kept():
    """If there are several patterns, one match is enough."""
    selected = selection(keep="node_cpu_*,\n node_load1")

    kept = [name for name in ("node_cpu_x", "node_load1", "go_x") if selected.takes(name, ())]

    assert ["node_cpu_x", "node_load1"] == kept


def test_drop_overrides_keep():
    """It does not matter which of them comes first in the file."""
    selected = selection(keep="node_*", drop="node_scrape_*, go_*")

    names = ("node_load1", "node_scrape_x", "go_x", "other")

    assert ["node_load1"] == [name for name in names if selected.takes(name, ())]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"device": "veth0a"}, False),
        ({"device": "eth0", "x": "veth1"}, True),
        ({}, True),
    ],
)
def test_a_selector_may_match_a_label(labels, expected):
    """Other series of the metric do not match."""
    selected = selection(drop='node_network_*{device="veth*"}')

    assert expected == selected.takes("node_network_up", tuple(labels.items()))


@pytest.mark.parametrize(
    ("pattern", "labels", "expected"),
    [("?*", {}, False), ("?*", {"a": "x"}, True), ("", {}, True), ("", {"a": "x"}, False)],
)
def test_a_missing_label_is_an_empty_one(pattern, labels, expected):
    """So series without the label can be selected as well."""
    assert expected == Selector("*", "a", pattern).matches("m", tuple(labels.items()))


def test_a_selector_with_only_a_label_matches_all_metrics():
    """The name of the metric is optional."""
    selected = selection(drop='{container="POD"}')

    assert not selected.takes("any", (("container", "POD"),))


@pytest.mark.parametrize("text", ["node_*", 'go_*{quantile="0.5"}', '*{a="x y?"}', "[!a-c]*"])
def test_a_selector_is_printed_as_it_is_written(text):
    """The example configuration and `lmaster check` print it."""
    assert text == PATTERNS.show(PATTERNS.parse(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("node cpu", NOT_A_PATTERN),
        ("node.cpu", NOT_A_PATTERN),
        *[(text, NOT_A_SELECTOR) for text in ("m{", "m}", "m{}", "m{a}", "m{a=b}", 'm{1a="b"}')],
        *[(text, NOT_A_SELECTOR) for text in ('m{a!="b"}', 'm{a="b"}x')],
    ],
)
def test_an_invalid_selector_is_refused(text, message):
    """The message says what to write instead."""
    with pytest.raises(ValueError, match=r"\S") as caught:
        SELECTOR.parse(text)

    assert message == str(caught.value)


def test_two_labels_in_a_selector_are_refused():
    """A comma separates selectors; the message quotes the one that is invalid."""
    with pytest.raises(ValueError, match=re.escape(NOT_A_SELECTOR)) as caught:
        PATTERNS.parse('m{a="b",c="d"}')

    assert str(caught.value).startswith("contains 'm{a=\"b\"'")


@given(st.text(max_size=30) | st.text('ma*{}="?,', max_size=12))
def test_any_text_is_parsed_or_refused(text):
    """A parsed selector equals the one parsed from its own text; no other error is raised."""
    try:
        selector = SELECTOR.parse(text)
    except ValueError:
        return

    assert selector == SELECTOR.parse(str(selector))
    selector.matches("m", (("a", text),))


def test_equal_selections_have_equal_hashes():
    """Targets with the same rules share a translator."""
    assert {selection(keep="a*"): 1}[selection(keep="a*")] == 1


def test_a_pattern_with_many_stars_is_matched_quickly():
    """The time must not grow exponentially with the length of the name."""
    assert not Selector("*a" * 50 + "b").matches("a" * 2000, ())


def test_by_default_labels_are_limited_far_above_what_exporters_have():
    """Their number and their length."""
    assert LabelLimits().broken("m", (("a" * 500, "x" * 9000),) * 100) is None
    assert LabelLimits().broken("m", (("a", "x"),) * 1000) is not None
    assert LabelLimits().broken("m", (("a", "x" * 10**5),)) is not None


@pytest.mark.parametrize(("limit", "is_broken"), [(2, False), (1, True)])
def test_a_series_with_too_many_labels_is_reported(limit, is_broken):
    """An empty value is a missing label, and does not count."""
    problem = LabelLimits(label_limit=limit).broken("m_total", (("a", "1"), ("b", ""), ("c", "3")))

    expected = TOO_MANY_LABELS.format(metric="m_total", labels=2, limit=1)
    assert (expected if is_broken else None) == problem


@pytest.mark.parametrize(
    ("label", "part"), [(("long_name", "x"), "name"), (("path", "ääää."), "value")]
)
def test_a_label_that_is_too_long_is_reported(label, part):
    """The limit is for its name and its value, in bytes."""
    allowed = LabelLimits(label_length_limit=9).broken("m_total", (label,))
    problem = LabelLimits(label_length_limit=8).broken("m_total", (("a", "1"), label))

    assert allowed is None
    assert problem == TOO_LONG_LABEL.format(
        label=label[0], metric="m_total", part=part, length=9, limit=8
    )


def test_the_message_cuts_long_names():
    """A name of a megabyte is not repeated in it."""
    problem = LabelLimits(label_length_limit=100).broken("m" * 10**6, (("l" * 10**6, "x"),))

    assert problem is not None
    assert len(problem) < 400
