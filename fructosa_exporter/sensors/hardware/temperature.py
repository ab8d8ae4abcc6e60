"""Temperatures, fans and batteries of the node."""

from collections.abc import Iterable, Iterator, Sequence

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Metric, Sample, gauge, info
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sources.hardware.hwmon import ChipInput, chip_inputs
from fructosa_exporter.sources.hardware.power_supplies import has_mains_power, power_supplies
from fructosa_exporter.sources.hardware.thermal_zones import ThermalZone, thermal_zones
from fructosa_exporter.sources.readable import readable

# The chip and the sensor identify a series. The label says what it is; it is the last one, so that
# Graphite paths that differ in it have the rest in common.
_LABELS = ("chip", "sensor", "label")
_NAMES = "the label of a temperature or fan tells people enough"
# What chips report for a temperature that they do not measure, and for a limit that nobody has set,
# is beyond these: the absolute zero, or 65262 for a disk.
_COLDEST, _HOTTEST = -273_000, 1_000_000
# What controllers report for a fan whose speed they do not know.
_UNKNOWN_RPM = 0xFFFF


class SensorsTemperatures(Sensor):
    """Temperatures, and the limits that the hardware declares for them.

    Source: /sys/class/hwmon; where its chips have no temperatures, /sys/class/thermal. The chip is
    named after its device, as in node_exporter, and the sensor after its file: temp3 is the one of
    temp3_input. The label is what the kernel calls it, or else the name of the chip. Values that
    no temperature can have, and limits of zero or less, count as absent.
    """

    cost = "a few ms if chips respond slowly"

    CURRENT = gauge("fructosa_temperature_celsius", "Current temperature.", *_LABELS)
    LIMITS = {
        "high": gauge(
            "fructosa_temperature_high_celsius", "Temperature that counts as high.", *_LABELS
        ),
        "critical": gauge(
            "fructosa_temperature_critical_celsius", "Temperature that is critical.", *_LABELS
        ),
    }
    CHIP = info(
        "fructosa_temperature_chip_info",
        "Name of a chip that measures temperatures, such as coretemp.",
        "chip",
        "name",
        without_panel=_NAMES,
    )

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        inputs = chip_inputs(self.read, "temp")
        thermometers: Sequence[ChipInput | ThermalZone] = inputs or thermal_zones(self.read)
        if not thermometers:
            raise SensorUnavailable("the kernel lists no temperature sensors")
        for one, millidegrees in readable("temperatures", thermometers, self._current):
            labels = one.labels(self.read)
            yield self.CURRENT.sample(millidegrees / 1000, *labels)
            for limit, value in one.limits(self.read):
                if 0 < value < _HOTTEST:
                    yield self.LIMITS[limit].sample(value / 1000, *labels)
        yield from _chip_names(self.CHIP, inputs)

    def _current(self, one: ChipInput | ThermalZone) -> int | None:
        value = one.value(self.read)
        return value if value is not None and _COLDEST < value < _HOTTEST else None


class SensorsFans(Sensor):
    """Speed of each fan.

    Source: /sys/class/hwmon. Chip, sensor and label are as in SensorsTemperatures. A fan whose
    controller does not know the speed is absent.
    """

    SPEED = gauge("fructosa_fan_speed_rpm", "Speed of the fan in revolutions per minute.", *_LABELS)
    CHIP = info(
        "fructosa_fan_chip_info",
        "Name of a chip that controls fans, such as nct6775.",
        "chip",
        "name",
        without_panel=_NAMES,
    )

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        inputs = chip_inputs(self.read, "fan")
        if not inputs:
            raise SensorUnavailable("the kernel lists no fans")
        for one, rpm in readable("fans", inputs, self._speed):
            yield self.SPEED.sample(rpm, *one.labels(self.read))
        yield from _chip_names(self.CHIP, inputs)

    def _speed(self, one: ChipInput) -> int | None:
        value = one.value(self.read)
        return value if value is not None and 0 <= value < _UNKNOWN_RPM else None


def _chip_names(metric: Metric, inputs: Iterable[ChipInput]) -> Iterator[Sample]:
    for chip in dict.fromkeys(one.chip for one in inputs):
        if chip.name:
            yield metric.sample(1, chip.device, chip.name)


class SensorsBattery(Sensor):
    """Charge of each battery, and whether the machine runs on it.

    Source: /sys/class/power_supply. Batteries of a mouse or keyboard are left out.
    """

    CHARGE = gauge("fructosa_battery_charge_ratio", "Charge of the battery; 1 is full.", "battery")
    REMAINING = gauge(
        "fructosa_battery_remaining_seconds",
        "Time until the battery is empty; absent while it is unknown or unlimited.",
        "battery",
    )
    PLUGGED = gauge("fructosa_battery_power_plugged", "1 if mains power is connected, else 0.")

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        supplies = power_supplies(self.read)
        batteries = [one for one in supplies if one.is_battery]
        if not batteries:
            raise SensorUnavailable("this machine has no battery")
        for one, charge in readable("batteries", batteries, lambda one: one.charge(self.read)):
            yield self.CHARGE.sample(charge, one.name)
            if (remaining_s := one.remaining_s(self.read)) is not None:
                yield self.REMAINING.sample(remaining_s, one.name)
        if (is_plugged := has_mains_power(supplies, self.read)) is not None:
            yield self.PLUGGED.sample(int(is_plugged))
