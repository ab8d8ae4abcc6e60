"""Answers of a driver that stay the same: kept once they were given, else asked for again."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

A = TypeVar("A")

# What a GPU does not support it may support later: when MIG is disabled, or links are trained. A
# little less than a minute, so that sensors that are read every minute or half ask once a minute.
AGAIN_S = 50.0


class KeptAnswers:
    """The constant answers of one GPU, by name.

    A question that failed is asked again at the next reading; one that the GPU does not support,
    within a minute.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[Hashable, Any] = {}
        self._again_s: dict[Hashable, float] = {}

    def get(self, name: Hashable, ask: Callable[[], tuple[A | None, bool]]) -> A | None:
        """Return the answer to *ask*; None while there is none.

        *ask* returns the answer, or None and whether the next reading may have one.
        """
        if name in self._kept:
            return cast(A, self._kept[name])
        if name in self._again_s and self._clock() < self._again_s[name]:
            return None
        answer, may_pass = ask()
        if answer is not None:
            self._kept[name] = answer
        elif not may_pass:
            self._again_s[name] = self._clock() + AGAIN_S
        return answer
