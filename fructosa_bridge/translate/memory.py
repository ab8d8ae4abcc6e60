"""What all translators remember together, bounded in bytes: lines, and templates of last pages.

It only saves time, so it may be forgotten. Lines that were not seen for long go first. If templates
have no room, those with the most memory for each of their targets go: a node whose page is huge
takes no place from others.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from typing import Protocol
from weakref import WeakSet

from .steps import Steps

DEFAULT_BYTES = 2**28
_LINES_SHARE = 0.5  # of these bytes; templates have the rest
# Of the lines that are learned from one forgetting to the next, a node's may be so many.
_NODE_SHARE = 0.5


class LineTable(Protocol):
    """Lines that are known."""

    def age(self) -> None:
        """Forget the lines that were not seen since the last time."""


class Weighed(Protocol):
    """A template."""

    @property
    def weight(self) -> int:
        """Its bytes."""

    def freed(self) -> Steps[None]:
        """Let go of it in steps."""


class TemplateTable(Protocol):
    """The template of each target's last page."""

    def templates(self) -> Iterable[Weighed]:
        """Return the template of each target; targets may share one."""

    def forget_all(self, unwanted: Collection[int]) -> None:
        """Forget the templates with these ids."""


class Memory:
    """Counts what is remembered, in estimated bytes, and forgets what is too much."""

    def __init__(self, most_bytes: int = DEFAULT_BYTES) -> None:
        self._most_line_bytes = most_bytes * _LINES_SHARE / 2  # there are two generations
        self._most_template_bytes = most_bytes * (1 - _LINES_SHARE)
        self.template_bytes = 0  # counted by the templates' blocks
        self._line_bytes = 0  # of the new generation
        self._taught: Counter[Hashable] = Counter()
        self._lines: WeakSet[LineTable] = WeakSet()
        self._templates: WeakSet[TemplateTable] = WeakSet()

    def add_lines(self, table: LineTable) -> None:
        """Let a table of lines forget when all others do."""
        self._lines.add(table)

    def add_templates(self, table: TemplateTable) -> None:
        """Let a table of templates forget when there is no room for all."""
        self._templates.add(table)

    def may_learn(self, target: Hashable) -> bool:
        """Return whether a line of a *target* may be remembered."""
        return self._taught[target] < self._most_line_bytes * _NODE_SHARE

    def count_line(self, size: int, target: Hashable = None) -> None:
        """Count a line: one that was learned from the page of a *target*, or was seen again."""
        self._line_bytes += size
        if target is not None:
            self._taught[target] += size

    def forget_lines(self, target: Hashable) -> None:
        """Forget lines if there are too many, or if a *target* could teach no more."""
        if self._line_bytes > self._most_line_bytes or not self.may_learn(target):
            self._line_bytes = 0
            self._taught.clear()
            for table in list(self._lines):
                table.age()

    def forget_templates(self) -> Steps[None]:
        """Forget templates if they are too many."""
        over = self.template_bytes - self._most_template_bytes
        if over <= 0:
            return
        users, templates = Counter[int](), dict[int, Weighed]()
        for table in list(self._templates):
            for template in table.templates():
                users[id(template)] += 1
                templates[id(template)] = template
        heaviest = sorted(templates.items(), key=lambda one: -one[1].weight / users[one[0]])
        unwanted = dict[int, Weighed]()
        while over > 0 and heaviest:
            name, template = heaviest.pop(0)
            unwanted[name] = template
            over -= template.weight
        for table in list(self._templates):
            table.forget_all(unwanted.keys())
        steps = [template.freed() for template in unwanted.values()]
        del heaviest, templates, template, unwanted
        for one in steps:
            yield from one
