"""Running totals of each GPU of the node: busy seconds, energy, and its largest memory. Pure.

Whoever reads them twice knows what was used between, without a store of series.
"""

from collections.abc import Iterable
from typing import NamedTuple

# GPUs that were once seen; their UUIDs come from a driver.
MOST_GPUS = 256


class GPULook(NamedTuple):
    """What a look at a GPU saw; None is unknown. Energy is in joules, since the driver was loaded.

    *mean_busy* is the share of the time since the last look in which something ran on it, *busy*
    that of the driver's last sample period. *is_divided* if MIG is enabled. *faults* are counts by
    kind, *throttled_s* seconds by reason.
    """

    uuid: str
    number: str
    minor: int | None = None
    pci: str = ""
    is_divided: bool = False
    busy: float | None = None
    mean_busy: float | None = None
    memory_bytes: float | None = None
    energy_joules: float | None = None
    faults: tuple[tuple[str, float], ...] = ()
    throttled_s: tuple[tuple[str, float], ...] = ()


class GPUTotal(NamedTuple):
    """The totals of a GPU since lagent started, as its last look left them; None is unknown.

    Other than these, *energy_joules* is since the driver was loaded.
    """

    look: GPULook
    look_s: float
    busy_s: float | None
    memory_max_bytes: float | None

    @property
    def energy_joules(self) -> float | None:
        """The energy that it has used."""
        return self.look.energy_joules


class GPUTotals:
    """Adds looks at GPUs up.

    Busy seconds are the mean share times the time between two looks where the driver tells the
    mean (GPM, since Hopper), else the average of the shares at both looks times that time: then a
    use that is shorter than the time between looks counts by chance, right on average.
    """

    def __init__(self) -> None:
        self._totals: dict[str, GPUTotal] = {}
        self._present: list[str] = []

    def add(self, looks: Iterable[GPULook], now_s: float) -> None:
        """Add the looks at all GPUs that respond; the others keep their totals, but are absent."""
        self._present = []
        for look in looks:
            before = self._totals.get(look.uuid)
            if before is None and len(self._totals) >= MOST_GPUS:
                continue
            self._totals[look.uuid] = _total(look, before, now_s)
            self._present.append(look.uuid)

    def known(self) -> list[GPUTotal]:
        """Return the totals of the GPUs that the last look saw."""
        return [self._totals[uuid] for uuid in self._present]


def _total(look: GPULook, before: GPUTotal | None, now_s: float) -> GPUTotal:
    if before is None:
        is_known = look.busy is not None
        return GPUTotal(look, now_s, 0.0 if is_known else None, look.memory_bytes)
    busy_s = before.busy_s
    share = look.mean_busy
    if share is None and look.busy is not None:
        last = before.look.busy
        share = look.busy if last is None else (last + look.busy) / 2
    if share is not None:
        busy_s = (busy_s or 0.0) + share * max(0.0, now_s - before.look_s)
    sizes = [size for size in (before.memory_max_bytes, look.memory_bytes) if size is not None]
    return GPUTotal(look, now_s, busy_s, max(sizes, default=None))
