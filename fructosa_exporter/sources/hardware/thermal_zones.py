"""Finds the thermal zones in /sys/class/thermal, for machines whose chips measure no temperature.

Source: Documentation/driver-api/thermal/sysfs-api.rst.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sources.readable import or_none

_ZONES = "/sys/class/thermal"
_ZONE = re.compile(r"thermal_zone[0-9]{1,6}")
# Trip points of other types start a fan or slow a processor down.
_LIMITS = {"hot": "high", "critical": "critical"}
_TRIP_TYPE = re.compile(r"trip_point_[0-9]{1,6}_type")


class ThermalZone(NamedTuple):
    """A thermal zone: its name, such as thermal_zone0, and what it is called, such as acpitz."""

    name: str
    type: str

    def labels(self, read: Kernel) -> tuple[str, str, str]:
        """Return its name as node_exporter has it, the name of its file, and its type."""
        return f"thermal_{self.name}", "temp", self.type or self.name

    def value(self, read: Kernel) -> int | None:
        """Return its temperature in thousandths of a degree; None if it tells none.

        Raises: PermissionError.
        """
        return read.number(f"{_ZONES}/{self.name}/temp")

    def limits(self, read: Kernel) -> Iterator[tuple[str, int]]:
        """Yield its limits, "high" and "critical"; if there are several, the lowest."""
        found: dict[str, int] = {}
        folder = f"{_ZONES}/{self.name}"
        for file in sorted(filter(_TRIP_TYPE.fullmatch, read.listing(folder))):
            limit = _LIMITS.get(or_none(read.word, f"{folder}/{file}") or "")
            value = or_none(read.number, f"{folder}/{file.removesuffix('type')}temp")
            if limit and value and value > 0:
                found[limit] = min(value, found.get(limit, value))
        yield from found.items()


def thermal_zones(read: Kernel) -> list[ThermalZone]:
    """Return all thermal zones."""
    names = filter(_ZONE.fullmatch, read.names(_ZONES))
    return [ThermalZone(name, or_none(read.word, f"{_ZONES}/{name}/type") or "") for name in names]
