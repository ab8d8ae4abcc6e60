"""Calls of NVML that return one number each; a page needs hundreds of them."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fructosa_exporter.gpus.quantities import Columns, known_columns

from .calls import raise_unless_missing


class NumberQuery(NamedTuple):
    """A quantity, the function that returns it, and the conversion to base units.

    ``unit`` returns None for a missing value.
    """

    quantity: tuple[str, ...]
    function: str
    unit: Callable[[Any], float | None]
    arguments: tuple[Any, ...] = ()


class NumberValues:
    """Numbers of one GPU; those whose function an old pynvml lacks are skipped."""

    def __init__(self, nvml: Any, handle: Any, numbers: Sequence[NumberQuery]) -> None:
        self._nvml = nvml
        found = [(getattr(nvml, one.function, None), one) for one in numbers]
        self._calls = [
            (call, (handle, *one.arguments), one.unit) for call, one in found if call is not None
        ]
        self._quantities = tuple(one.quantity for call, one in found if call is not None)

    def read(self) -> Columns:
        """Return the supported quantities. Raises: GPULost, DriverError."""
        values: list[float | None] = []
        for call, arguments, unit in self._calls:
            try:
                values.append(unit(call(*arguments)))
            except Exception as error:  # noqa: BLE001 - other errors are raised again
                raise_unless_missing(self._nvml, error)
                values.append(None)
        return known_columns(self._quantities, values)
