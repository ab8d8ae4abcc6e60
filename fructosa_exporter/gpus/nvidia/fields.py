"""NVML's field values: many queries to a GPU in one call, asked again and again."""

import struct
from collections.abc import Sequence
from ctypes import memmove
from operator import lt
from typing import Any, NamedTuple

from fructosa_exporter.gpus.driver import GPULost
from fructosa_exporter.gpus.quantities import Columns, Quantities
from fructosa_exporter.gpus.units import BLANK_32, BLANK_64

from .calls import OF_GPU, fill_field_values

# nvmlFieldValue_t: fieldId, scopeId, timestamp, latencyUsec, valueType, nvmlReturn, value. In words
# of 8 bytes, the fourth says of which type the value is, and whether there is one.
_WORDS, _STATE = 5, 3
_BEFORE, _NONE = "32x", "40x"
# The value by nvmlValueType_t: double, unsigned int, unsigned long, unsigned long long, long long,
# int, unsigned short; and from where on it stands for none. It is a union: what lies behind a
# short one is not its own.
_TYPES = (
    ("d", BLANK_64),
    ("I4x", BLANK_32),
    ("Q", BLANK_64),
    ("Q", BLANK_64),
    ("q", BLANK_64),
    ("i4x", BLANK_32),
    ("H6x", 0xFFFF),
)


# NVML_ERROR_INVALID_ARGUMENT of a driver that does not know the field, NVML_ERROR_NOT_SUPPORTED.
_NEVER = {2, 3}


class FieldQuery(NamedTuple):
    """A field of a scope, such as a link; which quantity it tells, and in which unit."""

    field: int
    scope: int
    quantity: tuple[str, ...]
    factor: float = 1
    active: int | None = None  # a state: this value tells 1, all others 0


def _states(raw: bytes) -> list[int]:
    return memoryview(raw).cast("Q")[_STATE::_WORDS].tolist()


def _kind_and_code(state: int) -> tuple[int, int]:
    return struct.unpack("=ii", struct.pack("=Q", state))


class FieldDecoder:
    """Reads what was told out of arrays of nvmlFieldValue_t, all for the same queries.

    Which fields a GPU has, and of which types, hardly ever changes: it is worked out once. Of two
    fields for one quantity, the first that the GPU has is taken.
    """

    def __init__(self, queries: Sequence[FieldQuery]) -> None:
        self._queries = queries
        self._states: list[int] | None = None
        self._values = struct.Struct("")
        self._is_signed, self._least = False, 0
        self._quantities: Quantities = ()
        self._limits: list[int] = []
        self._factors: list[tuple[int, float]] = []  # of which values, by place
        self._active: list[tuple[int, int]] = []

    def decode(self, raw: bytes) -> Columns:
        """Return what the *raw* array of answers to all queries tells."""
        states = _states(raw)
        if states != self._states:
            self._learn(states)
        values = self._values.unpack(raw)
        if self._are_numbers(values):
            return self._quantities, self._in_units(values)
        rows = zip(self._quantities, values, self._in_units(values), self._limits, strict=True)
        kept = {one: number for one, value, number, limit in rows if 0 <= value < limit}
        return tuple(kept), list(kept.values())

    def _are_numbers(self, values: Sequence[float]) -> bool:
        if self._is_signed and min(values) < 0:
            return False
        return not values or max(values) < self._least or all(map(lt, values, self._limits))

    def _in_units(self, values: Sequence[float]) -> list[float]:
        numbers = list(values)
        for place, factor in self._factors:
            numbers[place] *= factor
        for place, active in self._active:
            numbers[place] = int(numbers[place] == active)
        return numbers

    def _learn(self, states: list[int]) -> None:
        found: dict[tuple[str, ...], tuple[FieldQuery, int]] = {}
        form = ["="]
        for query, state in zip(self._queries, states, strict=True):
            kind, code = _kind_and_code(state)
            if code or not 0 <= kind < len(_TYPES) or query.quantity in found:
                form.append(_NONE)
                continue
            letter, limit = _TYPES[kind]
            form.append(_BEFORE + letter)
            found[query.quantity] = query, limit
        self._values = struct.Struct("".join(form))
        self._is_signed = any(letter in part for part in form for letter in "dqi")
        self._quantities = tuple(found)
        places = [(place, query) for place, (query, _) in enumerate(found.values())]
        self._factors = [(place, one.factor) for place, one in places if one.factor != 1]
        self._active = [(place, one.active) for place, one in places if one.active is not None]
        self._limits = [limit for _, limit in found.values()]
        # Of doubles, which may be no number at all, the largest says nothing.
        is_whole = not any("d" in part for part in form)
        self._least = min(self._limits, default=0) if is_whole else 0
        self._states = states


def supported(queries: Sequence[FieldQuery], raw: bytes) -> list[FieldQuery]:
    """Return those of the *queries* that a GPU understood, by its first answers."""
    codes = (_kind_and_code(state)[1] for state in _states(raw))
    pairs = zip(queries, codes, strict=True)
    return [query for query, code in pairs if code not in _NEVER]


def is_lost(raw: bytes) -> bool:
    """Tell whether any answer is that the GPU is lost: the call itself may succeed all the same."""
    return any(_kind_and_code(state)[1] in OF_GPU for state in _states(raw))


class FieldValues:
    """The queries to one GPU, by its handle. What it does not support it is asked once."""

    def __init__(self, nvml: Any, handle: Any, queries: Sequence[FieldQuery]) -> None:
        self._nvml, self._handle = nvml, handle
        self._is_new = True
        self._set_queries(queries)

    def read(self) -> Columns:
        """Return what the GPU tells. Raises: GPULost, DriverError."""
        # Drivers have been seen that add what they tell to what they find there.
        memmove(self._array, self._unasked, len(self._unasked))
        if not self._queries or not fill_field_values(self._nvml, self._handle, self._array):
            return (), ()
        raw = bytes(self._array)
        columns = self._decoder.decode(raw)
        if not columns[0] and is_lost(raw):
            raise GPULost("each field answers that the GPU is lost")
        if self._is_new:
            self._is_new = False
            self._set_queries(supported(self._queries, raw))
        return columns

    def _set_queries(self, queries: Sequence[FieldQuery]) -> None:
        self._queries, self._decoder = queries, FieldDecoder(queries)
        self._array = (self._nvml.c_nvmlFieldValue_t * len(queries))()
        for place, query in zip(self._array, queries, strict=True):
            place.fieldId, place.scopeId = query.field, query.scope
        self._unasked = bytes(self._array)
