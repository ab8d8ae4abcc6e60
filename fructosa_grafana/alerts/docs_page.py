"""docs/alerting.md: all alerts and recording rules, for people to read."""

import re

from .alert import Alert, Condition
from .groups import GROUPS, AlertGroup
from .recording_rules import RECORDING_RULES

PREFIX = "cluster"
"""The prefix in the Graphite targets on the page, which is also lmaster's example."""

_COMPARISONS = {"gt": "above", "lt": "below"}

HEAD = """\
# Alerts

Made from the declarations in `fructosa_grafana/`, as the rule files for Prometheus are. Each alert
is one declaration: its PromQL, and its query and condition for Graphite. They are meant for
clusters of up to 10,000 nodes: they wait before they fire (`for`), but for what happens only once,
and none looks at a count that an error of last year left behind. Critical is what loses data or
jobs, or stops many nodes; a single node that is down is a warning.
"""

PROMETHEUS = """\
## Prometheus

Copy `fructosa-alerts.yml` and `fructosa-recording.yml` from `grafana/prometheus/`, or have
`lmaster dashboards` write them, and name them in `prometheus.yml`:

```yaml
rule_files:
  - /etc/prometheus/fructosa-recording.yml
  - /etc/prometheus/fructosa-alerts.yml
```

`promtool check config /etc/prometheus/prometheus.yml` tells whether Prometheus will take them; then
reload it. Prometheus 2.30 or newer will.

* Jobs are called as in `examples/prometheus.yml`: those of nodes begin with `fructosa` or `node`,
  that of lmaster with `lmaster`. Alerts on targets that are down know them by these names alone;
  all other alerts, and the other sums, go by the metrics.
* A node is the host of `instance`. `cluster` and `group` may be absent.
* Scrape at least every two minutes: Prometheus forgets what is older than five.
* A cut through a cluster raises an alert for each node. With the routes of
  [examples/alertmanager.yml](../examples/alertmanager.yml) Alertmanager sends them together, and
  leaves out what others explain. What else belongs to a Prometheus is told in
  [prometheus.md](prometheus.md).

The recording rules sum up by `cluster`, `group` and `job`. A node that is in two groups counts in
both.
"""

GRAPHITE = """\
## Graphite, in Grafana's alerting

Below each alert stand a query for Graphite, for `naming = plain` and the prefix `cluster` (write
your own), and a line such as: *`last` of the last 10m is below 1, for 5m; no data: Normal*. Queries
leave out what is well, so that Grafana gets few series and an empty answer means that all is well.
That is why no data is Normal.

**Grafana 8 and newer** (*Alerting*, *Alert rules*, *New alert rule*):

1. Query `A`: the Graphite data source, the query as text (the pencil), from `now-10m` to `now`.
2. Expression `B`: *Reduce*, input `A`, the function (`last` is *Last*, `avg` is *Mean*), mode *Drop
   non-numeric values*.
3. Expression `C`: *Threshold*, input `B`, *is above* or *is below*, the number; where there is no
   *Threshold* yet, *Math* with `$B > 10`. It is the alert condition. Each series becomes an alert
   of its own, with its node in its name.
4. Evaluate every minute, pending period as given. *Alert state if no data*: Normal, or Alerting
   where the line says so; *if execution error*: Error, which tells that Graphite does not answer.

**Grafana 7** (a panel of type *Graph* with the query, tab *Alert*): *Evaluate every* `1m` *For*
`5m`; *WHEN* `last()` *OF* `query(A, 10m, now)` *IS BELOW* `1`. *If no data or all values are null*:
Ok, or Alerting where the line says so. There is one alert for all series of the panel; its message
names those that are concerned.

Every query reads one file for each of its series on Graphite's side. With thousands of nodes
evaluate those with windows of an hour or more every 5 to 15 minutes, and choose the ones you need.
"""

MISSING = """\
## When data are missing

A dead node is not missing: lmaster writes `up` 0 for every target and slot, so it is
FructosaNodeDown. All other series of a dead node end, and raise nothing. When no series has data,
it is lmaster that is dead, or what is between it and Graphite: FructosaMasterDown, whose no data is
an alert. For that, and for all alerts on lmaster, let it scrape itself:

```ini
[nodes:lmaster]
hosts = localhost
port = 9889
```

It can't see a Grafana or a Prometheus that is dead. Have something outside ask lmaster's
`/-/healthy`, Grafana's `/api/health` and Prometheus' `/-/healthy`.
"""


def alerting_page() -> str:
    """Return docs/alerting.md."""
    parts = [HEAD, _overview(), PROMETHEUS, _recording_rules(), GRAPHITE, MISSING]
    return "\n".join([*parts, *map(_group, GROUPS)])


def _overview() -> str:
    rows = [
        f"| [{alert.name}](#{alert.name.lower()}) | {alert.severity} | {alert.hold} | "
        f"{_readable(alert.summary)} |"
        for group in GROUPS
        for alert in group.alerts
    ]
    return "\n".join(["| alert | severity | for | says |", "| --- | --- | --- | --- |", *rows, ""])


def _readable(template: str) -> str:
    """Return a template in a readable form: a label by its name, a value as N."""
    text = re.sub(r"\{\{ with .*?\{\{ end \}\}", "", template)
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"*\1*", text)
    return re.sub(r"\{\{ \$value[^}]*\}\}", "*N*", text)


def _recording_rules() -> str:
    rows = [f"| `{rule.record}` | {rule.text} |" for rule in RECORDING_RULES]
    return "\n".join(["| series | what it is |", "| --- | --- |", *rows, ""])


def _group(group: AlertGroup) -> str:
    return "\n".join([f"## {group.title}\n", *map(_section, group.alerts)])


def _section(alert: Alert) -> str:
    return "\n".join(
        [
            f"### {alert.name}\n",
            f"{_readable(alert.description)}\n",
            f"* Limit: {alert.why}",
            f"* What to do: {alert.action}",
            f"* Graphite: {_settings(alert.graphite, alert.hold)}\n",
            f"```\n{alert.graphite.target(PREFIX)}\n```\n",
            f"```promql\n{alert.expr}\n```\n",
        ]
    )


def _settings(condition: Condition, hold: str) -> str:
    """Return the settings of the alert in Grafana, in words."""
    compared = f"is {_COMPARISONS[condition.evaluator]} {condition.threshold:.12g}"
    return (
        f"`{condition.reducer}` of the last {condition.window} {compared}, for {hold}; "
        f"no data: {condition.when_no_data}"
    )
