"""What a sensor is: declared metrics, declared options, and one method that measures."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fructosa_service.config.kinds import seconds
from fructosa_service.config.settings import option

from .metrics import Family, Metric, Rows, Sample


def time_interval(default_s: float) -> Any:
    """Declare the option ``time_interval`` with a sensor's own default."""
    return option(
        seconds(),
        default_s,
        "Least time between two readings; a scrape within it gets the last reading again.",
    )


@dataclass(frozen=True, kw_only=True)
class SensorOptions:
    """The options that every sensor has."""

    time_interval: float = time_interval(1)
    deadline: float = option(
        seconds(at_least=0.1, at_most=3600),
        2,
        "Longest time that a page waits for the sensor; then it is served without it.",
    )


@dataclass(frozen=True, kw_only=True)
class CalmSensorOptions(SensorOptions):
    """The options of a sensor whose values change slowly, or seldom."""

    time_interval: float = time_interval(30)


@dataclass(frozen=True, kw_only=True)
class SlowSensorOptions(SensorOptions):
    """The options of a sensor that is costly, or whose facts hardly ever change."""

    time_interval: float = time_interval(60)


class Sensor:
    """One subject of the node. A subclass declares metrics as class attributes, and measures.

    Its name is the name of the class, the first line of its docstring what ``lagent sensors``
    says. It raises SensorUnavailable where the machine has nothing to read, lets other errors
    pass (the reader reports them), and calls what it reads with through ``self.read``.
    """

    name: ClassVar[str]
    metrics: ClassVar[tuple[Metric, ...]]
    Options: ClassVar[type[SensorOptions]] = SensorOptions
    on_by_default: ClassVar[bool] = True
    cost: ClassVar[str] = "under 1 ms"
    rights: ClassVar[str] = "none"
    # Of a page, sensors with higher numbers are read later: 1 waits for a device's driver, which
    # may be slow, 2 may sleep. So they hold up none of the others.
    slowness: ClassVar[int] = 0

    # What reads: a subclass names it as staticmethod(...), a test passes another one.
    read: Any

    def __init__(
        self, options: SensorOptions | None = None, read: Callable[..., Any] | None = None
    ) -> None:
        """Take *options*, by default those of the class, and what reads in place of its own."""
        self.options = self.Options() if options is None else options
        if read is not None:
            self.read = read

    def __init_subclass__(cls) -> None:
        """Collect the declared metrics, in the order of their declaration."""
        cls.name = cls.__name__
        cls.metrics = tuple(_declared(vars(cls)))

    def samples(self) -> Iterable[Sample | Rows | Family]:
        """Measure: yield samples of the declared metrics, one by one or in rows."""
        raise NotImplementedError

    @classmethod
    def summary(cls) -> str:
        """Return what the sensor measures, in one line."""
        return (cls.__doc__ or "").partition("\n")[0]


def _declared(attributes: Mapping[str, object]) -> Iterable[Metric]:
    for value in attributes.values():
        if isinstance(value, Metric):
            yield value
        elif isinstance(value, Mapping):
            yield from (metric for metric in value.values() if isinstance(metric, Metric))
