"""NVLink: which fields tell state, bytes and errors of each link."""

from .nvidia_fields import Question

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


def questions(count: int) -> list[Question]:
    """Return what to ask of *count* links.

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
        for link in range(count)
        for field, quantity, error, factor in _OF_LINK
    ]
