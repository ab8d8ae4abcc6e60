"""Calls of NVML that tell a number each: made again and again, hundreds of them for a page."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fructosa_exporter.gpus.quantities import Columns, known_columns

from .calls import raise_unless_missing


class NumberQuery(NamedTuple):
    """A number: what it is, the function that tells it, and what makes base units of it.

    ``unit`` returns None for what stands where there is none.
    """

    quantity: tuple[str, ...]
    function: str
    unit: Callable[[Any], float | None]
    arguments: tuple[Any, ...] = ()


class NumberValues:
    """Numbers of one GPU, by its handle; an old pynvml may lack functions for some of them."""

    def __init__(self, nvml: Any, handle: Any, numbers: Sequence[NumberQuery]) -> None:
        self._nvml = nvml
        found = [(getattr(nvml, one.function, None), one) for one in numbers]
        self._calls = [
            (call, (handle, *one.arguments), one.unit) for call, one in found if call is not None
        ]
        self._quantities = tuple(one.quantity for call, one in found if call is not None)

    def read(self) -> Columns:
        """Return those that the GPU tells. Raises: GPULost, DriverError."""
        values: list[float | None] = []
        for call, arguments, unit in self._calls:
            try:
                values.append(unit(call(*arguments)))
            except Exception as error:  # noqa: BLE001 - told apart there
                raise_unless_missing(self._nvml, error)
                values.append(None)
        return known_columns(self._quantities, values)
