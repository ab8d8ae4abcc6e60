"""What the sensors are: texts made from their declarations."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from fructosa_service.config.example import example
from fructosa_service.config.settings import SectionType, options_of

from .choose import by_reason
from .config import schema
from .metrics import Metric
from .sensor import Sensor
from .sensors import SENSORS, Agent


def overview(sensors: Mapping[str, type[Sensor]], reason_left_out: Mapping[str, str]) -> str:
    """Return a line a sensor: name, whether it is read by default here, what it measures."""
    width = max(map(len, sensors))
    lines = [
        f"{name:{width}}  {'-' if name in reason_left_out else '*'}  {sensor.summary()}"
        for name, sensor in sensors.items()
    ]
    left_out = (
        textwrap.fill(line, 100, initial_indent="  ", subsequent_indent="    ")
        for line in by_reason(reason_left_out)
    )
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


def reference(sensors: Mapping[str, type[Sensor]]) -> str:
    """Return docs/sensors.md: an index of all *sensors*, then a chapter on each."""
    chapters = (_chapter(sensor) for sensor in sensors.values())
    return "\n\n".join([_REFERENCE, _index(sensors), *chapters]) + "\n"


_REFERENCE = """# Sensors

`make docs` generates this page from the declarations in `fructosa_exporter/sensors/`.

On a node, `lagent sensors` lists the sensors and says which of them it reads there by default.
`lagent sensors NAME` prints what this page has on one of them.

Once `lagent.conf` has a `[sensor:NAME]` section, lagent reads exactly the sensors that have one.
Without any, it reads every sensor that its user may read and that finds something on the node,
except those marked *Read only when configured*."""


def _index(sensors: Mapping[str, type[Sensor]]) -> str:
    # The anchor of a heading of one word is that word in lower case.
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


def metric_names(sensors: Mapping[str, type[Sensor]], of_each: Sequence[Metric]) -> str:
    """Return which metrics *sensors* have, and *of each*, as the module of lmaster that says so."""
    # The agent itself is asked for by its name like any other.
    named: dict[str, type[Sensor]] = {Agent.name: Agent, **sensors}
    rows = [f'    "{name}": {_names(sensor.metrics, 4)},' for name, sensor in named.items()]
    first = f"{_METRIC_NAMES}\nOF_EACH = {_names(of_each, 0)}\n"
    return "\n".join([first, "METRICS: Mapping[str, tuple[str, ...]] = {", *rows, "}"]) + "\n"


_METRIC_NAMES = '''\
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
        [entry for section_type in schema(SENSORS) for entry in _entries(section_type)],
    )


def _entries(section_type: SectionType) -> Iterator[tuple[SectionType, str, type]]:
    if section_type.name == "sensor":
        for name, sensor in SENSORS.items():
            described = SectionType(name="sensor", help=sensor.summary(), labelled=True)
            yield described, f"sensor:{name}", sensor.Options
    elif isinstance(section_type.settings, type):
        yield section_type, section_type.name, section_type.settings
