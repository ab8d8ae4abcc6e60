"""Which series of a page are kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.selection import SELECTOR, LabelLimits, MetricSelection, Selector
from fructosa_service.config.kinds import several

PATTERNS = several(SELECTOR)
NO_LABEL = 'is not a valid selector; write metric{label="pattern"}, with one label, ? for a comma'


def choice(keep="", drop=""):
    """Return the choice of a file that says so."""
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
def test_a_pattern_stands_for_whole_names_of_metrics(text, metric, expected):
    """As in a shell; small and large letters differ."""
    assert expected == choice(keep=text).takes(metric, ())


def test_without_a_choice_every_series_is_kept():
    """A page is stored as it is."""
    assert MetricSelection().takes("go_goroutines", (("a", "b"),))


def test_keep_means_nothing_else():
    """Of several patterns one is enough."""
    chosen = choice(keep="node_cpu_*,\n node_load1")

    kept = [name for name in ("node_cpu_x", "node_load1", "go_x") if chosen.takes(name, ())]

    assert ["node_cpu_x", "node_load1"] == kept


def test_drop_takes_away_from_what_is_kept():
    """Whatever their order in the file."""
    chosen = choice(keep="node_*", drop="node_scrape_*, go_*")

    names = ("node_load1", "node_scrape_x", "go_x", "other")

    assert ["node_load1"] == [name for name in names if chosen.takes(name, ())]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"device": "veth0a"}, False),
        ({"device": "eth0", "x": "veth1"}, True),
        ({}, True),
    ],
)
def test_a_selector_may_look_at_a_label(labels, expected):
    """Other series of the metric are not meant."""
    chosen = choice(drop='node_network_*{device="veth*"}')

    assert expected == chosen.takes("node_network_up", tuple(labels.items()))


@pytest.mark.parametrize(
    ("pattern", "labels", "expected"),
    [("?*", {}, False), ("?*", {"a": "x"}, True), ("", {}, True), ("", {"a": "x"}, False)],
)
def test_a_label_that_is_not_there_is_empty(pattern, labels, expected):
    """So that series without it can be meant as well."""
    assert expected == Selector("*", "a", pattern).matches("m", tuple(labels.items()))


def test_a_label_can_be_meant_in_all_metrics():
    """Without a name of a metric."""
    chosen = choice(drop='{container="POD"}')

    assert not chosen.takes("any", (("container", "POD"),))


@pytest.mark.parametrize("text", ["node_*", 'go_*{quantile="0.5"}', '*{a="x y?"}', "[!a-c]*"])
def test_a_file_says_what_was_read_of_it(text):
    """The example and `lmaster check` show it so."""
    assert text == PATTERNS.show(PATTERNS.parse(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "node cpu",
            "is not a valid metric pattern; write e.g. node_cpu_*, separate several with commas",
        ),
        (
            "node.cpu",
            "is not a valid metric pattern; write e.g. node_cpu_*, separate several with commas",
        ),
        *[
            (text, NO_LABEL)
            for text in ("m{", "m}", "m{}", "m{a}", "m{a=b}", 'm{1a="b"}', 'm{a!="b"}', 'm{a="b"}x')
        ],
    ],
)
def test_what_is_no_pattern_is_refused(text, message):
    """The message says what to write."""
    with pytest.raises(ValueError, match=r"\S") as caught:
        SELECTOR.parse(text)

    assert message == str(caught.value)


def test_two_labels_are_refused_where_they_stand():
    """The comma between them separates patterns."""
    with pytest.raises(ValueError, match="with one label") as caught:
        PATTERNS.parse('m{a="b",c="d"}')

    assert str(caught.value).startswith("contains 'm{a=\"b\"', which is not a valid selector")


@given(st.text(max_size=30) | st.text('ma*{}="?,', max_size=12))
def test_any_text_is_read_or_refused(text):
    """What is read says itself again; nothing ends in a fault."""
    try:
        selector = SELECTOR.parse(text)
    except ValueError:
        return

    assert selector == SELECTOR.parse(str(selector))
    selector.matches("m", (("a", text),))


def test_a_choice_can_be_a_key():
    """Targets that are scraped alike share what is known of their pages."""
    assert {choice(keep="a*"): 1}[choice(keep="a*")] == 1


def test_a_pattern_of_many_stars_is_matched_in_time():
    """It must not take ages on a long name."""
    assert not Selector("*a" * 50 + "b").matches("a" * 2000, ())


def test_without_limits_every_series_is_allowed():
    """Whatever its labels."""
    assert LabelLimits().broken("m", (("a" * 500, "x" * 9000),) * 100) is None


@pytest.mark.parametrize(("limit", "is_broken"), [(2, False), (1, True)])
def test_a_series_with_too_many_labels_is_told(limit, is_broken):
    """An empty value is no label."""
    problem = LabelLimits(label_limit=limit).broken("m_total", (("a", "1"), ("b", ""), ("c", "3")))

    expected = (
        "m_total has 2 labels, more than the 1 that label limit allows; raise it, "
        "or name the metric in metrics drop"
    )
    assert (expected if is_broken else None) == problem


@pytest.mark.parametrize(
    ("label", "what"), [(("long_name", "x"), "name of 9"), (("path", "ääää."), "value of 9")]
)
def test_a_label_that_is_too_long_is_told(label, what):
    """Its name or its value, in bytes."""
    allowed = LabelLimits(label_length_limit=9).broken("m_total", (label,))
    problem = LabelLimits(label_length_limit=8).broken("m_total", (("a", "1"), label))

    assert allowed is None
    assert problem == (
        f"label {label[0]} of m_total has a {what} bytes, more than the 8 that "
        "label length limit allows; raise it, or name the metric in metrics drop"
    )


def test_what_is_told_is_short_itself():
    """A name of a megabyte is not repeated."""
    problem = LabelLimits(label_length_limit=100).broken("m" * 10**6, (("l" * 10**6, "x"),))

    assert problem is not None
    assert len(problem) < 400
