"""Which metrics exist, and which of them a query names."""

import re
from pathlib import Path

from fructosa_bridge.naming.schemes import NODE_EXPECTED
from fructosa_bridge.slurm.metrics import METRICS as OF_SLURM
from fructosa_bridge.web.own_metrics import METRICS as OF_MASTER
from fructosa_exporter.page.sensor_state import STATE_METRICS
from fructosa_exporter.sensors import SENSORS

ROOT = Path(__file__).parents[3]
PROMTOOL_TESTS = ROOT / "tests/grafana/rules"

_METRIC = re.compile(r"fructosa_[a-z_]+(?:\{[a-z_,]+\}[a-z_]+)?")
DECLARED = (
    {metric.name for sensor in SENSORS.values() for metric in sensor.metrics}
    | {metric.name for metric in STATE_METRICS}
    | {metric.name for metric in OF_SLURM}
    | {NODE_EXPECTED, "fructosa_slurm_node_state"}  # on the page /metrics/nodes
    | {metric.name for metric in OF_MASTER}
)


def metrics_in(query):
    """Return our metrics in a query; {a,b} in a glob stands for two metrics."""
    found = set()
    for name in _METRIC.findall(query):
        head, brace, rest = name.partition("{")
        values, _, tail = rest.partition("}")
        found |= {f"{head}{value}{tail}" for value in values.split(",")} if brace else {head}
    return found
