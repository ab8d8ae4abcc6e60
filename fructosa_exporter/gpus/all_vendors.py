"""The GPUs of this machine, of all vendors."""

from collections.abc import Callable
from typing import Any, TypeVar

from fructosa_exporter.errors import SensorUnavailable

from .driver import Driver, DriverError, Labels
from .driver_lock import DriverHangs
from .quantities import QuantityValues

A = TypeVar("A")


class AllVendors:
    """The drivers of all vendors, queried one after the other."""

    def __init__(self, *drivers: Driver[Any]) -> None:
        self._drivers = drivers

    def query_each(self, name: str, query: Callable[[Any], A]) -> list[tuple[Labels, A]]:
        """Return the result of *query* for each GPU; *name* is that of the sensor.

        A driver that fails does not hide the GPUs of other vendors.

        Raises: if no driver succeeds, SensorUnavailable if there is none, else the error of the
        first one that failed.
        """
        return self._query_all(lambda driver: driver.query_each(name, query))

    def up(self, name: str) -> list[tuple[Labels, bool]]:
        """Return whether each known GPU responds. Raises: as ``query_each``."""
        return self._query_all(lambda driver: driver.up(name))

    def events(self, name: str) -> list[tuple[Labels, QuantityValues]]:
        """Return the events of each known GPU. Raises: as ``query_each``."""
        return self._query_all(lambda driver: driver.events(name))

    def _query_all(self, query: Callable[[Driver[Any]], list[A]]) -> list[A]:
        results: list[A] | None = None
        reasons = []
        failure: DriverError | DriverHangs | None = None
        for driver in self._drivers:
            try:
                results = (results or []) + query(driver)
            except SensorUnavailable as reason:
                reasons.append(str(reason))
            except (DriverError, DriverHangs) as error:
                failure = failure or error
        if results is not None:
            return results
        raise failure or SensorUnavailable("; ".join(reasons))
