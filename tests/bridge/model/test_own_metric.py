"""Declared metrics of lmaster."""

from fructosa_bridge.model.own_metric import OwnMetric


def test_a_metric_is_a_gauge_without_labels_unless_it_says_so():
    """It can be the key of a dictionary."""
    metric = OwnMetric("fructosa_master_ready", "Whether lmaster is ready.")

    assert ((), "gauge") == (metric.labels, metric.type)
    assert {metric: 1}[metric] == 1
