"""The GPUs of this machine, whoever made them."""

from collections.abc import Callable
from typing import Any, TypeVar

from fructosa_exporter.errors import SensorUnavailable

from .driver import Driver, DriverError, Labels
from .driver_lock import DriverHangs
from .quantities import QuantityValues

A = TypeVar("A")


class AllVendors:
    """The drivers of all vendors, asked one after the other."""

    def __init__(self, *drivers: Driver[Any]) -> None:
        self._drivers = drivers

    def query_each(self, name: str, query: Callable[[Any], A]) -> list[tuple[Labels, A]]:
        """Return what each GPU returns to the *query* of the sensor of that *name*.

        A vendor's driver that fails does not hide the other's GPUs. Raises: where none answers,
        SensorUnavailable as none is there, or what one that is there raises.
        """
        return self._of_all(lambda driver: driver.query_each(name, query))

    def up(self, name: str) -> list[tuple[Labels, bool]]:
        """Tell of each GPU that was ever seen whether it answers. Raises as ``each``."""
        return self._of_all(lambda driver: driver.up(name))

    def events(self, name: str) -> list[tuple[Labels, QuantityValues]]:
        """Tell what drivers have reported of each GPU that was ever seen. Raises as ``each``."""
        return self._of_all(lambda driver: driver.events(name))

    def _of_all(self, query: Callable[[Driver[Any]], list[A]]) -> list[A]:
        found: list[A] | None = None
        reasons = []
        failure: DriverError | DriverHangs | None = None
        for driver in self._drivers:
            try:
                found = (found or []) + query(driver)
            except SensorUnavailable as reason:
                reasons.append(str(reason))
            except (DriverError, DriverHangs) as error:
                failure = failure or error
        if found is not None:
            return found
        raise failure or SensorUnavailable("; ".join(reasons))
