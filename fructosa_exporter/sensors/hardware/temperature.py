"""Temperatures, fans and battery of the node."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psutil

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Sample, gauge
from fructosa_exporter.sensor import Sensor

# Several chips may have the same name (coretemp on two sockets) and the same labels. The number,
# which counts all entries of a name, makes them unique. It is also used for a missing label, so
# that all series have the same number of parts in their Graphite path.
_LABELS = ("chip", "number", "label")


class SensorsTemperatures(Sensor):
    """Temperatures, and the limits that the hardware declares for them.

    Source: psutil.sensors_temperatures(), i.e. /sys/class/hwmon and /sys/class/thermal.
    """

    cost = "a few ms if chips respond slowly"

    FIELDS = {
        "current": gauge("fructosa_temperature_celsius", "Current temperature.", *_LABELS),
        "high": gauge(
            "fructosa_temperature_high_celsius", "Temperature that counts as high.", *_LABELS
        ),
        "critical": gauge(
            "fructosa_temperature_critical_celsius", "Temperature that is critical.", *_LABELS
        ),
    }

    read = staticmethod(psutil.sensors_temperatures)

    def samples(self) -> Iterator[Sample]:
        chips = self.read()
        if not any(chips.values()):
            raise SensorUnavailable("the kernel lists no temperature sensors")
        for chip, number, entry in _entries(chips):
            for field, metric in self.FIELDS.items():
                value = getattr(entry, field)
                if value is not None:
                    yield metric.sample(value, chip, number, entry.label or number)


class SensorsFans(Sensor):
    """Speed of each fan.

    Source: psutil.sensors_fans(), i.e. /sys/class/hwmon.
    """

    SPEED = gauge("fructosa_fan_speed_rpm", "Speed of the fan in revolutions per minute.", *_LABELS)

    read = staticmethod(psutil.sensors_fans)

    def samples(self) -> Iterator[Sample]:
        chips = self.read()
        if not any(chips.values()):
            raise SensorUnavailable("the kernel lists no fans")
        for chip, number, entry in _entries(chips):
            yield self.SPEED.sample(entry.current, chip, number, entry.label or number)


def _entries(chips: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, str, Any]]:
    for chip, entries in chips.items():
        for number, entry in enumerate(entries):
            yield chip, str(number), entry


class SensorsBattery(Sensor):
    """Charge of the battery, and whether the machine runs on it.

    Source: psutil.sensors_battery(), i.e. /sys/class/power_supply.
    """

    CHARGE = gauge("fructosa_battery_charge_ratio", "Charge of the battery; 1 is full.")
    REMAINING = gauge(
        "fructosa_battery_remaining_seconds",
        "Time until the battery is empty; absent while it is unknown or unlimited.",
    )
    PLUGGED = gauge("fructosa_battery_power_plugged", "1 if mains power is connected, else 0.")

    read = staticmethod(psutil.sensors_battery)

    def samples(self) -> Iterator[Sample]:
        battery = self.read()
        if battery is None:
            raise SensorUnavailable("this machine has no battery")
        yield self.CHARGE.sample(battery.percent / 100)
        if battery.secsleft >= 0:  # psutil returns -1 for unknown, -2 for unlimited
            yield self.REMAINING.sample(battery.secsleft)
        if battery.power_plugged is not None:
            yield self.PLUGGED.sample(int(battery.power_plugged))
