"""Reads batteries and mains power from /sys/class/power_supply.

Source: Documentation/ABI/testing/sysfs-class-power. Energy is in microwatt hours and charge in
microampere hours; a driver has either, and the power or the current that belongs to it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sources.readable import or_none

_SUPPLIES = "/sys/class/power_supply"
_BATTERIES = frozenset({"Battery", "UPS"})
_LEVEL_AND_RATE = (("energy", "power"), ("charge", "current"))


class PowerSupply(NamedTuple):
    """A battery, or a connection to mains power."""

    name: str
    is_battery: bool

    def charge(self, read: Kernel) -> float | None:
        """Return the charge of a battery, from 0 to 1; None if it is unknown.

        Raises: PermissionError.
        """
        for level, _ in _LEVEL_AND_RATE:
            now, full = self._count(read, f"{level}_now"), self._count(read, f"{level}_full")
            if now is not None and full:
                return min(1.0, now / full)
        percent = read.count(f"{_SUPPLIES}/{self.name}/capacity")
        return None if percent is None or percent > 100 else percent / 100

    def remaining_s(self, read: Kernel) -> float | None:
        """Return how long a battery lasts; None if it is unknown or if nothing is drawn from it."""
        if self.status(read) != "Discharging":
            return None
        for level, rate in _LEVEL_AND_RATE:
            now, drawn = self._count(read, f"{level}_now"), self._number(read, f"{rate}_now")
            if now is not None and drawn:
                return now / abs(drawn) * 3600  # some drivers count what is drawn below zero
        return self._count(read, "time_to_empty_now")

    def status(self, read: Kernel) -> str | None:
        """Return what a battery does: Charging, Discharging, Full and so on."""
        return or_none(read.word, f"{_SUPPLIES}/{self.name}/status")

    def is_online(self, read: Kernel) -> bool | None:
        """Return whether it is connected; None if it does not tell."""
        online = self._count(read, "online")
        return None if online is None else online > 0

    def _count(self, read: Kernel, file: str) -> int | None:
        return or_none(read.count, f"{_SUPPLIES}/{self.name}/{file}")

    def _number(self, read: Kernel, file: str) -> int | None:
        return or_none(read.number, f"{_SUPPLIES}/{self.name}/{file}")


def power_supplies(read: Kernel) -> list[PowerSupply]:
    """Return the supplies of this machine: not those of a mouse, and no empty battery bay."""
    found = []
    for name in read.names(_SUPPLIES):
        folder = f"{_SUPPLIES}/{name}"
        kind = or_none(read.word, f"{folder}/type")
        is_of_machine = or_none(read.word, f"{folder}/scope") != "Device"
        if kind and is_of_machine and or_none(read.number, f"{folder}/present") != 0:
            found.append(PowerSupply(name, kind in _BATTERIES))
    return found


def has_mains_power(supplies: Iterable[PowerSupply], read: Kernel) -> bool | None:
    """Return whether the machine is on mains power; None if nothing tells."""
    supplies = list(supplies)
    connected = {one.is_online(read) for one in supplies if not one.is_battery} - {None}
    if connected:
        return True in connected
    status = {one.status(read) for one in supplies if one.is_battery}
    if "Discharging" in status:
        return False
    return True if status & {"Charging", "Full", "Not charging"} else None
