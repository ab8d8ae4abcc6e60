"""Thresholds that several panels share."""

import pytest

from fructosa_grafana.panels import thresholds

NAMES = [name for name in vars(thresholds) if name.isupper()]


@pytest.mark.parametrize("name", NAMES)
def test_thresholds_begin_without_a_bound_and_rise(name):
    """Grafana requires it."""
    (first, _), *rest = getattr(thresholds, name)
    values = [value for value, _ in rest]

    assert first is None
    assert sorted(set(values)) == values
