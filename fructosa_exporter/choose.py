"""Which sensors are read: those configured, or all that can be read cheaply here."""

from collections.abc import Mapping

from .reading import Reader
from .sensor import SensorOptions
from .sensors import SENSORS, Agent


def reader(name: str, options: SensorOptions | None = None) -> Reader:
    """Return a reader of the sensor *name*, with its default options if None are given."""
    sensor_class = SENSORS[name]
    options = options or sensor_class.Options()
    return Reader(sensor_class(options), options.time_interval)


def readers(configured: Mapping[str, SensorOptions] | None) -> tuple[list[Reader], dict[str, str]]:
    """Return the readers of a page, and why others were left out, by name.

    What a configuration names is always there. Without one, each sensor is tried once, and
    left out where it is costly or private, or the machine has nothing for it to read.
    """
    agent = Reader(Agent(), time_interval_s=0)
    if configured is not None:
        return [agent, *(reader(name, options) for name, options in configured.items())], {}
    chosen, left_out = [agent], {}
    for name, sensor_class in SENSORS.items():
        if not sensor_class.on_by_default:
            left_out[name] = "only when it is configured"
            continue
        candidate = reader(name)
        reading = candidate.reading()
        if reason := reading.absent or reading.error:
            left_out[name] = reason
        else:
            chosen.append(candidate)
    return chosen, left_out
