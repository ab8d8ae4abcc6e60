"""The GPUs of this machine, whoever made them."""

from collections.abc import Callable, Iterator
from typing import Any

from fructosa_exporter.errors import SensorUnavailable

from .amd import Amd
from .answers import Answer
from .driver import Driver, DriverError, Labels
from .nvidia import Nvidia
from .turn import DriverHangs


class Machine:
    """The drivers of all vendors, asked one after the other."""

    def __init__(self, *drivers: Driver[Any]) -> None:
        self._drivers = drivers

    def each(self, name: str, ask: Callable[[Any], Any]) -> Iterator[tuple[Labels, Any]]:
        """Have each GPU answer what it is asked by the sensor of that *name*.

        A vendor's driver that fails does not hide the other's GPUs. Raises: where none answers,
        SensorUnavailable as none is there, or what one that is there raises.
        """
        for answers in self._of_all(lambda driver: driver.each(name, ask)):
            yield from answers

    def up(self, name: str) -> Iterator[tuple[Labels, bool]]:
        """Tell of each GPU that was ever seen whether it answers. Raises as ``each``."""
        for states in self._of_all(lambda driver: driver.up(name)):
            yield from states

    def events(self, name: str) -> Iterator[tuple[Labels, Answer]]:
        """Tell what drivers have reported of each GPU that was ever seen. Raises as ``each``."""
        for counts in self._of_all(lambda driver: driver.events(name)):
            yield from counts

    def _of_all(self, ask: Callable[[Driver[Any]], list[Any]]) -> list[list[Any]]:
        found, reasons = [], []
        failure: DriverError | DriverHangs | None = None
        for driver in self._drivers:
            try:
                found.append(ask(driver))
            except SensorUnavailable as reason:
                reasons.append(str(reason))
            except (DriverError, DriverHangs) as error:
                failure = failure or error
        if found:
            return found
        raise failure or SensorUnavailable("; ".join(reasons))


GPUS = Machine(Driver(Nvidia()), Driver(Amd()))
