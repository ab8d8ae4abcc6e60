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

This page is generated from the declarations in `fructosa_grafana/`, as are the rule files for
Prometheus. Each alert is declared once: its PromQL, and its query and condition for Graphite. The
alerts are meant for clusters of up to 10,000 nodes. They wait before they fire (`for`), except for
events that happen only once. No alert fires because of a counter value that an old error has left
behind. Alerts are critical if data or jobs are lost, or if many nodes stop. A single node that is
down is a warning.
"""

PROMETHEUS = """\
## Prometheus

Copy `fructosa-alerts.yml` and `fructosa-recording.yml` from `grafana/prometheus/`, or write them
with `lmaster dashboards --rules DIR`. List them in `prometheus.yml`:

```yaml
rule_files:
  - /etc/prometheus/fructosa-recording.yml
  - /etc/prometheus/fructosa-alerts.yml
```

Check the configuration with `promtool check config /etc/prometheus/prometheus.yml`, then reload
Prometheus. It must be version 2.30 or newer.

* Name jobs as in `examples/prometheus.yml`: the names of jobs for nodes begin with `fructosa` or
  `node`, that of the job for lmaster with `lmaster`. The alerts on targets that are down, and the
  recording rules for `up`, select targets by these names only. All others select by metric.
* A node is the host part of `instance`. The labels `cluster` and `group` are optional.
* With `[slurm]` in lmaster.conf, nodes that are down as planned in Slurm raise no alert, if
  Prometheus scrapes lmaster's page `/metrics/nodes` with `honor_labels`. Without that page, or
  while nothing is known of Slurm, every dead node raises an alert. Most alerts on Slurm need only
  lmaster's `/metrics`.
* Scrape at least every two minutes: Prometheus ignores samples that are older than five minutes.
* If a part of a cluster is cut off, there is an alert for each node. With the routes in
  [examples/alertmanager.yml](../examples/alertmanager.yml), Alertmanager sends them together, and
  leaves out alerts that others explain. [prometheus.md](prometheus.md) describes how to set up
  Prometheus.

The recording rules compute totals by `cluster`, `group` and `job`. A node in two groups counts in
both.
"""

GRAPHITE = """\
## Graphite, with Grafana alerting

Each alert below has a query for Graphite, and a line such as: *`last` of the last 10m is below 1,
for 5m; no data: Normal*. The queries are for `naming = plain` and the prefix `cluster`: replace it
by your own. They leave out healthy series, so that Grafana gets few series. An empty result means
that all is well. Therefore the state for no data is Normal.

**Grafana 8 and newer** (*Alerting*, *Alert rules*, *New alert rule*):

1. Query `A`: select the Graphite data source, enter the query as text (the pencil), and set the
   range to `now-10m` to `now`.
2. Expression `B`: *Reduce*, input `A`, the function (`last` is *Last*, `avg` is *Mean*), mode *Drop
   non-numeric values*.
3. Expression `C`: *Threshold*, input `B`, *is above* or *is below*, and the number. If your version
   has no *Threshold*, use *Math* with `$B > 10`. Make `C` the alert condition. Each series becomes
   an alert of its own, named after its node.
4. Evaluate every minute, with the given pending period. *Alert state if no data*: Normal, or
   Alerting if the line says so. *If execution error*: Error, which means that Graphite does not
   respond.

**Grafana 7** (a panel of type *Graph* with the query, tab *Alert*): *Evaluate every* `1m` *For*
`5m`; *WHEN* `last()` *OF* `query(A, 10m, now)` *IS BELOW* `1`. *If no data or all values are null*:
Ok, or Alerting if the line says so. There is one alert for all series of the panel. Its message
names the affected series.

For every query, Graphite reads one file per series. If you have thousands of nodes, choose the
alerts you need, and evaluate those with a window of an hour or more only every 5 to 15 minutes.
"""

MISSING = """\
## Missing data

A dead node is not missing data: lmaster writes `up` 0 for every target and slot, which raises
FructosaNodeDown, and with it whether Slurm expects the node to be up. All other series of a dead
node end, and raise no alert. If no series has data, lmaster is dead, or something between it and
Graphite. That raises FructosaMasterDown, the only alert that fires on missing data. For this alert,
and for all others on lmaster, let lmaster scrape itself:

```ini
[nodes:lmaster]
hosts = localhost
port = 9889
```

lmaster cannot detect that Grafana or Prometheus is dead. Let something outside check `/-/healthy`
of lmaster, `/api/health` of Grafana and `/-/healthy` of Prometheus.
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
    return "\n".join(
        ["| alert | severity | for | summary |", "| --- | --- | --- | --- |", *rows, ""]
    )


def _readable(template: str) -> str:
    """Return a template in a readable form: a label by its name, a value as N."""
    text = re.sub(r"\{\{ with .*?\{\{ end \}\}", "", template)
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"*\1*", text)
    return re.sub(r"\{\{ \$value[^}]*\}\}", "*N*", text)


def _recording_rules() -> str:
    rows = [f"| `{rule.record}` | {rule.text} |" for rule in RECORDING_RULES]
    return "\n".join(["| series | description |", "| --- | --- |", *rows, ""])


def _group(group: AlertGroup) -> str:
    return "\n".join([f"## {group.title}\n", *map(_section, group.alerts)])


def _section(alert: Alert) -> str:
    return "\n".join(
        [
            f"### {alert.name}\n",
            f"{_readable(alert.description)}\n",
            f"* Threshold: {alert.why}",
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
