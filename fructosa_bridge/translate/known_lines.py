"""Lines that were parsed before: a look-up in place of the strict parser."""

from collections.abc import Hashable
from sys import getsizeof

from .memory import Memory
from .page_template import LINE_BYTES, TemplateLine
from .sample_lines import plain_number

# A time stamp of 18 digits, and the blank before it.
_LONGEST_TIME = 19

_Lines = dict[str, TemplateLine]


class KnownLines:
    """Lines of one format: those seen since the last forgetting, and those seen before it.

    A line that is seen again stays, so lines that change at each scrape displace no others.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._samples: _Lines = {}
        self._comments: _Lines = {}
        self._older_samples: _Lines = {}
        self._older_comments: _Lines = {}
        memory.add_lines(self)

    def __len__(self) -> int:
        older = len(self._older_samples) + len(self._older_comments)
        return len(self._samples) + len(self._comments) + older

    def age(self) -> None:
        """Forget the lines that were not seen since the last time."""
        self._older_samples, self._older_comments = self._samples, self._comments
        self._samples, self._comments = {}, {}

    def find(self, text: str) -> tuple[TemplateLine, float | None] | None:
        """Return template line and number of a line whose prefix or whole text is known.

        Only a line that ends in its number, or in a whole number as its time, is found by its
        prefix: *get* finds any other.
        """
        start = text.rfind(" ") + 1
        line = self.get(text[:start])
        if line is None and text[start:].isdecimal():
            end, start = start - 1, text.rfind(" ", 0, start - 1) + 1
            is_time = text.isascii() and len(text) - end <= _LONGEST_TIME
            line = self.get(text[:start]) if is_time else None
            number = None if line is None else plain_number(text[start:end])
        else:
            number = None if line is None else plain_number(text[start:])
        if line is not None and number is not None:
            return line, number
        comment = self._comments.get(text)
        if comment is None and text in self._older_comments:
            comment = self._keep(self._older_comments.pop(text), self._comments)
        return None if comment is None else (comment, None)

    def get(self, prefix: str) -> TemplateLine | None:
        """Return the template line of all lines with a sample that have this *prefix*."""
        found = self._samples.get(prefix)
        if found is None and prefix in self._older_samples:
            found = self._keep(self._older_samples.pop(prefix), self._samples)
        return found

    def learn(self, line: TemplateLine, target: Hashable) -> TemplateLine:
        """Return the template line of a new line on the page of a *target*; remember it."""
        if self._memory.may_learn(target):
            self._keep(line, self._samples if line.has_number else self._comments, target)
        return line

    def _keep(self, line: TemplateLine, lines: _Lines, target: Hashable = None) -> TemplateLine:
        path = "" if line.series is None else line.series.path
        size = LINE_BYTES + getsizeof(line.prefix) + getsizeof(path)
        self._memory.count_line(size, target)
        lines[line.prefix] = line
        return line
