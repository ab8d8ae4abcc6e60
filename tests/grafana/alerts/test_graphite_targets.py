"""Graphite targets for alerts."""

import pytest

from fructosa_grafana.alerts.graphite_targets import (
    each,
    each_change,
    each_increase,
    each_rate,
    path,
    positions,
)


def test_a_path_has_a_component_per_label():
    """After prefix, node and metric."""
    assert "$prefix.*.a_b" == path("a_b")
    assert "$prefix.*.a_b.*.*" == path("a_b", 2)


@pytest.mark.parametrize(("labels", "expected"), [(0, "-2"), (1, "-3, -1"), (2, "-4, -2, -1")])
def test_positions_are_those_of_the_node_and_the_labels(labels, expected):
    """From the end, as a prefix may contain dots."""
    assert expected == positions(labels)


@pytest.mark.parametrize(
    ("make", "target"),
    [
        (each, "$prefix.*.a.*"),
        (each_rate, "perSecond($prefix.*.a.*)"),
        (each_increase, "nonNegativeDerivative(keepLastValue($prefix.*.a.*))"),
        (each_change, "derivative(keepLastValue($prefix.*.a.*))"),
    ],
)
def test_series_are_named_by_node_and_labels(make, target):
    """People read these names in the alert."""
    assert f"aliasByNode({target}, -3, -1)" == make("a", 1)
