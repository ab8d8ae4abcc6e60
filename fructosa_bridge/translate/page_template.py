"""What a page says besides its numbers: the same at each scrape, and mostly on all nodes.

A layout is made of blocks of lines. Blocks that are equal are kept once, for all targets that say
them, also where a line elsewhere tells a host name or an address. What no target says any more
is gone with its last layout.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, compress
from typing import NamedTuple
from weakref import WeakValueDictionary

from orjson import JSONDecodeError, loads

from ..naming.schemes import SeriesPath
from . import fast
from .cluster_totals import Addend, AddendIndexes
from .columns import Columns


class TemplateLine(NamedTuple):
    """A line of a page without its number.

    It begins with *prefix*; *series* says how its sample is called, None where it has none or the
    sample isn't wanted; *part* is the part that it has in a sum over nodes.
    """

    prefix: str
    has_number: bool
    series: SeriesPath | None = None
    part: Addend | None = None


# A block ends at a line whose hash says so, so that a line more or less changes one block alone.
_LINES_A_BLOCK = 32
# What JSON would take, besides the numbers that it shares with our formats.
_NOT_A_NUMBER = '"[{ntf, \t\r'
# What float() would take.
_NOT_PLAIN = "_ \t\r\v\f\x1c\x1d\x1e\x1f"


class TemplateBlock:
    """Some lines of a page, in their order."""

    __slots__ = ("__weakref__", "glue", "has_number", "parts", "prefixes", "series", "size")

    def __init__(self, pieces: Sequence[TemplateLine]) -> None:
        self.prefixes = tuple(piece.prefix for piece in pieces)
        self.has_number = bytes(piece.has_number for piece in pieces)
        self.series = tuple(piece.series for piece in pieces if piece.has_number)
        parts = [piece.part for piece in pieces if piece.has_number]
        self.parts = tuple((at, part) for at, part in enumerate(parts) if part is not None)
        self.size = sum(map(len, self.prefixes))
        self.glue = _glue(pieces)


def _glue(pieces: Sequence[TemplateLine]) -> tuple[bytes, bytes]:
    """Return what stands around the numbers of some lines, and the size of each part."""
    parts = [b""]
    for number, piece in enumerate(pieces):
        feed = b"\n" if number else b""
        parts[-1] += feed + piece.prefix.encode("utf-8", "surrogateescape")
        if piece.has_number:
            parts.append(b"")
    return b"".join(parts), array("I", map(len, parts)).tobytes()


class PageTemplate:
    """The blocks of a page, in their order, and what becomes of its numbers."""

    __slots__ = (
        "__weakref__",
        "_blocks",
        "_glue",
        "_lines",
        "_size",
        "_without",
        "columns",
        "picks",
        "samples",
    )

    def __init__(
        self,
        blocks: tuple[TemplateBlock, ...],
        columns: Callable[[list[SeriesPath | None]], Columns],
        picks: AddendIndexes,
    ) -> None:
        self._blocks = blocks
        self._glue = tuple(block.glue for block in blocks)
        self._lines = sum(len(block.prefixes) for block in blocks)
        self._size = sum(block.size for block in blocks) + self._lines - 1
        self.samples = sum(len(block.series) for block in blocks)
        self._without = self._lines - self.samples
        self.columns = columns([series for block in blocks for series in block.series])
        self.picks = picks.of(tuple(_parts(blocks)))

    def numbers(self, page: str) -> Sequence[float] | None:
        """Return the numbers of the *page*; None when it has another layout, or may be wrong."""
        if fast.numbers is not None:
            found = fast.numbers(page, self._glue, self.samples)
            if found is not None:
                return array("d", found)
        return self._numbers(page)

    def _numbers(self, page: str) -> Sequence[float] | None:
        lines = page.split("\n")
        if len(lines) != self._lines:
            return None
        prefixes = chain.from_iterable([block.prefixes for block in self._blocks])
        rests = list(map(str.removeprefix, lines, prefixes))
        said = "".join(rests)
        # A line that does not begin as it should is left whole, and makes the sum too large.
        if len(said) + self._size != len(page) or rests.count("") != self._without:
            return None
        has_number = chain.from_iterable([block.has_number for block in self._blocks])
        return _numbers(said, list(compress(rests, has_number)))


def _parts(blocks: Iterable[TemplateBlock]) -> Iterator[tuple[int, Addend]]:
    """Yield the parts in sums, each with the place of its number in the page."""
    before = 0
    for block in blocks:
        yield from [(before + at, part) for at, part in block.parts]
        before += len(block.series)


def _numbers(said: str, texts: list[str]) -> list[float] | None:
    """Return the numbers of *texts*, which are *said* in one; None where one is none."""
    if not any(character in said for character in _NOT_A_NUMBER):
        try:
            # A seventh of what float() costs, and as exact.
            found: list[float] = loads(f"[{','.join(texts)}]")
            # A comment that goes on, and a sample without a number, make up for each other.
            return found if len(found) == len(texts) else None
        except JSONDecodeError:  # JSON has no NaN, no +1 and no 1., our formats have
            pass
    if not said.isascii() or any(character in said for character in _NOT_PLAIN):
        return None
    try:
        return [float(text) for text in texts]
    except ValueError:  # also where a comment goes on, as then a sample has an empty rest
        return None


class PageTemplates:
    """All that are in use; *columns* makes what becomes of the numbers of one."""

    def __init__(self, columns: Callable[[list[SeriesPath | None]], Columns]) -> None:
        self._columns = columns
        self._picks = AddendIndexes()
        self._blocks: WeakValueDictionary[tuple[TemplateLine, ...], TemplateBlock] = (
            WeakValueDictionary()
        )
        self._layouts: WeakValueDictionary[tuple[TemplateBlock, ...], PageTemplate] = (
            WeakValueDictionary()
        )

    def layout(self, pieces: Iterable[TemplateLine]) -> PageTemplate:
        """Return the layout of a page's *pieces*: one object for all pages that have the same."""
        blocks = tuple(map(self._block, _runs(pieces)))
        found = self._layouts.get(blocks)
        if found is None:
            found = self._layouts[blocks] = PageTemplate(blocks, self._columns, self._picks)
        return found

    def _block(self, pieces: tuple[TemplateLine, ...]) -> TemplateBlock:
        found = self._blocks.get(pieces)
        if found is None:
            found = self._blocks[pieces] = TemplateBlock(pieces)
        return found

    def __len__(self) -> int:
        return len(self._layouts)

    @property
    def blocks(self) -> int:
        """How many different blocks there are."""
        return len(self._blocks)


def _runs(pieces: Iterable[TemplateLine]) -> Iterator[tuple[TemplateLine, ...]]:
    run: list[TemplateLine] = []
    for piece in pieces:
        run.append(piece)
        if hash(piece.prefix) % _LINES_A_BLOCK == 0:
            yield tuple(run)
            run = []
    if run:
        yield tuple(run)
