"""Generates docs/sensors.md, the reference of all sensors, and the metrics of each for lmaster."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from fructosa_exporter.metrics import Metric
from fructosa_exporter.sensor import Sensor
from fructosa_service.config.settings import options_of


def sensors_page(sensors: Mapping[str, type[Sensor]]) -> str:
    """Return docs/sensors.md: an index of all *sensors*, then a section for each."""
    details = (_section(sensor) for sensor in sensors.values())
    return "\n\n".join([_HEAD, _index(sensors), *details]) + "\n"


_HEAD = """# Sensors

`make docs` generates this page from the declarations in `fructosa_exporter/sensors/`.

On a node, `lagent sensors` lists the sensors, and which of them it reads there by default.
`lagent sensors NAME` describes one of them, as this page does.

If `lagent.conf` has a `[sensor:NAME]` section, lagent reads only the sensors that have one. Without
any, it reads every sensor that its user may read and that finds something on the node, except those
marked *Read only when configured*."""


def _index(sensors: Mapping[str, type[Sensor]]) -> str:
    # GitHub's anchor of a heading is its text in lower case.
    rows = [f"| [{name}](#{name.lower()}) | {one.summary()} |" for name, one in sensors.items()]
    return "\n".join(["| sensor | what it measures |", "| --- | --- |", *rows])


def _section(sensor: type[Sensor]) -> str:
    text = textwrap.dedent((sensor.__doc__ or "").partition("\n")[2]).strip()
    text = text.replace("``", "`").replace("*", r"\*")
    facts = [f"* Cost: {sensor.cost}", f"* Rights: {sensor.rights}"]
    if not sensor.on_by_default:
        facts.append("* Read only when configured")
    metrics = [
        f"| `{metric.name}` | {metric.type} | {metric.unit.replace('_', ' ')} "
        f"| {', '.join(metric.labels)} | {metric.help} |"
        for metric in sensor.metrics
    ]
    options = [
        f"| `{one.key}` | {one.kind.name} | {one.default_text} | {one.help} |"
        for one in options_of(sensor.Options)
    ]
    return "\n".join(
        [
            f"## {sensor.name}",
            "",
            sensor.summary(),
            *(["", text] if text else []),
            "",
            *facts,
            "",
            "| metric | type | unit | labels | description |",
            "| --- | --- | --- | --- | --- |",
            *(line.replace("\n", " ") for line in metrics),
            "",
            "| option | kind | default | description |",
            "| --- | --- | --- | --- |",
            *options,
        ]
    )


def metric_table(sensors: Iterable[type[Sensor]], of_each_sensor: Sequence[Metric]) -> str:
    """Return fructosa_bridge/naming/sensor_metrics.py: the metrics of each of *sensors*.

    Those *of_each_sensor* are the metrics of the page about each, with its name as their label.
    """
    rows = [f'    "{sensor.name}": {_names(sensor.metrics, 4)},' for sensor in sensors]
    first = f"{_TABLE_HEAD}\nOF_EACH = {_names(of_each_sensor, 0)}\n"
    return "\n".join([first, "METRICS: Mapping[str, tuple[str, ...]] = {", *rows, "}"]) + "\n"


_TABLE_HEAD = '''\
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
