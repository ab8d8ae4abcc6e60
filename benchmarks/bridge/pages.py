"""Pages with a given number of samples, made from a real page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FINITE_VALUE = re.compile(r" [^\s]*\d[^\s]*$")  # NaN and Inf have no digits


@dataclass(frozen=True)
class PageFamily:
    """The comments and sample lines of a metric family."""

    comments: tuple[str, ...]
    samples: tuple[str, ...]

    def first(self, count: int) -> "PageFamily":
        """Return the family with only its first *count* samples."""
        return PageFamily(self.comments, self.samples[:count])

    def copy(self, number: int) -> "PageFamily":
        """Return a copy of the samples with one more label, and without the comments."""
        return PageFamily((), tuple(_labelled(line, number) for line in self.samples))

    def text(self) -> str:
        """Return the lines as text."""
        return "".join(f"{line}\n" for line in (*self.comments, *self.samples))


def families(page: str) -> Iterator[PageFamily]:
    """Yield the families of a *page*, without samples whose value is not finite."""
    comments: list[str] = []
    samples: list[str] = []
    for line in page.splitlines():
        if line.startswith("# HELP"):
            yield PageFamily(tuple(comments), tuple(samples))
            comments, samples = [], []
        if line.startswith("#"):
            comments.append(line)
        elif _FINITE_VALUE.search(line):
            samples.append(line)
    yield PageFamily(tuple(comments), tuple(samples))


def of_size(page: str, count: int) -> str:
    """Return *page* with exactly *count* samples: whole families, the last one cut if need be.

    If the page has fewer samples, its families are repeated with an additional label ``copy``.
    """
    real = [family for family in families(page) if family.samples]
    chosen: list[PageFamily] = []
    number = 0
    while count:
        for family in real:
            part = (family.copy(number) if number else family).first(count)
            chosen.append(part)
            count -= len(part.samples)
            if not count:
                break
        number += 1
    return "".join(family.text() for family in _grouped(chosen, len(real)))


def _grouped(chosen: Sequence[PageFamily], kinds: int) -> Iterator[PageFamily]:
    """Yield each family followed by its copies, as the text format requires."""
    for first in range(min(kinds, len(chosen))):
        yield from chosen[first::kinds]


def _labelled(line: str, number: int) -> str:
    name, _, value = line.rpartition(" ")
    if name.endswith("}"):
        return f'{name[:-1]},copy="{number}"}} {value}'
    return f'{name}{{copy="{number}"}} {value}'
