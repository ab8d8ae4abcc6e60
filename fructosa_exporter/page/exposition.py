"""Renders samples as text: the Prometheus format 0.0.4 and OpenMetrics 1.0.

What stays the same between readings (names, labels, help) is rendered once, as a template for the
values. Source: https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import cached_property
from operator import itemgetter

from fructosa_exporter.metrics import Family, Key, Metric

# The placeholder of a rounded value, at the end of a line of a template.
_ROUNDED = re.compile(r" %\.\d+g$", re.MULTILINE)


class Format(Enum):
    """A text format; the value is its content type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class SeriesTemplate:
    """The text of the series of a reading, with placeholders for the values.

    Raises: ValueError for a duplicate series.
    """

    def __init__(self, keys: list[Key]) -> None:
        self.keys = keys
        self._series = [_series(metric, labels) for metric, labels in keys]
        if len(set(self._series)) != len(keys):
            duplicate = next(one for one, number in Counter(self._series).items() if number > 1)
            raise ValueError(f"duplicate series {duplicate}")

    def validated(self, values: Sequence[float]) -> tuple[float, ...]:
        """Return *values* as a tuple, if they can be rendered.

        Raises: ValueError unless there is one number for each series; OverflowError for an integer
        that is too large for a float.
        """
        if len(values) != len(self.keys):
            raise ValueError(f"there are {len(values)} values for {len(self.keys)} series")
        if not {float, int}.issuperset(map(type, values)):
            at = next(i for i, value in enumerate(values) if type(value) not in (float, int))
            raise ValueError(f"{self._series[at]} = {values[at]!r} is not a number")
        math.isfinite(sum(values))  # raises OverflowError for an integer that is too large
        return tuple(values)

    def render(self, values: tuple[float, ...], format: Format) -> str:  # noqa: A002
        """Return the lines of all series with their *values*, grouped by metric."""
        template = self._template if format is Format.TEXT else self._openmetrics_template
        if math.isfinite(sum(values)):
            return template % self._in_order(values)
        return _ROUNDED.sub(" %s", template) % self._in_order(tuple(map(_rendered, values)))

    @cached_property
    def _order(self) -> list[int]:
        """The positions of the series, grouped by metric, in order of appearance."""
        first: dict[Metric, int] = {}
        for metric, _ in self.keys:
            first.setdefault(metric, len(first))
        return sorted(range(len(self.keys)), key=lambda at: first[self.keys[at][0]])

    def _in_order(self, values: tuple[object, ...]) -> tuple[object, ...]:
        return self._permuted(values) if len(values) > 1 else values

    @cached_property
    def _permuted(self) -> "itemgetter[tuple[object, ...]]":
        return itemgetter(*self._order)

    @cached_property
    def _template(self) -> str:
        return self._lines(head)

    @cached_property
    def _openmetrics_template(self) -> str:
        return self._lines(_openmetrics_head)

    def _lines(self, head: Callable[[Metric], str]) -> str:
        lines: list[str] = []
        last = None
        for at in self._order:
            metric, _ = self.keys[at]
            if metric is not last:
                lines.append(head(metric).replace("%", "%%"))
                last = metric
            lines.append(f"{self._series[at].replace('%', '%%')} {_placeholder(metric)}\n")
        return "".join(lines)


def family_lines(families: Iterable[Family]) -> str:
    """Return *families* in the format 0.0.4."""
    return "".join(
        f"# HELP {family.name} {_escaped_help(family.help)}\n# TYPE {family.name} {family.type}\n"
        + "".join(f"{line}\n" for line in family.lines)
        for family in families
    )


def head(metric: Metric) -> str:
    """Return the lines before the series of a metric, in the format 0.0.4."""
    return (
        f"# HELP {metric.name} {_escaped_help(metric.help)}\n# TYPE {metric.name} {metric.type}\n"
    )


def _openmetrics_head(metric: Metric) -> str:
    name = metric.name.removesuffix("_total")
    unit = f"# UNIT {name} {metric.unit}\n" if metric.unit else ""
    return f"# TYPE {name} {metric.type}\n{unit}# HELP {name} {label_value(metric.help)}\n"


def _placeholder(metric: Metric) -> str:
    return "%s" if metric.digits is None else f"%.{metric.digits}g"


def _series(metric: Metric, labels: tuple[str, ...]) -> str:
    text = ",".join(
        f'{name}="{label_value(value)}"' for name, value in zip(metric.labels, labels, strict=True)
    )
    return f"{metric.name}{{{text}}}" if text else metric.name


def _rendered(value: float) -> object:
    """Return *value* as something that ``%s`` formats as both formats require."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"


def _escaped_help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def label_value(value: str) -> str:
    """Return an escaped label value; lone surrogates become backslash escapes."""
    text = value.encode("utf-8", "backslashreplace").decode()
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
