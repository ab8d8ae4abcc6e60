"""What holds for every alert."""

import re

import pytest

from fructosa_grafana.alerts.groups import ALERTS, GROUPS

from .declared import DECLARED, PROMTOOL_TESTS, metrics_in

EACH_ALERT = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


def promtool_test(name):
    """Return the text of a promtool test; an empty one if it does not exist."""
    tests = "\n".join(file.read_text() for file in sorted(PROMTOOL_TESTS.glob("*.yml")))
    found = re.search(rf"^  - name: {name}$(.*?)(?=^  - name: |^rule_files|\Z)", tests, re.M | re.S)
    return found[1] if found else ""


def test_names_are_unique():
    """Alertmanager and its routes refer to alerts by name."""
    names = [alert.name for alert in ALERTS]
    groups = [group.name for group in GROUPS]

    assert sorted(set(names)) == sorted(names)
    assert sorted(set(groups)) == sorted(groups)


@EACH_ALERT
def test_an_alert_queries_only_declared_metrics(alert):
    """In both languages."""
    prometheus, graphite = metrics_in(alert.expr), metrics_in(alert.graphite.query)

    assert set() == (prometheus | graphite) - DECLARED
    assert (prometheus and graphite) or re.search(r"\bup\b", alert.expr)


@EACH_ALERT
def test_an_alert_says_what_is_wrong_and_what_to_do(alert):
    """In sentences. The summary is a line that fits into a subject."""
    assert len(re.sub(r"\{\{.*?\}\}", "", alert.summary)) < 60
    for sentence in (alert.description, alert.action, alert.why):
        assert re.match(r"([A-Z0-9`{]|lmaster |slurmctld).*[.)]$", sentence), sentence


@EACH_ALERT
def test_an_alert_has_promtool_tests_for_firing_and_for_silence(alert):
    """The first one checks all annotations."""
    fires, quiet = promtool_test(f"{alert.name} fires"), promtool_test(f"{alert.name} is quiet")

    assert re.search(rf"alertname: {alert.name}\n +eval_time: \w+\n +exp_alerts:", fires)
    assert re.search(r"summary: .+\n +description: .+\n +action: ", fires)
    assert re.search(rf"alertname: {alert.name}\n +eval_time: \w+\n*$", quiet)


def test_only_a_dead_lmaster_is_detected_by_missing_data():
    """For a dead node, lmaster writes up 0."""
    alerting = {alert.name for alert in ALERTS if alert.graphite.when_no_data == "Alerting"}

    assert {"FructosaMasterDown"} == alerting
