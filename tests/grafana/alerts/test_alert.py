"""Alert conditions in Grafana, on Graphite."""

from fructosa_grafana.alerts.alert import Condition


def test_a_target_drops_healthy_series():
    """Grafana keeps a state for each series that it gets."""
    condition = Condition(query="$prefix.*.up.*", reducer="avg", evaluator="lt", threshold=0.5)

    assert "filterSeries(hpc.*.up.*, 'average', '<', 0.5)" == condition.target("hpc")
    assert "hpc.*.up.*" == condition.unfiltered_target("hpc")


def test_a_target_keeps_healthy_series_if_missing_data_raise_the_alert():
    """Otherwise there would be no data when all is well."""
    condition = Condition(query="$prefix.*.up.*", when_no_data="Alerting")

    assert "hpc.*.up.*" == condition.target("hpc")
