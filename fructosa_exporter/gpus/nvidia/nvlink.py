"""NVLink: the fields with state, bytes and errors of each link."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from fructosa_exporter.gpus.kept import AGAIN_S
from fructosa_exporter.gpus.quantities import Columns

from . import queries
from .fields import FieldQuery, FieldValues

_KIB = 1024
_MAX_LINKS = 64
_ACTIVE = 1  # NVML_NVLINK_STATE_*: 0 is inactive, 2 asleep, 3 without traffic
# NVML_FI_DEV_NVLINK_*, with the link as scope; the first that a GPU has is used. Up to Hopper,
# traffic is counted in KiB; since Blackwell in bytes, and there are other errors.
_LINK_FIELDS: tuple[tuple[int, str, tuple[str, ...], float], ...] = (
    (165, "up", (), 1),
    (202, "transmit", (), 1),
    (204, "receive", (), 1),
    (138, "transmit", (), _KIB),
    (139, "receive", (), _KIB),
    (161, "errors", ("replay",), 1),
    (162, "errors", ("recovery",), 1),
    (163, "errors", ("crc",), 1),
    (208, "errors", ("receive",), 1),
    (214, "errors", ("recovery_failed",), 1),
    (215, "errors", ("recovery",), 1),
    (221, "errors", ("symbol",), 1),
)


def link_queries(links: Iterable[int]) -> list[FieldQuery]:
    """Return the queries for *links*.

    Their quantities are ("up", LINK), ("transmit", LINK) and ("receive", LINK) in bytes, and
    ("errors", LINK, ERROR).
    """
    return [
        FieldQuery(
            field,
            link,
            (quantity, str(link), *error),
            factor,
            active=_ACTIVE if quantity == "up" else None,
        )
        for link in links
        for field, quantity, error, factor in _LINK_FIELDS
    ]


class NVLinks:
    """The links of one GPU, queried all at once, or one by one if the driver refuses that.

    Their number is queried once a minute, as it may be 0 until they are trained.
    """

    def __init__(self, nvml: Any, handle: Any, clock: Callable[[], float]) -> None:
        self._nvml, self._handle, self._clock = nvml, handle, clock
        self._told_count = FieldValues(nvml, handle, queries.LINK_COUNT, clock)
        self._count, self._count_again_s = 0, -inf
        self._groups: list[FieldValues] = []
        self._single_again_s = -inf

    def read(self) -> list[Columns]:
        """Return the quantities of all links. Raises: GPULost, DriverError."""
        self._query_count()
        parts = _read(self._groups)
        if self._groups and not _has_values(parts) and self._clock() >= self._single_again_s:
            self._single_again_s = self._clock() + AGAIN_S
            groups = [self._fields([link]) for link in range(self._count)]
            parts = _read(groups)
            if _has_values(parts):
                self._groups = groups
        return parts

    def _query_count(self) -> None:
        if self._clock() < self._count_again_s:
            return
        for count in self._told_count.read()[1]:
            self._count_again_s = self._clock() + AGAIN_S
            if count > self._count:
                self._count = min(int(count), _MAX_LINKS)
                self._groups = [self._fields(range(self._count))]

    def _fields(self, links: Iterable[int]) -> FieldValues:
        return FieldValues(self._nvml, self._handle, link_queries(links), self._clock)


def _read(groups: Iterable[FieldValues]) -> list[Columns]:
    return [fields.read() for fields in groups]


def _has_values(parts: Iterable[Columns]) -> bool:
    return any(quantities for quantities, _ in parts)
