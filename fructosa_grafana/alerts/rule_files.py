"""The rule files that Prometheus loads."""

import json
from collections.abc import Iterable, Iterator

from .alert import Alert
from .groups import GROUPS
from .recording_rules import RECORDING_RULES, RecordingRule

NOTICE = """\
# Made by `lmaster dashboards` from the declarations in fructosa_grafana/; see docs/alerting.md.
# Put your own rules into another file: this one is overwritten."""


def alert_rules() -> str:
    """Return the file of alerts that Prometheus loads."""
    return _yaml(_group(group.name, group.interval, map(_alert, group.alerts)) for group in GROUPS)


def recording_rules() -> str:
    """Return the file of recording rules that Prometheus loads."""
    return _yaml([_group("fructosa-sums", "1m", map(_recording, RECORDING_RULES))])


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


def _recording(rule: RecordingRule) -> str:
    return "\n".join(
        [f"      # {rule.text}", f"      - record: {rule.record}", *_expr(rule.expr)],
    )


def _expr(expr: str) -> Iterator[str]:
    yield "        expr: |-"
    yield from (f"          {line}" for line in expr.splitlines())


def _quoted(text: str) -> str:
    # Every string of JSON is one of YAML.
    return json.dumps(text, ensure_ascii=False)
