"""Generates fructosa_bridge/naming/sensor_metrics.py, the metrics of each sensor."""

from collections.abc import Iterable, Sequence

from fructosa_exporter.metrics import Metric
from fructosa_exporter.sensor import Sensor


def metric_table(sensors: Iterable[type[Sensor]], of_each_sensor: Sequence[Metric]) -> str:
    """Return a Python module with the metrics of *sensors* and those that each page has of them.

    The latter are *of_each_sensor*: they have the name of the sensor as their label.
    """
    rows = [f'    "{sensor.name}": {_names(sensor.metrics, 4)},' for sensor in sensors]
    first = f"{_HEAD}\nOF_EACH = {_names(of_each_sensor, 0)}\n"
    return "\n".join([first, "METRICS: Mapping[str, tuple[str, ...]] = {", *rows, "}"]) + "\n"


_HEAD = '''\
"""The metrics on a page of lagent, by sensor.

`make docs` generates this module from the declarations in fructosa_exporter/sensors/.
"""

from collections.abc import Mapping

# About each sensor on the page, with its name as a label.'''


def _names(metrics: Sequence[Metric], indent: int) -> str:
    names = [f'"{metric.name}",' for metric in metrics]
    if len(names) < 2:
        return f"({''.join(names)})"
    begin = "\n" + " " * indent
    return "(" + "".join(f"{begin}    {name}" for name in names) + f"{begin})"
