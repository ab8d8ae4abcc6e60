"""What the sensors are: texts made from their declarations."""

import textwrap
from collections.abc import Iterator

from fructosa_service.reference import example
from fructosa_service.settings import SectionType, options_of

from .config import SCHEMA
from .metrics import Metric
from .sensor import Sensor
from .sensors import SENSORS


def overview(reason_left_out: dict[str, str]) -> str:
    """Return a line a sensor: name, whether it is read by default here, what it measures."""
    width = max(map(len, SENSORS))
    lines = [
        f"{name:{width}}  {'-' if name in reason_left_out else '*'}  {sensor.summary()}"
        for name, sensor in SENSORS.items()
    ]
    left_out = [f"  {name}: {reason}" for name, reason in reason_left_out.items()]
    notes = ["", "* read when no sensor is configured; - not read here then:", *left_out]
    more = ["", "lagent sensors NAME tells all of one sensor."]
    return "\n".join([*lines, *notes, *more])


def description(sensor: type[Sensor], state: str) -> str:
    """Return all there is to know of a *sensor*; *state* says whether it can be read here."""
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


def example_config() -> str:
    """Return lagent.conf with every key, its default and what it means."""
    return example(
        "lagent.conf: every key, its default, and what it means. No key is mandatory, and "
        "neither is the file: without one, lagent serves every sensor that it can read cheaply. "
        "Once there is a [sensor:...] section, exactly those sensors are read that have one.",
        [entry for section_type in SCHEMA for entry in _entries(section_type)],
    )


def _entries(section_type: SectionType) -> Iterator[tuple[SectionType, str, type]]:
    if section_type.name == "sensor":
        for name, sensor in SENSORS.items():
            described = SectionType(name="sensor", help=sensor.summary(), labelled=True)
            yield described, f"sensor:{name}", sensor.Options
    elif isinstance(section_type.settings, type):
        yield section_type, section_type.name, section_type.settings
