"""Energy: what the processors and their memory have used."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Sample, counter, gauge
from fructosa_exporter.sensor import Sensor, SensorOptions

_ZONES = "/sys/class/powercap"
# Zones of intel-rapl-mmio are the same meters again, by another way.
_ZONE = re.compile(r"intel-rapl:([0-9]+(?::[0-9]+)*)")


@dataclass
class _Meter:
    """What a zone's meter showed last, and how far it has come since the first reading."""

    shown_uj: int
    passed_uj: int = 0


class EnergyRAPL(Sensor):
    """Energy used by processor packages, cores and memory, as processors measure it (RAPL).

    Source: /sys/class/powercap/intel-rapl:*, for processors of AMD too. Counting begins with
    the first reading, from zero: nothing jumps when the agent is restarted. A zone is numbered
    as in its path ("0" is the first package, "0:1" a part of it), as two packages may bear one
    name. Parts such as core and uncore lie within their package, dram beside it, and psys holds
    all: do not add them all up.

    Meters begin again at max_energy_range_uj, often 262 kJ, on some AMD 65 kJ: after some
    minutes at full power. That is made up for once between two readings, so have a reading at
    least once a minute. A meter that was reset (by suspending, or by loading the driver anew)
    looks the same, and adds up to one range too much.
    """

    rights = "root or CAP_DAC_READ_SEARCH, as only root may read energy_uj since Linux 5.10"

    ENERGY = counter(
        "fructosa_energy_joules_total",
        "Energy used in the zone since the first reading.",
        "zone",
        "name",
    )
    LIMIT = gauge(
        "fructosa_energy_power_limit_watts",
        "Power that the zone is held to over the long term.",
        "zone",
        "name",
    )

    read: Kernel = Kernel()

    def __init__(
        self, options: SensorOptions | None = None, read: Callable[..., Any] | None = None
    ) -> None:
        super().__init__(options, read)
        self._meters: dict[str, _Meter] = {}

    def samples(self) -> Iterator[Sample]:
        zones = [match for name in self.read.names(_ZONES) if (match := _ZONE.fullmatch(name))]
        if not zones:
            raise SensorUnavailable("the kernel meters no energy: there is no zone of intel-rapl")
        shown = self._shown([match[1] for match in zones])
        if not shown:
            raise SensorUnavailable("no zone of intel-rapl tells its energy")
        for zone, energy_uj in shown.items():
            name = self.read.word(_path(zone, "name")) or ""
            yield self.ENERGY.sample(self._passed_uj(zone, energy_uj) / 1e6, zone, name)
            limit_uw = self.read.count(_path(zone, "constraint_0_power_limit_uw"))
            if limit_uw:  # 0 where limiting is turned off
                yield self.LIMIT.sample(limit_uw / 1e6, zone, name)

    def _shown(self, zones: list[str]) -> dict[str, int]:
        """Return what the meters of those *zones* show that can be read.

        Raises: PermissionError where none may be read; rights may be given for some.
        """
        shown: dict[str, int | None] = {}
        denied = None
        for zone in zones:
            try:
                shown[zone] = self.read.count(_path(zone, "energy_uj"))
            except PermissionError as error:
                denied = error
        if denied and not shown:
            raise denied
        return {zone: uj for zone, uj in shown.items() if uj is not None}

    def _passed_uj(self, zone: str, shown_uj: int) -> int:
        meter = self._meters.setdefault(zone, _Meter(shown_uj))
        range_uj = None
        if shown_uj < meter.shown_uj:
            range_uj = self.read.number(_path(zone, "max_energy_range_uj"))
        meter.passed_uj += passed_uj(meter.shown_uj, shown_uj, range_uj)
        meter.shown_uj = shown_uj
        return meter.passed_uj


def passed_uj(before_uj: int, now_uj: int, range_uj: int | None) -> int:
    """Return how far a meter has come that begins again at *range_uj*; never less than zero.

    Without a range that can be true the meter has begun anew: only what it shows is sure.
    """
    if now_uj >= before_uj:
        return now_uj - before_uj
    if range_uj is None or not before_uj <= range_uj < 2**64:
        return now_uj
    return range_uj - before_uj + now_uj


def _path(zone: str, file: str) -> str:
    return f"{_ZONES}/intel-rapl:{zone}/{file}"
