"""Reads what can be read of several things, so that one that fails costs only itself."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")
V = TypeVar("V")


def or_none(read: Callable[[str], V | None], path: str) -> V | None:
    """Return what *read* returns for a *path*; None also if a permission is missing."""
    with suppress(PermissionError):
        return read(path)
    return None


def readable(what: str, things: Iterable[T], read: Callable[[T], V | None]) -> list[tuple[T, V]]:
    """Return those *things* that *read* returns a value for, each with its value.

    Raises: OSError if there are things and none of them has a value; PermissionError if a missing
    permission is why. *what* is their name in the message.
    """
    found, number, denied = list[tuple[T, V]](), 0, list[PermissionError]()
    for thing in things:
        number += 1
        try:
            value = read(thing)
        except PermissionError as error:
            denied.append(error)
            continue
        if value is not None:
            found.append((thing, value))
    if found or not number:
        return found
    raise denied[0] if denied else OSError(f"none of {number} {what} can be read")
