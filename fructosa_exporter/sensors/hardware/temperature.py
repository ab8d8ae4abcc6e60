"""Temperatures, fans and battery: what the machine's own sensors tell."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psutil

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Sample, gauge
from fructosa_exporter.sensor import Sensor

# One chip's name may stand for several chips (two sockets: two coretemp), and their labels
# repeat then; the number within all that have the name tells them apart. It also stands in for a
# label where there is none, so that a series' path in Graphite has as many parts as any other's.
_PLACE = ("chip", "number", "label")


class SensorsTemperatures(Sensor):
    """Temperatures, and the limits that the hardware declares for them.

    Source: psutil.sensors_temperatures(), i.e. /sys/class/hwmon and /sys/class/thermal.
    """

    cost = "some ms where chips are slow to answer"

    FIELDS = {
        "current": gauge("fructosa_temperature_celsius", "Present temperature.", *_PLACE),
        "high": gauge(
            "fructosa_temperature_high_celsius", "Temperature that counts as high.", *_PLACE
        ),
        "critical": gauge(
            "fructosa_temperature_critical_celsius", "Temperature that is critical.", *_PLACE
        ),
    }

    read = staticmethod(psutil.sensors_temperatures)

    def samples(self) -> Iterator[Sample]:
        chips = self.read()
        if not any(chips.values()):
            raise SensorUnavailable("the kernel lists no temperature sensor")
        for chip, number, found in _places(chips):
            for field, metric in self.FIELDS.items():
                value = getattr(found, field)
                if value is not None:
                    yield metric.sample(value, chip, number, found.label or number)


class SensorsFans(Sensor):
    """Speed of each fan.

    Source: psutil.sensors_fans(), i.e. /sys/class/hwmon.
    """

    SPEED = gauge("fructosa_fan_speed_rpm", "Revolutions per minute.", *_PLACE)

    read = staticmethod(psutil.sensors_fans)

    def samples(self) -> Iterator[Sample]:
        chips = self.read()
        if not any(chips.values()):
            raise SensorUnavailable("the kernel lists no fan")
        for chip, number, found in _places(chips):
            yield self.SPEED.sample(found.current, chip, number, found.label or number)


def _places(chips: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, str, Any]]:
    for chip, entries in chips.items():
        for number, entry in enumerate(entries):
            yield chip, str(number), entry


class SensorsBattery(Sensor):
    """Charge of the battery, and whether the machine runs on it.

    Source: psutil.sensors_battery(), i.e. /sys/class/power_supply.
    """

    CHARGE = gauge("fructosa_battery_charge_ratio", "Charge of the battery; full is 1.")
    REMAINING = gauge(
        "fructosa_battery_remaining_seconds",
        "Time until it is empty; absent while it is unknown or unlimited.",
    )
    PLUGGED = gauge("fructosa_battery_power_plugged", "1 if mains power is plugged in, else 0.")

    read = staticmethod(psutil.sensors_battery)

    def samples(self) -> Iterator[Sample]:
        battery = self.read()
        if battery is None:
            raise SensorUnavailable("this machine has no battery")
        yield self.CHARGE.sample(battery.percent / 100)
        if battery.secsleft >= 0:  # psutil says -1 for unknown, -2 for unlimited
            yield self.REMAINING.sample(battery.secsleft)
        if battery.power_plugged is not None:
            yield self.PLUGGED.sample(int(battery.power_plugged))
