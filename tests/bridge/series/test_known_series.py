"""Which new series a node may have: what is free, what is rationed, and what is remembered."""

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.series.known_series import (
    HOUR_S,
    NEW_SERIES_LIMIT,
    SERIES_LIMIT,
    TOTAL_SERIES_LIMIT,
    Allowance,
    KnownSeries,
    digest,
    kind,
)
from fructosa_bridge.translate.steps import ahead, at_once

AMPLE = Allowance(series=100_000, per_hour=10, room=100_000)


def values(*numbers, metric="m"):
    """Return the paths of a metric with these values of a label."""
    return tuple(f"{metric}.x.{number}" for number in numbers)


def node(*paths, allowance=AMPLE, memory=None):
    """Return a node whose first page had these series."""
    known = KnownSeries(0.0, allowance.per_hour, memory)
    if paths:
        known.admit(paths, allowance, 0.0)
    return known


def refused(known, paths, allowance=AMPLE, now_s=0.0):
    """Return how many series of a page are not stored, by reason."""
    found = known.admit(paths, allowance, now_s)
    assert len(paths) == len(found.paths) + sum(dict(found.refused).values())
    return dict(found.refused)


def test_a_first_page_is_free():
    """However many values its labels have."""
    assert {} == refused(node(), values(*range(5000)))


@given(
    st.sampled_from([2, 3, 100]),
    st.lists(st.frozensets(st.integers(0, 30), max_size=20), min_size=1, max_size=4),
)
def test_many_series_are_looked_at_in_steps_as_few_are_at_once(most, pages):
    """So a page of a hundred thousand new ones does not hold up the event loop."""
    few, many = KnownSeries(0.0, 10), KnownSeries(0.0, 10)
    for page in pages:
        paths = values(*page) + values(*page, metric="n")
        with mock.patch("fructosa_bridge.series.known_series.MOST_AT_ONCE", most):
            is_much = len(many) + len(paths) > most
            steps = many.steps(paths, AMPLE, 0.0)
            made, left = ahead(steps, 1)
            assert left or is_much
            found = at_once(steps) if made is None else made

        assert few.admit(paths, AMPLE, 0.0) == found
    assert few.memory == many.memory


def test_new_metrics_are_free():
    """An agent that is upgraded has them, on all nodes at once."""
    old, new = values(1, 2), values(*range(500), metric="n")

    assert {} == refused(node(*old), old + new)


def test_new_labels_of_a_metric_are_free():
    """So has an agent that adds a label to what it had."""
    old = values(*range(50))

    assert {} == refused(node(*old), tuple(f"{path}.y.1" for path in old))


def test_new_values_of_labels_are_rationed():
    """Ten an hour here; those beyond are not stored, whatever else the page has."""
    known = node(*values(0))
    found = known.admit(values(*range(16)), AMPLE, 0.0)

    assert ((NEW_SERIES_LIMIT, 5),) == found.refused
    assert values(*range(11)) == found.paths
    assert values(11) == (found.first,)
    assert bytes([1] * 11 + [0] * 5) == found.is_stored


def test_the_ration_comes_back_with_time():
    """What was not stored is stored later; so much as an hour brings, and no more."""
    known = node(*values(0))
    refused(known, values(*range(41)))

    assert {NEW_SERIES_LIMIT: 25} == refused(known, values(*range(41)), now_s=HOUR_S / 2)
    assert {NEW_SERIES_LIMIT: 15} == refused(known, values(*range(41)), now_s=100 * HOUR_S)


def test_a_series_that_comes_back_costs_nothing():
    """As one of an interface that was down for the night."""
    known = node(*values(*range(50)))

    refused(known, values(0))
    assert {} == refused(known, values(*range(50)), now_s=23 * HOUR_S)
    refused(known, values(0), now_s=24 * HOUR_S)
    refused(known, values(1), now_s=48 * HOUR_S)
    assert {NEW_SERIES_LIMIT: 38} == refused(known, values(*range(50)), now_s=72 * HOUR_S)


def test_a_page_that_was_missing_costs_nothing():
    """A page may be empty while its agent starts."""
    known = node(*values(*range(50)))

    refused(known, ())
    assert {} == refused(known, values(*range(50)))


def test_a_node_has_so_many_series_at_most():
    """Also on its first page and with new metrics; those that have gone count for a day."""
    few = Allowance(series=30, per_hour=10, room=100_000)
    known = node(*values(*range(20)), allowance=few)

    assert {SERIES_LIMIT: 40} == refused(known, values(*range(50), metric="n"), few)
    assert {SERIES_LIMIT: 70} == refused(node(), values(*range(100)), few)


def test_all_nodes_together_have_so_many_series_at_most():
    """What is left of that limit counts, if it is less than a node's own."""
    assert {TOTAL_SERIES_LIMIT: 2} == refused(node(), values(1, 2, 3), AMPLE._replace(room=1))


def test_metrics_that_replace_each_other_are_not_free():
    """Else names of metrics would fill the disk, as values of labels would."""
    known = node("a")
    pages = [values(*range(5000), metric=f"m{number}") for number in range(6)]

    lost = sum(sum(refused(known, page).values()) for page in pages)

    assert 30_000 - 15_001 - 10 < lost < 30_000 - 10_000


def test_an_exporter_that_another_one_replaces_is_free():
    """All of its metrics are new, once."""
    known = node(*values(*range(20_000)))

    assert {} == refused(known, values(*range(30_000), metric="n"))


def test_a_restart_forgets_nothing_of_what_a_page_has():
    """Neither its series, nor its metrics, nor what is left of the ration."""
    before = node(*values(*range(20)))
    refused(before, values(*range(26)))
    after = node(memory=before.memory)

    assert {NEW_SERIES_LIMIT: 16} == refused(after, values(*range(20, 46)))
    assert {} == refused(after, values(*range(30)))
    assert len(after) == len(before) + 4


def test_a_node_that_is_partly_up_after_a_restart_has_its_series_back():
    """They are known until a day has passed."""
    after = node(memory=node(*values(*range(50))).memory)

    refused(after, values(0))
    assert {} == refused(after, values(*range(50)))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("up", "up", True),
        ("m.x.1", "m.x.2", True),
        ("m.x.1", "m.x.1.y.2", False),
        ("m.x.1", "n.x.1", False),
        ("m;x=a.b", "m;x=a", True),
        ("m;x=a", "m;x=a;y=b", False),
    ],
)
def test_the_kind_of_a_series_is_its_metric_and_its_labels(one, other, is_same):
    """In plain paths and in tags."""
    assert is_same is (kind(one) == kind(other))


def test_a_digest_is_the_same_after_every_start():
    """It is kept in a file."""
    assert -2816263256600661012 == digest("m.x.1")


PAGES = st.lists(st.sets(st.integers(0, 30)), max_size=8)


@given(pages=PAGES, limit=st.integers(1, 20), per_hour=st.integers(0, 5))
def test_what_is_stored_is_bounded(pages, limit, per_hour):
    """Whatever a node serves: its first page, and then so many an hour, and so many in all."""
    known, stored, first = KnownSeries(0.0, per_hour), set(), 0
    allowance = Allowance(limit, per_hour, 1000)
    for page in map(sorted, pages):
        found = known.admit(values(*page), allowance, 0.0)
        first = first or len(found.paths)
        stored.update(found.paths)
        assert set(found.paths) <= set(values(*page))
        assert len(known) == len(stored) <= limit

    assert len(stored) <= first + per_hour
