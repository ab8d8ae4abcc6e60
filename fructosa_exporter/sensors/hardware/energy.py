"""Energy used by processors and memory (RAPL)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Sample, counter, gauge
from fructosa_exporter.sensor import Sensor, SensorOptions

_ZONES = "/sys/class/powercap"
# Zones of intel-rapl-mmio are the same counters, accessed in another way.
_ZONE = re.compile(r"intel-rapl:([0-9]+(?::[0-9]+)*)")


@dataclass
class _Counter:
    """The last value of a zone's counter, and its increase since the first reading."""

    last_uj: int
    total_uj: int = 0


class EnergyRAPL(Sensor):
    """Energy used by processor packages, cores and memory, as measured by the processor (RAPL).

    Source: /sys/class/powercap/intel-rapl:*, also for AMD processors. The values begin at zero
    with the first reading, so that a restart of the agent does not look like a jump. The zone is
    the number in the path ("0" is the first package, "0:1" a part of it), because two packages may
    have the same name. Parts such as core and uncore are included in their package, dram is not,
    and psys includes everything: do not add them all up.

    The kernel's counters wrap at max_energy_range_uj, often 262 kJ, on some AMD processors 65 kJ:
    after some minutes at full power. One wrap between two readings is compensated, so read the
    sensor at least once a minute. A counter that was reset (by a suspend, or by reloading the
    driver) looks like a wrap and may add up to one range too much.
    """

    rights = "root or CAP_DAC_READ_SEARCH; only root can read energy_uj since Linux 5.10"

    ENERGY = counter(
        "fructosa_energy_joules_total",
        "Energy used by the zone since the first reading.",
        "zone",
        "name",
    )
    LIMIT = gauge(
        "fructosa_energy_power_limit_watts",
        "Long-term power limit of the zone.",
        "zone",
        "name",
    )

    read: Kernel = Kernel()

    def __init__(
        self, options: SensorOptions | None = None, read: Callable[..., Any] | None = None
    ) -> None:
        super().__init__(options, read)
        self._counters: dict[str, _Counter] = {}
        self._of_node: list[str] | None = None

    def samples(self) -> Iterator[Sample]:
        zones = [match for name in self.read.names(_ZONES) if (match := _ZONE.fullmatch(name))]
        if not zones:
            raise SensorUnavailable("the kernel measures no energy: there are no intel-rapl zones")
        values_uj = self._read_zones([match[1] for match in zones])
        if not values_uj:
            raise SensorUnavailable("no intel-rapl zone reports its energy")
        for zone, value_uj in values_uj.items():
            name = self.read.word(_path(zone, "name")) or ""
            yield self.ENERGY.sample(self._total_uj(zone, value_uj) / 1e6, zone, name)
            limit_uw = self.read.count(_path(zone, "constraint_0_power_limit_uw"))
            if limit_uw:  # 0 if the limit is disabled
                yield self.LIMIT.sample(limit_uw / 1e6, zone, name)

    def node_joules(self) -> float | None:
        """Return the energy of all processors and their memory since the first call.

        None if not all of it can be read. Call it once a minute at least, and not beside samples().
        """
        if not self._of_node:
            names = [
                match[1] for name in self.read.names(_ZONES) if (match := _ZONE.fullmatch(name))
            ]
            self._of_node = [
                zone for zone in names if _is_of_node(zone, self.read.word(_path(zone, "name")))
            ]
        try:
            values_uj = self._read_zones(self._of_node)
        except OSError:
            return None
        if len(values_uj) < len(self._of_node) or not values_uj:
            return None
        return sum(self._total_uj(zone, value_uj) for zone, value_uj in values_uj.items()) / 1e6

    def _read_zones(self, zones: list[str]) -> dict[str, int]:
        """Return the counters of those *zones* that can be read.

        Raises: PermissionError if the permission is missing for all of them.
        """
        values_uj: dict[str, int | None] = {}
        denied = None
        for zone in zones:
            try:
                values_uj[zone] = self.read.count(_path(zone, "energy_uj"))
            except PermissionError as error:
                denied = error
        if denied and not values_uj:
            raise denied
        return {zone: uj for zone, uj in values_uj.items() if uj is not None}

    def _total_uj(self, zone: str, value_uj: int) -> int:
        zone_counter = self._counters.setdefault(zone, _Counter(value_uj))
        range_uj = None
        if value_uj < zone_counter.last_uj:
            range_uj = self.read.number(_path(zone, "max_energy_range_uj"))
        zone_counter.total_uj += increase_uj(zone_counter.last_uj, value_uj, range_uj)
        zone_counter.last_uj = value_uj
        return zone_counter.total_uj


def increase_uj(before_uj: int, now_uj: int, range_uj: int | None) -> int:
    """Return the increase of a counter that wraps at *range_uj*; never less than zero.

    Without a valid range, a smaller value means that the counter was reset to zero.
    """
    if now_uj >= before_uj:
        return now_uj - before_uj
    if range_uj is None or not before_uj <= range_uj < 2**64:
        return now_uj
    return range_uj - before_uj + now_uj


def _is_of_node(zone: str, name: str | None) -> bool:
    """Return whether a zone is a processor or its memory: no part of one, nor all of the node."""
    return (":" not in zone and (name or "").startswith("package")) or name == "dram"


def _path(zone: str, file: str) -> str:
    return f"{_ZONES}/intel-rapl:{zone}/{file}"
