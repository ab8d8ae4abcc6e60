"""docs/sensors.md: all sensors in full."""

import textwrap
from collections.abc import Mapping

from fructosa_exporter.sensor import Sensor
from fructosa_service.config.settings import options_of


def sensors_page(sensors: Mapping[str, type[Sensor]]) -> str:
    """Return all there is to know of all *sensors*, as docs/sensors.md."""
    blocks = [_HEAD, _table(sensors), *(_chapter(sensor) for sensor in sensors.values())]
    return "\n\n".join(blocks) + "\n"


_HEAD = """# Sensors

Made from the declarations in `fructosa_exporter/sensors/` by `make docs`. On a machine,
`lagent sensors` tells which of them can be read there, and `lagent sensors NAME` the same as
here. A sensor is read when it has a section `[sensor:NAME]` in `lagent.conf`; without any such
section, all are read that can be read cheaply, but for those marked *only when configured*."""


def _table(sensors: Mapping[str, type[Sensor]]) -> str:
    """Return a line for each sensor, with a link to its chapter."""
    rows = [f"| [{name}](#{name.lower()}) | {one.summary()} |" for name, one in sensors.items()]
    return "\n".join(["| sensor | what it measures |", "| --- | --- |", *rows])


def _chapter(sensor: type[Sensor]) -> str:
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
            "| metric | type | unit | labels | what it is |",
            "| --- | --- | --- | --- | --- |",
            *(line.replace("\n", " ") for line in metrics),
            "",
            "| option | kind | default | what it does |",
            "| --- | --- | --- | --- |",
            *options,
        ]
    )
