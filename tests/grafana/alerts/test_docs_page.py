"""docs/alerting.md: what it has on each alert and recording rule."""

import pytest

from fructosa_grafana.alerts.docs_page import PREFIX, alerting_page
from fructosa_grafana.alerts.groups import ALERTS
from fructosa_grafana.alerts.recording_rules import RECORDING_RULES

PAGE = alerting_page()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_each_alert_has_a_section_with_its_queries(alert):
    """And a line in the table that links to it."""
    assert f"\n### {alert.name}\n" in PAGE
    assert f"| [{alert.name}](#{alert.name.lower()}) | {alert.severity} | {alert.hold} |" in PAGE
    assert f"\n{alert.graphite.target(PREFIX)}\n" in PAGE
    assert f"\n{alert.expr}\n" in PAGE
    assert alert.action in PAGE


@pytest.mark.parametrize("rule", RECORDING_RULES, ids=lambda rule: rule.record)
def test_each_recording_rule_has_a_line(rule):
    """With its description."""
    assert f"| `{rule.record}` | {rule.text} |" in PAGE


def test_templates_are_shown_in_a_readable_form():
    """Labels by their names, and values as N."""
    assert "{{" not in PAGE
    assert "*instance*" in PAGE
    assert "*N*" in PAGE
