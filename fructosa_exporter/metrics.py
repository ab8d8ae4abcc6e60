"""Declared metrics, and the samples that a sensor takes of them.

A sensor declares its metrics before it measures. Help texts, the reference of sensors, the
rendered page and the tests all come from these declarations.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Type = Literal["gauge", "counter"]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
_LABEL = re.compile(r"[a-z][a-z0-9_]*")
# The units that may end a name (before _total): base units, as the field has them.
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


Key = tuple["Metric", tuple[str, ...]]


class Sample(NamedTuple):
    """One value of a metric, with a value for each of its labels, in their order."""

    metric: "Metric"
    labels: tuple[str, ...]
    value: float


class Rows(NamedTuple):
    """Many values at once: what a sensor of many samples yields in place of them.

    ``keys`` are ``Metric.keys(...)`` that the sensor keeps, so that a reading makes nothing but
    its values: on a node of 256 processors this is most of the page.
    """

    keys: Sequence[Key]
    values: Sequence[float]


@dataclass(frozen=True)
class Family:
    """Samples of a metric that others declared, as ready lines of the text format.

    ``lines`` are whole sample lines without their line ends; ``type`` is one of counter, gauge,
    histogram, summary, untyped.
    """

    name: str
    type: str
    help: str
    lines: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Metric:
    """What the samples of one name mean. Equal only to itself: a cheap key of caches."""

    name: str
    type: Type
    help: str
    labels: tuple[str, ...] = ()
    digits: int | None = None  # significant ones that are written; all of them if None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"{self.name}: a metric is called fructosa_<subject>_<quantity>_<unit>, or a "
                "site's own mysite_<subject>_<quantity>_<unit>"
            )
        if (self.type == "counter") != self.name.endswith("_total"):
            raise ValueError(f"{self.name}: a counter, and nothing else, ends in _total")
        if bad := [label for label in self.labels if not _LABEL.fullmatch(label)]:
            raise ValueError(f"{self.name}: {bad[0]!r} is no name of a label")

    @property
    def unit(self) -> str:
        """The unit that the name ends in; empty for a plain number."""
        name = self.name.removesuffix("_total")
        units = [unit for unit in _UNITS if name.endswith(f"_{unit}")]
        return max(units, key=len, default="")

    def sample(self, value: float, *labels: str) -> Sample:
        """Return a sample with a value for each declared label, in their order.

        Raises: ValueError when their number is not that of the declared labels, or the value
        is no number: here it costs one sensor, on the page it would cost them all.
        """
        if len(labels) != len(self.labels):
            raise ValueError(f"{self.name} has labels {self.labels}, not {labels}")
        if type(value) is not float and type(value) is not int:  # True would be shown as True
            raise ValueError(f"{self.name} = {value!r} is no number")
        return Sample(self, labels, value)

    def keys(self, labels: Iterable[tuple[str, ...]]) -> list[Key]:
        """Return the keys of Rows: a series for each of the *labels*.

        Raises: ValueError where their number is not that of the declared labels.
        """
        return [self.sample(0, *values)[:2] for values in labels]


def gauge(
    name: str,
    help: str,  # noqa: A002
    *labels: str,
    digits: int | None = None,
) -> Metric:
    """Declare a value that goes up and down."""
    return Metric(name, "gauge", help, labels, digits)


def counter(
    name: str,
    help: str,  # noqa: A002
    *labels: str,
    digits: int | None = None,
) -> Metric:
    """Declare a count that only grows, until it starts again from zero."""
    return Metric(name, "counter", help, labels, digits)


def info(name: str, help: str, *labels: str) -> Metric:  # noqa: A002
    """Declare facts that are text: they stand in the labels, and the value is 1."""
    if not name.endswith("_info"):
        raise ValueError(f"{name}: a metric of facts ends in _info")
    return Metric(name, "gauge", help, labels)
