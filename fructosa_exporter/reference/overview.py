"""The output of `lagent sensors`: a list of all sensors, or the description of one."""

import textwrap
from collections.abc import Container, Iterable, Iterator, Mapping

from fructosa_exporter.metrics import Metric
from fructosa_exporter.sensor import Sensor
from fructosa_service.config.settings import options_of


def overview(
    sensors: Mapping[str, type[Sensor]], left_out: Container[str], reasons: Iterable[str]
) -> str:
    """Return a line for each sensor: name, whether it is read here by default, what it measures.

    The *reasons* of those that are *left_out* follow.
    """
    width = max(map(len, sensors))
    lines = [
        f"{name:{width}}  {'-' if name in left_out else '*'}  {sensor.summary()}"
        for name, sensor in sensors.items()
    ]
    lines_left_out = (
        textwrap.fill(line, 100, initial_indent="  ", subsequent_indent="    ") for line in reasons
    )
    notes = ["", "* read here by default; - not read here by default:", *lines_left_out]
    more = ["", "`lagent sensors NAME` describes one sensor."]
    return "\n".join([*lines, *notes, *more])


def description(sensor: type[Sensor], state: str) -> str:
    """Return the description of a *sensor*; *state* is whether it can be read here, as text."""
    text = (sensor.__doc__ or "").split("\n", 1)
    rest = textwrap.dedent(text[1]).strip() if len(text) > 1 else ""
    parts = [
        f"{sensor.name}: {text[0]}",
        *([rest] if rest else []),
        f"Here:   {state}\nCost:   {sensor.cost}\nRights: {sensor.rights}",
        "Metrics\n" + "\n".join(map(_metric, sensor.metrics)),
        "Options\n" + "\n".join(_options(sensor)),
    ]
    return "\n\n".join(parts)


def _metric(metric: Metric) -> str:
    labels = f"{{{', '.join(metric.labels)}}}" if metric.labels else ""
    unit = f", {metric.unit.replace('_', ' ')}" if metric.unit else ""
    return f"  {metric.name}{labels}\n      {metric.type}{unit}. {metric.help}"


def _options(sensor: type[Sensor]) -> Iterator[str]:
    for declared in options_of(sensor.Options):
        default = declared.default_text or "none"
        yield f"  {declared.key} ({declared.kind.name}; default: {default})"
        yield f"      {declared.help}"
