"""What holds for every recording rule."""

import re

import pytest

from fructosa_grafana.alerts.recording_rules import RECORDING_RULES

from .declared import DECLARED, PROMTOOL_TESTS, metrics_in

EACH_RULE = pytest.mark.parametrize("rule", RECORDING_RULES, ids=lambda rule: rule.record)


def test_names_are_unique():
    """Two rules of one name would write the same series."""
    names = [rule.record for rule in RECORDING_RULES]

    assert sorted(set(names)) == sorted(names)


@EACH_RULE
def test_a_rule_is_named_level_metric_operations(rule):
    """As Prometheus recommends; its metrics are declared."""
    level, metric, operations = rule.record.split(":")

    assert set() == metrics_in(rule.expr) - DECLARED
    assert re.search(rf"\b{metric}(_total)?\b", rule.expr)
    assert ("group", True) == (level, operations in {"sum", "count", "rate5m"})


@EACH_RULE
def test_a_rule_has_a_promtool_test(rule):
    """For its values."""
    assert f"expr: {rule.record}\n" in (PROMTOOL_TESTS / "sums.yml").read_text()
