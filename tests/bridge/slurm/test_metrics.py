"""The declared series of a Slurm cluster."""

import re

from fructosa_bridge.model.own_metric import OwnMetric
from fructosa_bridge.slurm.metrics import METRICS


def test_names_follow_the_rules_of_all_metrics():
    """fructosa_slurm_…, with base units, and _total for counters alone."""
    names = [metric.name for metric in METRICS]

    assert len(names) == len(set(names))
    assert all(re.fullmatch("fructosa_slurm_[a-z]+(_[a-z]+)*", name) for name in names)
    for metric in METRICS:
        assert metric.name.endswith("_total") == (metric.type == "counter")
        assert not re.search("_(ms|percent|kb|mb|minutes)(_|$)", metric.name)


def test_labels_are_in_alphabetical_order():
    """So the paths in Graphite are those of a scrape of /metrics."""
    assert [] == [metric for metric in METRICS if list(metric.labels) != sorted(metric.labels)]
    assert {"summary"} == {metric.type for metric in METRICS if "quantile" in metric.labels}


def test_every_metric_has_a_sentence_of_help():
    """One line, ending in a full stop."""
    assert all(re.fullmatch(r"[A-Z1].*\.", metric.help) for metric in METRICS)


def test_partitions_have_a_sum_beside_them_that_counts_once():
    """As partitions overlap: nodes and jobs in several."""
    by_name = {metric.name: metric for metric in METRICS}
    for metric in METRICS:
        total = by_name.get(metric.name.replace("_slurm_", "_slurm_cluster_"))
        if total is not None:
            assert metric.labels == tuple(sorted(("partition", *total.labels)))


def test_every_declared_metric_is_in_the_list():
    """It is what docs, dashboards and tests go through."""
    from fructosa_bridge.slurm import metrics

    declared = [one for one in vars(metrics).values() if isinstance(one, OwnMetric)]
    declared += [*metrics.BY_ACCOUNT, *metrics.BY_USER, *metrics.BY_QOS]
    assert set(declared) == set(METRICS)
