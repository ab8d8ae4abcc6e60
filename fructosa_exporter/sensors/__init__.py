"""The built-in sensors, discovered in the modules below this folder.

To add one, write its class in the module of its subject or in a new module. Nothing else is needed.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType

from fructosa_exporter.sensor import Sensor

from .agent import Agent


def _modules() -> Iterator[ModuleType]:
    """Import and yield the modules below this folder."""
    for found in walk_packages(__path__, f"{__name__}."):
        yield import_module(found.name)


def _defined_in(module: ModuleType) -> Iterator[type[Sensor]]:
    """Yield the sensors that a *module* defines; a class without metrics is a base class."""
    for value in vars(module).values():
        is_class = isinstance(value, type) and value.__module__ == module.__name__
        if is_class and issubclass(value, Sensor) and value.metrics:
            yield value


def _by_name(sensors: list[type[Sensor]]) -> dict[str, type[Sensor]]:
    """Return *sensors* by name, sorted.

    Raises: ValueError if two have the same name.
    """
    found: dict[str, type[Sensor]] = {}
    for sensor in sorted(sensors, key=lambda one: one.name.casefold()):
        if sensor.name in found:
            places = f"{found[sensor.name].__module__} and {sensor.__module__}"
            raise ValueError(f"{places} both define a sensor {sensor.name}; rename one of them")
        found[sensor.name] = sensor
    return found


# Agent is read for each page; it needs no configuration.
SENSORS = _by_name(
    [one for module in _modules() for one in _defined_in(module) if one is not Agent]
)

__all__ = ["SENSORS", "Agent"]
