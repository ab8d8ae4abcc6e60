"""Alerts and recording rules as text: Prometheus' rule files, and the page docs/alerting.md."""

import json
import re
from collections.abc import Iterable, Iterator

from .alert import Alert, Condition
from .docs_page import GRAPHITE, HEAD, MISSING, NOTICE, PROMETHEUS
from .groups import GROUPS, AlertGroup
from .recording import RECORDINGS, Recording

PREFIX = "cluster"
"""The prefix of lmaster's example, which docs/alerting.md writes its queries for."""

_IS = {"gt": "above", "lt": "below"}


def alert_rules() -> str:
    """Return the file of alerts that Prometheus loads."""
    return _yaml(_group(group.name, group.interval, map(_alert, group.alerts)) for group in GROUPS)


def recording_rules() -> str:
    """Return the file of recording rules that Prometheus loads."""
    return _yaml([_group("fructosa-sums", "1m", map(_recording, RECORDINGS))])


def alerting_page() -> str:
    """Return docs/alerting.md."""
    parts = [HEAD, _overview(), PROMETHEUS, _sums(), GRAPHITE, MISSING]
    return "\n".join([*parts, *map(_chapter, GROUPS)])


def _yaml(groups: Iterable[str]) -> str:
    return "\n".join([NOTICE, "groups:", *groups]) + "\n"


def _group(name: str, interval: str, rules: Iterable[str]) -> str:
    head = [f"  - name: {name}", f"    interval: {interval}", "    rules:"]
    return "\n".join([*head, *rules])


def _alert(alert: Alert) -> str:
    return "\n".join(
        [
            f"      - alert: {alert.name}",
            *_expr(alert.expr),
            f"        for: {alert.hold}",
            "        labels:",
            f"          severity: {alert.severity}",
            "        annotations:",
            f"          summary: {_quoted(alert.summary)}",
            f"          description: {_quoted(alert.description)}",
            f"          action: {_quoted(alert.action)}",
        ]
    )


def _recording(rule: Recording) -> str:
    return "\n".join(
        [f"      # {rule.text}", f"      - record: {rule.record}", *_expr(rule.expr)],
    )


def _expr(expr: str) -> Iterator[str]:
    yield "        expr: |-"
    yield from (f"          {line}" for line in expr.splitlines())


def _quoted(text: str) -> str:
    # Every string of JSON is one of YAML.
    return json.dumps(text, ensure_ascii=False)


def _overview() -> str:
    rows = [
        f"| [{alert.name}](#{alert.name.lower()}) | {alert.severity} | {alert.hold} | "
        f"{_plain(alert.summary)} |"
        for group in GROUPS
        for alert in group.alerts
    ]
    return "\n".join(["| alert | severity | for | says |", "| --- | --- | --- | --- |", *rows, ""])


def _plain(template: str) -> str:
    """Return a template for people to read: labels by their names, a value as N."""
    text = re.sub(r"\{\{ with .*?\{\{ end \}\}", "", template)
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"*\1*", text)
    return re.sub(r"\{\{ \$value[^}]*\}\}", "*N*", text)


def _sums() -> str:
    rows = [f"| `{rule.record}` | {rule.text} |" for rule in RECORDINGS]
    return "\n".join(["| series | what it is |", "| --- | --- |", *rows, ""])


def _chapter(group: AlertGroup) -> str:
    return "\n".join([f"## {group.title}\n", *map(_section, group.alerts)])


def _section(alert: Alert) -> str:
    return "\n".join(
        [
            f"### {alert.name}\n",
            f"{_plain(alert.description)}\n",
            f"* Limit: {alert.why}",
            f"* What to do: {alert.action}",
            f"* Graphite: {_in_words(alert.graphite, alert.hold)}\n",
            f"```\n{alert.graphite.target(PREFIX)}\n```\n",
            f"```promql\n{alert.expr}\n```\n",
        ]
    )


def _in_words(condition: Condition, hold: str) -> str:
    """Return what to choose in Grafana."""
    compared = f"is {_IS[condition.evaluator]} {condition.threshold:.12g}"
    return (
        f"`{condition.reducer}` of the last {condition.window} {compared}, for {hold}; "
        f"no data: {condition.when_no_data}"
    )
