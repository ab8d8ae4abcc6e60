"""NVLink: the fields with state, bytes and errors of each link."""

from collections.abc import Iterable
from typing import Any

from fructosa_exporter.gpus.quantities import Columns

from .fields import FieldQuery, FieldValues

_KIB = 1024
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
    """The links of one GPU, queried all at once, or one by one if the driver refuses that."""

    def __init__(self, nvml: Any, handle: Any, count: int) -> None:
        self._nvml, self._handle, self._count = nvml, handle, count
        self._groups = [self._fields(range(count))]
        self._has_read = False

    def read(self) -> list[Columns]:
        """Return the quantities of all links. Raises: GPULost, DriverError."""
        parts = [fields.read() for fields in self._groups]
        if not self._has_read and not parts[0][0]:
            self._groups = [self._fields([link]) for link in range(self._count)]
            parts = [fields.read() for fields in self._groups]
        self._has_read = True
        return parts

    def _fields(self, links: Iterable[int]) -> FieldValues:
        return FieldValues(self._nvml, self._handle, link_queries(links))
