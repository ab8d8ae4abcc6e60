"""Pages of a wanted number of samples, made of a real one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FIT_FOR_GRAPHITE = re.compile(r" [^\s]*\d[^\s]*$")  # NaN and Inf have no digits


@dataclass(frozen=True)
class Family:
    """Comments and sample lines that belong together."""

    comments: tuple[str, ...]
    samples: tuple[str, ...]

    def first(self, count: int) -> "Family":
        """Return its first *count* samples, with all of its comments."""
        return Family(self.comments, self.samples[:count])

    def again(self, number: int) -> "Family":
        """Return its samples as another device's: with a label more, and no comments."""
        return Family((), tuple(_labelled(line, number) for line in self.samples))

    def text(self) -> str:
        """Return its lines."""
        return "".join(f"{line}\n" for line in (*self.comments, *self.samples))


def families(page: str) -> Iterator[Family]:
    """Yield the families of a *page*; samples without a finite value are left out."""
    comments: list[str] = []
    samples: list[str] = []
    for line in page.splitlines():
        if line.startswith("# HELP"):
            yield Family(tuple(comments), tuple(samples))
            comments, samples = [], []
        if line.startswith("#"):
            comments.append(line)
        elif _FIT_FOR_GRAPHITE.search(line):
            samples.append(line)
    yield Family(tuple(comments), tuple(samples))


def of_size(page: str, count: int) -> str:
    """Return *page* with *count* samples: whole families, and of the last as many as fit.

    Where it has fewer, its families follow once more, and again, with another label ``copy``.
    """
    real = [family for family in families(page) if family.samples]
    taken: list[Family] = []
    number = 0
    while count:
        for family in real:
            next_one = (family.again(number) if number else family).first(count)
            taken.append(next_one)
            count -= len(next_one.samples)
            if not count:
                break
        number += 1
    return "".join(family.text() for family in _together(taken, len(real)))


def _together(taken: Sequence[Family], kinds: int) -> Iterator[Family]:
    """Yield the families with their copies right behind them, as the format wants it."""
    for at in range(min(kinds, len(taken))):
        yield from taken[at::kinds]


def _labelled(line: str, number: int) -> str:
    name, _, value = line.rpartition(" ")
    if name.endswith("}"):
        return f'{name[:-1]},copy="{number}"}} {value}'
    return f'{name}{{copy="{number}"}} {value}'
