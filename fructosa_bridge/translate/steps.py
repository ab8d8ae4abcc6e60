"""Work in steps: whoever runs it may do something else between two of them.

A page of the largest size allowed takes seconds when it is first seen. A generator that yields
after each part of the work does not hold up the event loop for so long, and needs no lock.
"""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

Steps = Generator[None, None, T]
"""Work that yields between its steps, and returns what it has made."""


def ahead(steps: Steps[T], most: int) -> tuple[T | None, int]:
    """Do *most* steps, or all of the work; return what it has made, and how many steps are left.

    It is None if the work has not ended, which then has to go on.
    """
    left = most
    while left:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, left
        left -= 1
    return None, 0


def at_once(steps: Steps[T]) -> T:
    """Do all of the work; return what it has made."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
