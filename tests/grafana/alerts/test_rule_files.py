"""The rule files, as Prometheus parses them."""

import yaml

from fructosa_grafana.alerts.groups import ALERTS, GROUPS
from fructosa_grafana.alerts.recording_rules import RECORDING_RULES
from fructosa_grafana.alerts.rule_files import alert_rules, recording_rules


def test_the_alert_file_has_every_group_with_its_interval():
    """In the order of the declarations."""
    groups = yaml.safe_load(alert_rules())["groups"]

    assert [(group.name, group.interval) for group in GROUPS] == [
        (group["name"], group["interval"]) for group in groups
    ]


def test_every_alert_is_read_as_it_is_declared():
    """With quotes, braces and line breaks."""
    groups = yaml.safe_load(alert_rules())["groups"]

    assert [
        {
            "alert": alert.name,
            "expr": alert.expr,
            "for": alert.hold,
            "labels": {"severity": alert.severity},
            "annotations": {
                "summary": alert.summary,
                "description": alert.description,
                "action": alert.action,
            },
        }
        for alert in ALERTS
    ] == [rule for group in groups for rule in group["rules"]]


def test_every_recording_rule_is_read_as_it_is_declared():
    """In one group."""
    (group,) = yaml.safe_load(recording_rules())["groups"]

    assert [{"record": rule.record, "expr": rule.expr} for rule in RECORDING_RULES] == group[
        "rules"
    ]
