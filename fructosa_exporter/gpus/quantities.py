"""What a GPU returns when it is queried for a subject: quantities and their values."""

from collections.abc import Sequence
from typing import NamedTuple, cast

Quantities = tuple[tuple[str, ...], ...]

# A quantity and its labels, such as ("used",) or ("clock", "sm"), to its value in base units.
QuantityValues = dict[tuple[str, ...], float]

# The same, or a part of it, with quantities and values apart: what is quick where there are many.
# Who returns the same quantities again gives the same tuple again.
Columns = tuple[Quantities, Sequence[float]]


class GPUProcess(NamedTuple):
    """A process on a GPU; *memory_bytes* is None where the driver does not tell it.

    ``instance`` has the ids of MIG's GPU instance and compute instance; it is empty without MIG.
    """

    pid: int
    memory_bytes: int | None
    instance: tuple[str, ...] = ()


def known(found: dict[tuple[str, ...], float | None]) -> QuantityValues:
    """Return what was *found*, without what is not known: absent is not zero."""
    return {quantity: value for quantity, value in found.items() if value is not None}


def known_columns(quantities: Quantities, values: Sequence[float | None]) -> Columns:
    """Return *values* of *quantities*, without those that are not known: absent is not zero."""
    if None not in values:
        return quantities, cast(Sequence[float], values)
    pairs = [pair for pair in zip(quantities, values, strict=True) if pair[1] is not None]
    return tuple(quantity for quantity, _ in pairs), cast(
        Sequence[float], [value for _, value in pairs]
    )


def columns(values: QuantityValues | list[Columns]) -> list[Columns]:
    """Return *values* as columns, which some already are."""
    return values if isinstance(values, list) else [(tuple(values), list(values.values()))]
