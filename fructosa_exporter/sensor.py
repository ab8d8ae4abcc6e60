"""The base class of sensors: declared metrics and options, and one method that measures."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fructosa_service.config.kinds import seconds
from fructosa_service.config.settings import option

from .metrics import Family, Metric, Rows, Sample


def time_interval(default_s: float) -> Any:
    """Declare the option ``time_interval`` with the default of a sensor."""
    return option(
        seconds(),
        default_s,
        "Minimum time between two readings; a scrape within it gets the last reading again.",
    )


@dataclass(frozen=True, kw_only=True)
class SensorOptions:
    """The options that every sensor has."""

    time_interval: float = time_interval(1)
    deadline: float = option(
        seconds(at_least=0.1, at_most=3600),
        2,
        "Maximum time that a scrape waits for the sensor; then the page is sent without it.",
    )


@dataclass(frozen=True, kw_only=True)
class CalmSensorOptions(SensorOptions):
    """The options of a sensor whose values change slowly or rarely."""

    time_interval: float = time_interval(30)


@dataclass(frozen=True, kw_only=True)
class SlowSensorOptions(SensorOptions):
    """The options of a sensor that is costly to read, or whose values hardly ever change."""

    time_interval: float = time_interval(60)


class Sensor:
    """The base class of sensors. A subclass declares metrics as class attributes.

    The name of the sensor is that of the class; the first line of its docstring is what
    ``lagent sensors`` prints. ``samples`` measures: it calls ``self.read`` to get data, raises
    SensorUnavailable if the machine has nothing to read, and does not catch other errors. The
    caller reports them.
    """

    name: ClassVar[str]
    metrics: ClassVar[tuple[Metric, ...]]
    Options: ClassVar[type[SensorOptions]] = SensorOptions
    on_by_default: ClassVar[bool] = True
    cost: ClassVar[str] = "under 1 ms"
    rights: ClassVar[str] = "none"
    # Sensors with a higher number are read later, so that they don't delay the others: 1 waits for
    # the driver of a device, which may be slow; 2 may sleep.
    slowness: ClassVar[int] = 0

    # The function that gets the data: a subclass sets it to staticmethod(...), tests pass another.
    read: Any

    def __init__(
        self, options: SensorOptions | None = None, read: Callable[..., Any] | None = None
    ) -> None:
        """Take *options* and the function *read*; by default, those of the class."""
        self.options = self.Options() if options is None else options
        if read is not None:
            self.read = read

    def __init_subclass__(cls) -> None:
        """Collect the declared metrics, in order of declaration."""
        cls.name = cls.__name__
        cls.metrics = tuple(_declared(vars(cls)))

    def samples(self) -> Iterable[Sample | Rows | Family]:
        """Measure, and yield samples of the declared metrics, one by one or in Rows."""
        raise NotImplementedError

    def begin(self) -> None:
        """Start what it does between readings; called once, when lagent begins to serve."""

    def close(self) -> None:
        """Stop what ``begin`` has started."""

    @property
    def is_on_metrics_page(self) -> bool:
        """Whether ``/metrics`` has it; else only ``/metrics?collect[]=`` and its name has."""
        return True

    @property
    def note(self) -> str:
        """What limits its readings here, as a sentence without a full stop; empty if nothing."""
        return ""

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
