"""fructosa_bridge/naming/sensor_metrics.py: which metrics a page has, for lmaster."""

from collections.abc import Iterable, Sequence

from fructosa_exporter.metrics import Metric
from fructosa_exporter.sensor import Sensor


def metric_table(sensors: Iterable[type[Sensor]], of_each: Sequence[Metric]) -> str:
    """Return which metrics *sensors* have, and *of each*, as the module of lmaster that says so."""
    rows = [f'    "{sensor.name}": {_names(sensor.metrics, 4)},' for sensor in sensors]
    first = f"{_HEAD}\nOF_EACH = {_names(of_each, 0)}\n"
    return "\n".join([first, "METRICS: Mapping[str, tuple[str, ...]] = {", *rows, "}"]) + "\n"


_HEAD = '''\
"""Which metrics a page of lagent has, by the sensors that it is asked for.

Made from the declarations in fructosa_exporter/sensors/ by `make docs`.
"""

from collections.abc import Mapping

# Of each sensor that is asked for; its name is their label.'''


def _names(metrics: Sequence[Metric], indent: int) -> str:
    names = [f'"{metric.name}",' for metric in metrics]
    if len(names) < 2:
        return f"({''.join(names)})"
    begin = "\n" + " " * indent
    return "(" + "".join(f"{begin}    {name}" for name in names) + f"{begin})"
