"""NVLink: which fields tell state, bytes and errors of each link."""

from collections.abc import Iterable
from typing import Any

from .answers import Told
from .nvidia_fields import Fields, Question

_KIB = 1024
_ACTIVE = 1  # NVML_NVLINK_STATE_*: 0 is inactive, 2 asleep, 3 without traffic
# NVML_FI_DEV_NVLINK_*, with the link as scope; the first that a GPU has is taken. Up to Hopper what
# is sent is counted in KiB; from Blackwell on in bytes, and errors are others.
_OF_LINK: tuple[tuple[int, str, tuple[str, ...], float], ...] = (
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


def questions(links: Iterable[int]) -> list[Question]:
    """Return what to ask of *links*.

    That is ("up", LINK), ("transmit", LINK), ("receive", LINK) and ("errors", LINK, ERROR); bytes.
    """
    return [
        Question(
            field,
            link,
            (quantity, str(link), *error),
            factor,
            active=_ACTIVE if quantity == "up" else None,
        )
        for link in links
        for field, quantity, error, factor in _OF_LINK
    ]


class Links:
    """The links of one GPU: asked all at once, or one by one where that is too much for it."""

    def __init__(self, nvml: Any, handle: Any, count: int) -> None:
        self._nvml, self._handle, self._count = nvml, handle, count
        self._asked = [self._fields(range(count))]
        self._has_told = False

    def told(self) -> list[Told]:
        """Return what the links tell. Raises: GPULost, DriverError."""
        found = [fields.told() for fields in self._asked]
        if not self._has_told and not found[0][0]:
            self._asked = [self._fields([link]) for link in range(self._count)]
            found = [fields.told() for fields in self._asked]
        self._has_told = True
        return found

    def _fields(self, links: Iterable[int]) -> Fields:
        return Fields(self._nvml, self._handle, questions(links))
