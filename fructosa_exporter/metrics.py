"""Declared metrics, and samples of them.

A sensor declares its metrics before it measures. Help texts, the documentation of sensors, the
page and the tests are derived from these declarations.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Type = Literal["gauge", "counter"]

_NAME = re.compile(r"[a-z][a-z0-9]*+(_[a-z0-9]++)++")
_LABEL = re.compile(r"[a-z][a-z0-9_]*")
# The units in which a name may end (before _total): Prometheus's base units.
_UNITS = (
    "bytes",
    "bytes_per_second",
    "celsius",
    "hertz",
    "joules",
    "ratio",
    "rpm",
    "seconds",
    "watts",
)

# A series: a metric, and a value for each of its labels.
Key = tuple["Metric", tuple[str, ...]]


class Sample(NamedTuple):
    """One value of a metric, with a value for each of its labels, in order."""

    metric: "Metric"
    labels: tuple[str, ...]
    value: float


class Rows(NamedTuple):
    """Many samples at once, for sensors with many series.

    ``keys`` come from ``Metric.keys()``. The sensor keeps them between readings, so that a reading
    creates nothing but its values. On a node with 256 CPUs this is most of the page.
    """

    keys: Sequence[Key]
    values: Sequence[float]


@dataclass(frozen=True)
class Family:
    """Samples of a metric that no sensor declares, as lines of the text format.

    ``lines`` are complete sample lines without line ends; ``type`` is one of counter, gauge,
    histogram, summary, untyped.
    """

    name: str
    type: str
    help: str
    lines: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Metric:
    """The declaration of a metric. Compared by identity, which makes it a cheap dict key."""

    name: str
    type: Type
    help: str
    labels: tuple[str, ...] = ()
    digits: int | None = None  # significant digits on the page; all of them if None
    without_panel: str = ""  # why no dashboard shows it

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"{self.name}: not a valid name of a metric; use lower case and underscores, "
                "fructosa_<subject>_<quantity>_<unit>, or mysite_<subject>_<quantity>_<unit> for "
                "a plug-in"
            )
        if (self.type == "counter") != self.name.endswith("_total"):
            raise ValueError(f"{self.name}: names of counters, and only those, must end in _total")
        if bad := [label for label in self.labels if not _LABEL.fullmatch(label)]:
            raise ValueError(f"{self.name}: {bad[0]!r} is not a valid name of a label")

    @property
    def unit(self) -> str:
        """The unit in which the name ends; empty for a plain number."""
        name = self.name.removesuffix("_total")
        units = [unit for unit in _UNITS if name.endswith(f"_{unit}")]
        return max(units, key=len, default="")

    def sample(self, value: float, *labels: str) -> Sample:
        """Return a sample with a value for each declared label, in order.

        Raises: ValueError if the number of labels is wrong, or if *value* is not a number. Here,
        this fails one sensor; on the page it would fail all of them.
        """
        if len(labels) != len(self.labels):
            raise ValueError(f"{self.name} has labels {self.labels}, not {labels}")
        if type(value) is not float and type(value) is not int:  # a bool would render as True
            raise ValueError(f"{self.name} = {value!r} is not a number")
        return Sample(self, labels, value)

    def keys(self, labels: Iterable[tuple[str, ...]]) -> list[Key]:
        """Return the keys of Rows: one for each of the *labels*.

        Raises: ValueError if a number of labels is wrong.
        """
        return [self.sample(0, *values)[:2] for values in labels]


def gauge(
    name: str,
    help: str,  # noqa: A002
    *labels: str,
    digits: int | None = None,
    without_panel: str = "",
) -> Metric:
    """Declare a gauge: a value that goes up and down."""
    return Metric(name, "gauge", help, labels, digits, without_panel)


def counter(
    name: str,
    help: str,  # noqa: A002
    *labels: str,
    digits: int | None = None,
    without_panel: str = "",
) -> Metric:
    """Declare a counter: a value that only grows, unless it restarts from zero."""
    return Metric(name, "counter", help, labels, digits, without_panel)


def info(
    name: str,
    help: str,  # noqa: A002
    *labels: str,
    without_panel: str = "",
) -> Metric:
    """Declare an info metric: text in the labels, and 1 as the value."""
    if not name.endswith("_info"):
        raise ValueError(f"{name}: the name of an info metric must end in _info")
    return Metric(name, "gauge", help, labels, without_panel=without_panel)
