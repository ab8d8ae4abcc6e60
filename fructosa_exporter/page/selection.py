"""Which sensors a page is of: what collect[] and exclude[] of a query ask for."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

S = TypeVar("S")


class UnknownSensor(Exception):
    """A request for a sensor that this agent does not read, or that contradicts itself."""


def selected(sensors: Mapping[str, S], query: Mapping[str, Sequence[str]]) -> list[S]:
    """Return those of *sensors*, by name, that ``collect[]`` or ``exclude[]`` of a *query* ask for.

    Raises: UnknownSensor for a name that is not read here; the text lists those that are.
    """
    collect, exclude = query.get("collect[]", ()), query.get("exclude[]", ())
    if collect and exclude:
        raise UnknownSensor("collect[] and exclude[] can't be used together; leave one out")
    if unknown := [name for name in (*collect, *exclude) if name not in sensors]:
        key = "collect[]" if collect else "exclude[]"
        known = ", ".join(sensors)
        raise UnknownSensor(f"{unknown[0]!r} is not read here; {key} may be {known}")
    if collect:
        return [sensors[name] for name in dict.fromkeys(collect)]
    return [sensor for name, sensor in sensors.items() if name not in exclude]
