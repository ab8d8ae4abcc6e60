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
marked *Read only when configured*. What a sensor could find later, as when a driver is loaded after
lagent has started, is looked for once a minute."""


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
    rows = [f'    "{one.name}": {labels_by_metric(_labels(one.metrics), 4)},' for one in sensors]
    of_each = f"OF_EACH: LabelsByMetric = {labels_by_metric(_labels(of_each_sensor))}\n"
    head = "METRICS: Mapping[str, LabelsByMetric] = {"
    return "\n".join([f"{_TABLE_HEAD}{of_each}", head, *rows, "}"]) + "\n"


_TABLE_HEAD = '''\
"""The metrics on a page of lagent, by sensor, and their labels in the order of the paths.

`make docs` generates this module from the declarations in fructosa_exporter/sensors/.
"""

from collections.abc import Mapping

LabelsByMetric = Mapping[str, tuple[str, ...]]

# About each sensor on the page, with its name as a label.
'''


def _labels(metrics: Iterable[Metric]) -> dict[str, tuple[str, ...]]:
    return {metric.name: metric.labels for metric in metrics}


def labels_by_metric(labels: Mapping[str, tuple[str, ...]], indent: int = 0) -> str:
    """Return a dictionary in Python, in the lines that the formatter of the house makes of it."""
    begin = "\n" + " " * indent
    rows = [f"{begin}    {_row(name, each, indent + 4)}" for name, each in labels.items()]
    return "{" + "".join(rows) + begin * bool(rows) + "}"


def _row(metric: str, labels: Sequence[str], indent: int) -> str:
    quoted = [f'"{label}"' for label in labels]
    row = f'"{metric}": ({", ".join(quoted)}{"," * (len(quoted) == 1)}),'
    if len(row) + indent <= _LONGEST_LINE:
        return row
    begin = "\n" + " " * indent
    return f'"{metric}": (' + "".join(f"{begin}    {each}," for each in quoted) + f"{begin}),"


_LONGEST_LINE = 100
