"""The table of the metrics that a page of lagent may have."""

from collections import Counter

from fructosa_bridge.naming.legacy_names import RENAMED, SUMMED
from fructosa_bridge.naming.sensor_metrics import METRICS, OF_EACH


def test_a_metric_belongs_to_one_sensor():
    """So its name tells which sensor a section must collect to have it."""
    sensors = Counter(metric for metrics in METRICS.values() for metric in metrics)

    assert {1} == set(sensors.values())
    assert set() == sensors.keys() & set(OF_EACH)


def test_a_legacy_sum_is_over_the_labels_that_are_declared():
    """It finds its values by their place in the path."""
    labels = {metric: labels for each in METRICS.values() for metric, labels in each.items()}

    for metric, summed in SUMMED.items():
        assert summed.labels == labels[metric]


def test_a_legacy_name_starts_with_the_sensor_of_its_metric():
    """FrUCToSA 0.3 had the same sensors."""
    names = {metric: [renamed.name for renamed in each] for metric, each in RENAMED.items()}
    names |= {metric: [summed.name] for metric, summed in SUMMED.items()}

    for metric, legacy_names in names.items():
        for name in legacy_names:
            assert metric in METRICS[name.partition(".")[0]]
