"""The results of queries to GPUs: quantities and their values."""

from collections.abc import Sequence
from typing import NamedTuple, cast

Quantities = tuple[tuple[str, ...], ...]

# Maps a quantity and its labels, such as ("used",) or ("clock", "sm"), to a value in base units.
QuantityValues = dict[tuple[str, ...], float]

# The same as separate quantities and values, which is faster if there are many. While the
# quantities stay the same, they should be the same tuple.
Columns = tuple[Quantities, Sequence[float]]


class GPUProcess(NamedTuple):
    """A process on a GPU; *memory_bytes* is None if the driver does not report it.

    ``instance`` has the ids of the MIG GPU instance and compute instance; it is empty without MIG.
    """

    pid: int
    memory_bytes: int | None
    instance: tuple[str, ...] = ()


def known(values: dict[tuple[str, ...], float | None]) -> QuantityValues:
    """Return the *values* without unknown ones (None)."""
    return {quantity: value for quantity, value in values.items() if value is not None}


def known_columns(quantities: Quantities, values: Sequence[float | None]) -> Columns:
    """Return *quantities* and *values* without unknown ones (None)."""
    if None not in values:
        return quantities, cast(Sequence[float], values)
    pairs = [pair for pair in zip(quantities, values, strict=True) if pair[1] is not None]
    return tuple(quantity for quantity, _ in pairs), cast(
        Sequence[float], [value for _, value in pairs]
    )


def columns(values: QuantityValues | list[Columns]) -> list[Columns]:
    """Return *values* as columns, unless they already are."""
    return values if isinstance(values, list) else [(tuple(values), list(values.values()))]
