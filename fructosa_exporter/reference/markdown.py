"""Generates docs/sensors.md, the reference of all sensors."""

import textwrap
from collections.abc import Mapping

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
