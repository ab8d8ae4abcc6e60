"""Selects the sensors to read: the configured ones, or by default all that are cheap and work."""

from collections.abc import Collection, Mapping

from fructosa_exporter.page.sensor_state import SensorState
from fructosa_exporter.sensor import Sensor, SensorOptions
from fructosa_exporter.sensors import Agent

from .collector import collect_now
from .plugins import broken_sensor
from .sensor_reader import SensorReader


def create_reader(sensor: type[Sensor], options: SensorOptions | None = None) -> SensorReader:
    """Return a reader of a *sensor*. If creating the sensor fails, each reading reports that."""
    try:
        return SensorReader(sensor(options))
    except Exception as error:  # noqa: BLE001 - a broken plug-in must not affect others
        return SensorReader(broken_sensor(sensor.name, f"{type(error).__name__}: {error}")())


def select_readers(
    sensors: Mapping[str, type[Sensor]],
    configured: Mapping[str, SensorOptions] | None,
    also: Collection[str] = (),
) -> tuple[list[SensorReader], dict[str, str]]:
    """Return the readers to serve, and the reasons why other sensors are left out, by name.

    Configured sensors are always read. If none is configured, each of the *sensors* is tried.
    Left out are those that are costly or private, and those that lack a permission. Those that find
    nothing on the machine have a hidden reader: it shows what comes later. Sensors that fail or
    hang are kept, so that somebody notices. With the names of *also*, those are read beside both
    the configured and the default ones.
    """
    agent = SensorReader(Agent())
    named = dict.fromkeys(also) | dict(configured or {})
    readers = [create_reader(sensors[name], options) for name, options in named.items()]
    if configured is not None and not also:
        return [agent, *readers], {}
    others, left_out = _default_readers(
        {name: sensor for name, sensor in sensors.items() if name not in named}
    )
    by_name = {reader.name: reader for reader in [*readers, *others]}
    return [agent, *(by_name[name] for name in sensors if name in by_name)], left_out


def _default_readers(
    sensors: Mapping[str, type[Sensor]],
) -> tuple[list[SensorReader], dict[str, str]]:
    """Return readers of those that are cheap and work, and why others are left out."""
    candidates = [SensorReader(sensor()) for sensor in sensors.values() if sensor.on_by_default]
    reasons = {state.sensor.name: _reason(state) for state in collect_now(candidates)}
    # A pending reader belongs to the pool of collect_now(): serve a new one in its place.
    readers = [
        SensorReader(type(one.sensor)()) if one.is_pending else one
        for one in candidates
        if not reasons[one.name] or (one.last and one.last.unavailable)
    ]
    for reader in readers:
        reader.is_hidden = bool(reasons[reader.name])
    left_out = {name: reasons.get(name, "read only when configured") for name in sensors}
    return readers, {name: reason for name, reason in left_out.items() if reason}


def group_by_reason(left_out: Mapping[str, str]) -> list[str]:
    """Return a line for each reason, with the names of the sensors that it applies to."""
    names_by_reason: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        names_by_reason.setdefault(reason, []).append(name)
    return [f"{', '.join(names)}: {reason}" for reason, names in names_by_reason.items()]


def _reason(state: SensorState) -> str:
    """Return why a sensor that was tried can't be used here; empty if it can."""
    last = state.last
    if last is None:
        return ""
    return last.unavailable or (last.is_permission_denied and last.error) or ""
