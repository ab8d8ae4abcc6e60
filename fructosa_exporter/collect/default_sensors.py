"""Which sensors are read: those configured, or all that can be read cheaply here."""

from collections.abc import Mapping

from fructosa_exporter.page.sensor_state import SensorState
from fructosa_exporter.sensor import Sensor, SensorOptions
from fructosa_exporter.sensors import Agent

from .collector import collect_now
from .plugins import broken
from .sensor_reader import SensorReader


def reader_of(sensor: type[Sensor], options: SensorOptions | None = None) -> SensorReader:
    """Return a reader of a *sensor*; one that its *options* don't fit fails at each reading."""
    try:
        return SensorReader(sensor(options))
    except Exception as error:  # noqa: BLE001 - a plug-in must cost only itself
        return SensorReader(broken(sensor.name, f"{type(error).__name__}: {error}")())


def chosen_readers(
    sensors: Mapping[str, type[Sensor]], configured: Mapping[str, SensorOptions] | None
) -> tuple[list[SensorReader], dict[str, str]]:
    """Return the readers of a page, and why others were left out, by name.

    What a configuration names is always there. Without one, each of the *sensors* is tried once,
    and left out where it is costly or private, the machine has nothing for it to read, or a right
    is missing. One that fails or hangs stays: somebody should see that.
    """
    agent = SensorReader(Agent())
    if configured is not None:
        named = [reader_of(sensors[name], options) for name, options in configured.items()]
        return [agent, *named], {}
    candidates = [SensorReader(sensor()) for sensor in sensors.values() if sensor.on_by_default]
    reasons = {found.sensor.name: _reason(found) for found in collect_now(candidates)}
    # One that hangs belongs to those who wait for it; a new one may find that it's over.
    chosen = [
        SensorReader(type(one.sensor)()) if one.is_under_way else one
        for one in candidates
        if not reasons[one.name]
    ]
    left_out = {name: reasons.get(name, "only when it is configured") for name in sensors}
    return [agent, *chosen], {name: reason for name, reason in left_out.items() if reason}


def by_reason(left_out: Mapping[str, str]) -> list[str]:
    """Return why sensors were left out, with the names of all that one reason is for."""
    names: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        names.setdefault(reason, []).append(name)
    return [f"{', '.join(those)}: {reason}" for reason, those in names.items()]


def _reason(state: SensorState) -> str:
    """Return why a sensor that was tried is of no use here; nothing where it may be."""
    last = state.last
    if last is None:
        return ""
    return last.absent or (last.is_denied and last.error) or ""
