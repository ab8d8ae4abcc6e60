"""Samples into the Prometheus text format, version 0.0.4.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import math
from collections.abc import Iterable

from .metrics import Metric, Sample

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Names of mounts, interfaces and processes churn; a cache that forgets all at once when it is
# full costs one slow page then, and stays small.
_CACHE_LIMIT = 20_000


class Renderer:
    """Renders pages; what doesn't change between two of them is prepared once."""

    def __init__(self) -> None:
        self._heads: dict[Metric, str] = {}
        self._series: dict[tuple[Metric, tuple[str, ...]], str] = {}

    def page(self, samples: Iterable[Sample]) -> str:
        """Return the page of *samples*: each metric's lines together, in order of appearance."""
        blocks: dict[Metric, list[str]] = {}
        for metric, labels, value in samples:
            try:
                series = self._series[metric, labels]
            except KeyError:
                series = self._remember(metric, labels)
            line = f"{series} {value if math.isfinite(value) else _special(value)}\n"
            try:
                blocks[metric].append(line)
            except KeyError:
                blocks[metric] = [self._head(metric), line]
        return "".join([line for block in blocks.values() for line in block])

    def _remember(self, metric: Metric, labels: tuple[str, ...]) -> str:
        if len(self._series) >= _CACHE_LIMIT:
            self._series.clear()
        text = ",".join(
            f'{name}="{_escaped(value)}"' for name, value in zip(metric.labels, labels, strict=True)
        )
        series = f"{metric.name}{{{text}}}" if text else metric.name
        self._series[metric, labels] = series
        return series

    def _head(self, metric: Metric) -> str:
        if metric not in self._heads:
            text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
            self._heads[metric] = (
                f"# HELP {metric.name} {text}\n# TYPE {metric.name} {metric.type}\n"
            )
        return self._heads[metric]


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"


def _escaped(value: str) -> str:
    """Return a label value as the format wants it, what is no Unicode in hexadecimal."""
    text = value.encode("utf-8", "backslashreplace").decode()
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
