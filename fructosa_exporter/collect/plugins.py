"""Sensors of a site's own: classes that installed packages name as ``fructosa.sensors``."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS, Agent
from fructosa_service.config.settings import options_of

log = logging.getLogger(__name__)

GROUP = "fructosa.sensors"


class EntryPoint(Protocol):
    """What a package declares: the sensor's name, and where its class is."""

    name: str

    def load(self) -> Any:
        """Import the class."""


@cache
def all_sensors() -> Mapping[str, type[Sensor]]:
    """Return the sensors that come along, and those that packages on this machine add."""
    return {**SENSORS, **plugged(_entry_points())}


def plugged(entry_points: Iterable[EntryPoint]) -> dict[str, type[Sensor]]:
    """Return the sensors of *entry_points*; of a broken one, a sensor that always fails."""
    found: dict[str, type[Sensor]] = {}
    known: list[type[Sensor]] = [Agent, *SENSORS.values()]
    declared = {one.name for sensor in known for one in sensor.metrics}
    for entry_point in entry_points:
        name = entry_point.name
        try:
            sensor = _checked(name, entry_point.load(), declared, {**SENSORS, **found})
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it must cost only itself
            reason = f"{type(error).__name__}: {error}"
            log.error("the plug-in %s can't be used: %s", name, reason)
            if name in SENSORS or name in found:
                continue
            sensor = broken(name, reason)
        declared |= {one.name for one in sensor.metrics}
        found[name] = sensor
    return found


def _checked(name: str, sensor: Any, declared: set[str], others: Mapping[str, Any]) -> type[Sensor]:
    if name in others:
        raise ValueError(f"there is a sensor {name} already; call it otherwise")
    if not (isinstance(sensor, type) and issubclass(sensor, Sensor)):
        raise TypeError(f"{sensor!r} is no subclass of fructosa_exporter.sensor.Sensor")
    if sensor.name != name:
        raise ValueError(f"the class is called {sensor.name}; call its entry point the same")
    if taken := [one.name for one in sensor.metrics if one.name in declared]:
        raise ValueError(f"another sensor has a metric {taken[0]} already; call it otherwise")
    options_of(sensor.Options)
    sensor()  # what it can't be made of, must not keep the agent from starting
    return sensor


def broken(name: str, reason: str) -> type[Sensor]:
    """Return a sensor called *name* that fails with *reason* whenever it is read."""

    def samples(_: Sensor) -> Iterator[Any]:
        raise RuntimeError(f"the plug-in can't be used: {reason}")

    body: dict[str, Any] = {"__doc__": "A plug-in that can't be used.", "samples": samples}
    made: type[Sensor] = type(name, (Sensor,), body)
    return made


def _entry_points(
    folders: Callable[[], Iterable[str]] = lambda: sys.path,
) -> Iterable[EntryPoint]:
    # importlib.metadata is another four megabytes: only where a package has something for us.
    if not any(map(_has_plugin, folders())):
        return []
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def _has_plugin(folder: str) -> bool:
    try:
        files = list(Path(folder or ".").glob("*-info/entry_points.txt"))
        return any(f"[{GROUP}]".encode() in file.read_bytes() for file in files)
    except OSError:
        return False
