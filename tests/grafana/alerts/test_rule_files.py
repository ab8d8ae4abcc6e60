"""The alerts and recording rules: what each must say, and that what is generated is fresh."""

import re
from pathlib import Path

import pytest

from fructosa_exporter.collector import METRICS
from fructosa_exporter.sensors import SENSORS
from fructosa_grafana.alerts import rule_files
from fructosa_grafana.alerts.alert import Condition
from fructosa_grafana.alerts.groups import ALERTS, GROUPS
from fructosa_grafana.alerts.recording import RECORDINGS

ROOT = Path(__file__).parents[3]
CASES = ROOT / "tests/grafana/rules"
EACH_ALERT = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)

_METRIC = re.compile(r"fructosa_[a-z_]+(?:\{[a-z_,]+\}[a-z_]+)?")
_STATS = (ROOT / "fructosa_bridge/web/metrics.py").read_text()
DECLARED = (
    {metric.name for sensor in SENSORS.values() for metric in sensor.metrics}
    | {metric.name for metric in METRICS}
    | set(re.findall(r'"(fructosa_master_[a-z_]+)"', _STATS))
)


def named_in(text):
    """Return the metrics of ours that an expression names, with {a,b} of a glob spread out."""
    found = set()
    for name in _METRIC.findall(text):
        head, brace, rest = name.partition("{")
        values, _, tail = rest.partition("}")
        found |= {f"{head}{value}{tail}" for value in values.split(",")} if brace else {head}
    return found


def case(name):
    """Return the text of promtool's test that is called *name*; nothing if there is none."""
    tests = "\n".join(file.read_text() for file in sorted(CASES.glob("*.yml")))
    found = re.search(rf"^  - name: {name}$(.*?)(?=^  - name: |^rule_files|\Z)", tests, re.M | re.S)
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("grafana/prometheus/fructosa-alerts.yml", rule_files.alert_rules()),
        ("grafana/prometheus/fructosa-recording.yml", rule_files.recording_rules()),
        ("docs/alerting.md", rule_files.alerting_page()),
    ],
)
def test_what_is_made_from_the_declarations_is_fresh(file, text):
    """`make docs` and `lmaster dashboards` write it anew."""
    assert text == (ROOT / file).read_text()


def test_no_two_alerts_or_rules_share_a_name():
    """Alertmanager and dashboards go by names."""
    names = [alert.name for alert in ALERTS] + [rule.record for rule in RECORDINGS]

    assert sorted(set(names)) == sorted(names)


@EACH_ALERT
def test_an_alert_asks_for_declared_metrics_alone(alert):
    """In both languages; what was renamed is asked for by nobody."""
    prometheus, graphite = named_in(alert.expr), named_in(alert.graphite.query)

    assert set() == (prometheus | graphite) - DECLARED
    assert (prometheus and graphite) or re.search(r"\bup\b", alert.expr)


@pytest.mark.parametrize("rule", RECORDINGS, ids=lambda rule: rule.record)
def test_a_recording_rule_asks_for_declared_metrics_alone(rule):
    """And is called level:metric:operations, after the metric."""
    level, metric, operations = rule.record.split(":")

    assert set() == named_in(rule.expr) - DECLARED
    assert re.search(rf"\b{metric}(_total)?\b", rule.expr)
    assert ("group", True) == (level, operations in {"sum", "count", "rate5m"})


@EACH_ALERT
def test_an_alert_says_what_is_wrong_and_what_to_do(alert):
    """In sentences; the summary is one line that fits a subject."""
    assert len(re.sub(r"\{\{.*?\}\}", "", alert.summary)) < 60
    for sentence in (alert.description, alert.action, alert.why):
        assert re.match(r"([A-Z0-9`{]|lmaster ).*[.)]$", sentence), sentence


@EACH_ALERT
def test_an_alert_has_a_promtool_test_of_both_cases(alert):
    """One in which it fires, with all that it says, and one in which it does not."""
    fires, quiet = case(f"{alert.name} fires"), case(f"{alert.name} is quiet")

    assert re.search(rf"alertname: {alert.name}\n +eval_time: \w+\n +exp_alerts:", fires)
    assert re.search(r"summary: .+\n +description: .+\n +action: ", fires)
    assert re.search(rf"alertname: {alert.name}\n +eval_time: \w+\n*$", quiet)


@pytest.mark.parametrize("rule", RECORDINGS, ids=lambda rule: rule.record)
def test_a_recording_rule_has_a_promtool_test(rule):
    """Of its values."""
    assert f"expr: {rule.record}\n" in (CASES / "sums.yml").read_text()


def test_a_query_leaves_out_what_is_well():
    """Grafana keeps a state for each series that it gets, so healthy nodes give none."""
    condition = Condition(query="$prefix.*.up.*", reducer="avg", evaluator="lt", threshold=0.5)

    assert "filterSeries(hpc.*.up.*, 'average', '<', 0.5)" == condition.target("hpc")


def test_where_missing_data_are_an_alert_what_is_well_is_there():
    """Else all is well would look like nothing is there."""
    condition = Condition(query="$prefix.*.up.*", when_no_data="Alerting")

    assert "hpc.*.up.*" == condition.target("hpc")


def test_only_a_dead_master_is_known_by_missing_data():
    """A dead node has up 0."""
    alarmed = {alert.name for alert in ALERTS if alert.graphite.when_no_data == "Alerting"}

    assert {"FructosaMasterDown"} == alarmed


@EACH_ALERT
def test_the_page_has_a_section_for_each_alert(alert):
    """With its query and its condition, and a line in the table that leads there."""
    page = rule_files.alerting_page()

    assert f"\n### {alert.name}\n" in page
    assert f"| [{alert.name}](#{alert.name.lower()}) | {alert.severity} | {alert.hold} |" in page
    assert f"\n{alert.graphite.target('cluster')}\n" in page


def test_texts_with_quotes_stay_one_value():
    """Whatever a declaration says, the files are YAML whose strings are as declared."""
    for group in GROUPS:
        for alert in group.alerts:
            (line,) = re.findall(
                rf"alert: {alert.name}\n.*?summary: (.*?)\n", rule_files.alert_rules(), re.S
            )
            assert alert.summary.replace('"', '\\"') == line[1:-1]
