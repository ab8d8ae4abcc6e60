"""Logs which targets go down and come up: a line for each, but not a thousand lines.

The first changes of a section are logged at once. If more follow soon, as at a start or when a
switch fails, they are counted, and have one line for each kind of error.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..model.target import Target
from .scrape_errors import without_host

log = logging.getLogger(__name__)

DOWN = "{target}: {error}"
UP_AGAIN = "{target}: up again"
MORE_DOWN = "[nodes:{section}]: {count} more targets: {error} ({names})"
MORE_UP = "[nodes:{section}]: {count} more targets: up again ({names})"
OTHER_ERRORS = (
    "[nodes:{section}]: {count} more targets: other errors; see lmaster nodes --state down"
)
AND_MORE = " and {count} more"

# Lines of a section in a period: single changes, and kinds of errors.
_SINGLE_LINES = 3
_KINDS = 5
_NAMES = 3
# A period is a round of scrapes: an interval and a timeout, within these limits.
_SHORTEST_S, _LONGEST_S = 5.0, 60.0

Later = Callable[[float, Callable[[], None]], object]
"""Calls a function after some seconds."""


@dataclass
class _Period:
    """The changes of a section in a period: how many were logged, and the last of each other."""

    logged: int = 0
    held: dict[str, tuple[Target, str | None]] = field(default_factory=dict)


class ChangeLog:
    """Logs changes of targets; *later* is the ``call_later`` of an event loop."""

    def __init__(self, later: Later) -> None:
        self._later = later
        self._periods: dict[str, _Period] = {}

    def add(self, target: Target, error: str | None) -> None:
        """Log that a *target* is down with an *error*, or up again if that is None."""
        period = self._periods.get(target.group)
        if period is None:
            period = self._begin(target)
        if period.logged < _SINGLE_LINES:
            period.logged += 1
            _log(error, _line(target, error))
        else:
            period.held[target.identity] = target, error

    def _begin(self, target: Target) -> _Period:
        length_s = max(_SHORTEST_S, min(_LONGEST_S, target.interval_s + target.timeout_s))
        period = self._periods[target.group] = _Period()
        self._later(length_s, lambda: self._end(target.group))
        return period

    def _end(self, section: str) -> None:
        period = self._periods.pop(section, _Period())
        for error, line in _summary(section, period.held):
            _log(error, line)

    def flush(self) -> None:
        """Log what was held back, before the end."""
        for section in list(self._periods):
            self._end(section)


def _line(target: Target, error: str | None) -> str:
    template = UP_AGAIN if error is None else DOWN
    return template.format(target=target.identity, error=error)


def _log(error: str | None, line: str) -> None:
    log.log(logging.INFO if error is None else logging.WARNING, "%s", line)


def _summary(
    section: str, held: Mapping[str, tuple[Target, str | None]]
) -> Iterator[tuple[str | None, str]]:
    """Yield the lines for the last changes of many targets, each with its error."""
    by_error: dict[str | None, list[tuple[Target, str | None]]] = {}
    for target, error in held.values():
        kind = None if error is None else without_host(error, target.host)
        by_error.setdefault(kind, []).append((target, error))
    kinds = sorted(by_error.items(), key=lambda item: -len(item[1]))
    for error, changes in kinds[:_KINDS]:
        if len(changes) == 1:
            yield error, _line(*changes[0])
            continue
        template = MORE_UP if error is None else MORE_DOWN
        names = _first(sorted(target.name for target, _ in changes))
        yield error, template.format(section=section, count=len(changes), error=error, names=names)
    if left := sum(len(changes) for _, changes in kinds[_KINDS:]):
        yield "", OTHER_ERRORS.format(section=section, count=left)


def _first(names: Sequence[str]) -> str:
    some = ", ".join(names[:_NAMES])
    return some + (AND_MORE.format(count=len(names) - _NAMES) if len(names) > _NAMES else "")
