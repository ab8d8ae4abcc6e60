"""Plug-ins: sensors that installed packages declare as entry points ``fructosa.sensors``."""

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS, Agent
from fructosa_service.config.settings import options_of
from fructosa_service.untrusted.folders import is_roots_alone

log = logging.getLogger(__name__)

BROKEN = "the plug-in %s cannot be used: %s"
OF_OTHERS = (
    "{path} can be changed by other users, so root does not load it; install the plug-in as root "
    "into site-packages of root, or start lagent as another user"
)

GROUP = "fructosa.sensors"


class EntryPoint(Protocol):
    """An entry point of a package: the name of the sensor, and where its class is."""

    name: str

    def load(self) -> Any:
        """Import the class."""


@cache
def all_sensors() -> Mapping[str, type[Sensor]]:
    """Return the built-in sensors, and those of plug-ins on this machine."""
    return {**SENSORS, **load_plugins(_entry_points())}


def load_plugins(entry_points: Iterable[EntryPoint]) -> dict[str, type[Sensor]]:
    """Return the sensors of *entry_points*; for a broken one, a sensor that always fails."""
    loaded: dict[str, type[Sensor]] = {}
    built_in: list[type[Sensor]] = [Agent, *SENSORS.values()]
    metrics = {metric.name for sensor in built_in for metric in sensor.metrics}
    for entry_point in entry_points:
        name = entry_point.name
        try:
            sensor = _validated(name, entry_point.load(), metrics, {**SENSORS, **loaded})
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it must not affect others
            reason = f"{type(error).__name__}: {error}"
            log.error(BROKEN, name, reason)
            if name in SENSORS or name in loaded:
                continue
            sensor = broken_sensor(name, reason)
        metrics |= {metric.name for metric in sensor.metrics}
        loaded[name] = sensor
    return loaded


def _validated(
    name: str, sensor: Any, metrics: set[str], others: Mapping[str, Any]
) -> type[Sensor]:
    """Return *sensor* if it can be added to the *others*, whose metrics are *metrics*.

    Raises: ValueError, TypeError, or whatever the constructor of the sensor raises.
    """
    if name in others:
        raise ValueError(f"a sensor {name} exists already; choose another name")
    if not (isinstance(sensor, type) and issubclass(sensor, Sensor)):
        raise TypeError(f"{sensor!r} is not a subclass of fructosa_exporter.sensor.Sensor")
    if sensor.name != name:
        raise ValueError(f"the class is called {sensor.name}; name its entry point the same")
    if duplicates := [metric.name for metric in sensor.metrics if metric.name in metrics]:
        raise ValueError(f"another sensor has a metric {duplicates[0]}; choose another name")
    options_of(sensor.Options)
    sensor()  # a constructor that fails must not keep the agent from starting
    return sensor


def broken_sensor(name: str, reason: str) -> type[Sensor]:
    """Return a sensor called *name* that fails with *reason* at each reading."""

    def samples(_: Sensor) -> Iterator[Any]:
        raise RuntimeError(f"the plug-in cannot be used: {reason}")

    body: dict[str, Any] = {"__doc__": "A plug-in that cannot be used.", "samples": samples}
    sensor: type[Sensor] = type(name, (Sensor,), body)
    return sensor


def _entry_points(
    folders: Callable[[], Iterable[str]] = lambda: sys.path,
) -> Iterable[EntryPoint]:
    # importlib.metadata takes 4 MiB of memory: import it only if there is a plug-in.
    if not any(map(_has_plugin, folders())):
        return []
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP)
    return (
        found if os.geteuid() else [_LoadedAsRoot(one.name, one.module, one.load) for one in found]
    )


@dataclass
class _LoadedAsRoot:
    """An entry point whose *module* root only imports if nobody else can have written it."""

    name: str
    module: str
    load_anyway: Callable[[], Any]

    def load(self) -> Any:
        """Import the class.

        Raises: PermissionError if another user can change the module, or a package that it is in.
        """
        from importlib.util import find_spec

        names = self.module.split(".")
        for count in range(1, len(names) + 1):
            spec = find_spec(
                ".".join(names[:count])
            )  # imports the packages above, which are checked
            places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or ())]
            for place in filter(None, places):
                if not is_roots_alone(Path(place)):
                    raise PermissionError(OF_OTHERS.format(path=place))
        return self.load_anyway()


def _has_plugin(folder: str) -> bool:
    try:
        files = list(Path(folder or ".").glob("*-info/entry_points.txt"))
        return any(f"[{GROUP}]".encode() in file.read_bytes() for file in files)
    except OSError:
        return False
