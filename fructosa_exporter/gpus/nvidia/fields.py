"""NVML's field values: many values of a GPU from one call, which is repeated at each reading."""

import struct
from collections.abc import Callable, Sequence
from ctypes import memmove
from operator import lt
from typing import Any, NamedTuple

from fructosa_exporter.gpus.driver import GPULost
from fructosa_exporter.gpus.kept import AGAIN_S
from fructosa_exporter.gpus.quantities import Columns, Quantities
from fructosa_exporter.gpus.units import BLANK_32, BLANK_64

from .calls import GPU_ERRORS, LASTING, fill_field_values

# nvmlFieldValue_t: fieldId, scopeId, timestamp, latencyUsec, valueType, nvmlReturn, value. Of its
# five words of 8 bytes, the fourth has the type of the value and the error code.
_WORDS, _STATE = 5, 3
_BEFORE, _NONE = "32x", "40x"
# Format of the value by nvmlValueType_t: double, unsigned int, unsigned long, unsigned long long,
# long long, int, unsigned short; and the limit from which on it stands for a missing value. As it
# is a union, the bytes after a shorter type are undefined.
_TYPES = (
    ("d", BLANK_64),
    ("I4x", BLANK_32),
    ("Q", BLANK_64),
    ("Q", BLANK_64),
    ("q", BLANK_64),
    ("i4x", BLANK_32),
    ("H6x", 0xFFFF),
)


class FieldQuery(NamedTuple):
    """A field of a scope, such as a link; its quantity, and the factor to base units."""

    field: int
    scope: int
    quantity: tuple[str, ...]
    factor: float = 1
    active: int | None = None  # for a state: this value becomes 1, all others 0


def _states(raw: bytes) -> list[int]:
    return memoryview(raw).cast("Q")[_STATE::_WORDS].tolist()


def _kind_and_code(state: int) -> tuple[int, int]:
    return struct.unpack("=ii", struct.pack("=Q", state))


class FieldDecoder:
    """Decodes arrays of nvmlFieldValue_t, all for the same queries.

    The fields that a GPU has and their types hardly ever change, so the format is cached. Of two
    fields for one quantity, the first that the GPU has is used.
    """

    def __init__(self, queries: Sequence[FieldQuery]) -> None:
        self._queries = queries
        self._states: list[int] | None = None
        self._values = struct.Struct("")
        self._is_signed, self._min_limit = False, 0
        self._quantities: Quantities = ()
        self._limits: list[int] = []
        self._factors: list[tuple[int, float]] = []  # with the index of the value
        self._active: list[tuple[int, int]] = []

    def decode(self, raw: bytes) -> Columns:
        """Return the quantities and values in the *raw* array."""
        states = _states(raw)
        if states != self._states:
            self._set_format(states)
        values = self._values.unpack(raw)
        if self._are_numbers(values):
            return self._quantities, self._in_units(values)
        rows = zip(self._quantities, values, self._in_units(values), self._limits, strict=True)
        valid = {one: number for one, value, number, limit in rows if 0 <= value < limit}
        return tuple(valid), list(valid.values())

    def _are_numbers(self, values: Sequence[float]) -> bool:
        if self._is_signed and min(values) < 0:
            return False
        return not values or max(values) < self._min_limit or all(map(lt, values, self._limits))

    def _in_units(self, values: Sequence[float]) -> list[float]:
        numbers = list(values)
        for at, factor in self._factors:
            numbers[at] *= factor
        for at, active in self._active:
            numbers[at] = int(numbers[at] == active)
        return numbers

    def _set_format(self, states: list[int]) -> None:
        fields: dict[tuple[str, ...], tuple[FieldQuery, int]] = {}
        form = ["="]
        for query, state in zip(self._queries, states, strict=True):
            kind, code = _kind_and_code(state)
            if code or not 0 <= kind < len(_TYPES) or query.quantity in fields:
                form.append(_NONE)
                continue
            letter, limit = _TYPES[kind]
            form.append(_BEFORE + letter)
            fields[query.quantity] = query, limit
        self._values = struct.Struct("".join(form))
        self._is_signed = any(letter in part for part in form for letter in "dqi")
        self._quantities = tuple(fields)
        queries = [(at, query) for at, (query, _) in enumerate(fields.values())]
        self._factors = [(at, one.factor) for at, one in queries if one.factor != 1]
        self._active = [(at, one.active) for at, one in queries if one.active is not None]
        self._limits = [limit for _, limit in fields.values()]
        # Doubles may be NaN, so their maximum proves nothing.
        has_doubles = any("d" in part for part in form)
        self._min_limit = 0 if has_doubles else min(self._limits, default=0)
        self._states = states


def supported(queries: Sequence[FieldQuery], raw: bytes) -> list[FieldQuery]:
    """Return the *queries* that a GPU supports, according to its response to them."""
    codes = (_kind_and_code(state)[1] for state in _states(raw))
    pairs = zip(queries, codes, strict=True)
    return [query for query, code in pairs if code not in LASTING]


def is_lost(raw: bytes) -> bool:
    """Return whether any field has the error that the GPU is lost; the call itself may succeed."""
    return any(_kind_and_code(state)[1] in GPU_ERRORS for state in _states(raw))


class FieldValues:
    """The field values of one GPU. Unsupported ones are queried again only once a minute."""

    def __init__(
        self, nvml: Any, handle: Any, queries: Sequence[FieldQuery], clock: Callable[[], float]
    ) -> None:
        self._nvml, self._handle, self._clock = nvml, handle, clock
        self._all = queries
        self._are_all_queried = True
        self._again_s = 0.0
        self._set_queries(queries)

    def read(self) -> Columns:
        """Return the supported quantities. Raises: GPULost, DriverError."""
        if not self._are_all_queried and self._clock() >= self._again_s:
            self._are_all_queried = True
            self._set_queries(self._all)
        # Some drivers add values to the content of the array, so reset it.
        memmove(self._array, self._blank, len(self._blank))
        if not self._queries or not fill_field_values(self._nvml, self._handle, self._array):
            return (), ()
        raw = bytes(self._array)
        columns = self._decoder.decode(raw)
        if not columns[0] and is_lost(raw):
            raise GPULost("a field value has the error that the GPU is lost")
        if self._are_all_queried:
            self._leave_out_unsupported(raw)
        return columns

    def _leave_out_unsupported(self, raw: bytes) -> None:
        found = supported(self._queries, raw)
        if len(found) < len(self._queries):
            self._are_all_queried = False
            self._again_s = self._clock() + AGAIN_S
            self._set_queries(found)

    def _set_queries(self, queries: Sequence[FieldQuery]) -> None:
        self._queries, self._decoder = queries, FieldDecoder(queries)
        self._array = (self._nvml.c_nvmlFieldValue_t * len(queries))()
        for entry, query in zip(self._array, queries, strict=True):
            entry.fieldId, entry.scopeId = query.field, query.scope
        self._blank = bytes(self._array)
