"""What a page says besides its numbers: the same at each scrape, and mostly on all nodes.

A layout is made of blocks of lines. Blocks that are equal are kept once, for all targets that say
them, also where a line elsewhere tells a host name or an address. What no target says any more
is gone with its last layout.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress
from weakref import WeakValueDictionary

Piece = tuple[str, str]
"""A line without its number, and the path of its series; a whole line and "" without a sample."""

# A block ends at a line whose hash says so, so that a line more or less changes one block alone.
_LINES_A_BLOCK = 32
# float() would take a number with these.
_NOT_PLAIN = "_ \t\r\v\f\x1c\x1d\x1e\x1f"


class Block:
    """Some lines of a page, in their order."""

    __slots__ = ("__weakref__", "has_number", "paths", "prefixes", "size")

    def __init__(self, prefixes: tuple[str, ...], paths: tuple[str, ...]) -> None:
        self.prefixes = prefixes
        self.has_number = bytes(map(bool, paths))
        self.paths = tuple(filter(None, paths))
        self.size = sum(map(len, prefixes))


class Layout:
    """The blocks of a page, in their order."""

    __slots__ = ("__weakref__", "_blocks", "_lines", "_size", "_without", "has_repeats", "samples")

    def __init__(self, blocks: tuple[Block, ...]) -> None:
        self._blocks = blocks
        self._lines = sum(len(block.prefixes) for block in blocks)
        self._size = sum(block.size for block in blocks) + self._lines - 1
        self.samples = sum(len(block.paths) for block in blocks)
        self._without = self._lines - self.samples
        self.has_repeats = len(set(self.paths())) < self.samples

    def paths(self) -> Iterator[str]:
        """Return the paths of the samples, in the order of the page."""
        return chain.from_iterable([block.paths for block in self._blocks])

    def numbers(self, page: str) -> list[float] | None:
        """Return the numbers of the *page*; None when it has another layout, or may be wrong."""
        lines = page.split("\n")
        if len(lines) != self._lines:
            return None
        prefixes = chain.from_iterable([block.prefixes for block in self._blocks])
        rests = list(map(str.removeprefix, lines, prefixes))
        said = "".join(rests)
        # A line that does not begin as it should is left whole, and makes the sum too large.
        if len(said) + self._size != len(page) or rests.count("") != self._without:
            return None
        if not said.isascii() or any(character in said for character in _NOT_PLAIN):
            return None
        has_number = chain.from_iterable([block.has_number for block in self._blocks])
        try:
            # Half of what node_exporter says is 0, and to compare is cheaper than float().
            return [0.0 if n == "0" else float(n) for n in compress(rests, has_number)]
        except ValueError:  # also where a comment goes on, as then a sample has an empty rest
            return None


class Layouts:
    """All that are in use."""

    def __init__(self) -> None:
        self._blocks: WeakValueDictionary[tuple[tuple[str, ...], ...], Block]
        self._blocks = WeakValueDictionary()
        self._layouts: WeakValueDictionary[tuple[Block, ...], Layout] = WeakValueDictionary()

    def layout(self, pieces: Iterable[Piece]) -> Layout:
        """Return the layout of a page's *pieces*: one object for all pages that have the same."""
        blocks = tuple(map(self._block, _runs(pieces)))
        found = self._layouts.get(blocks)
        if found is None:
            found = self._layouts[blocks] = Layout(blocks)
        return found

    def _block(self, pieces: Sequence[Piece]) -> Block:
        prefixes, paths = zip(*pieces, strict=True)
        found = self._blocks.get((prefixes, paths))
        if found is None:
            found = self._blocks[prefixes, paths] = Block(prefixes, paths)
        return found

    def __len__(self) -> int:
        return len(self._layouts)

    @property
    def blocks(self) -> int:
        """How many different blocks there are."""
        return len(self._blocks)


def _runs(pieces: Iterable[Piece]) -> Iterator[Sequence[Piece]]:
    run: list[Piece] = []
    for piece in pieces:
        run.append(piece)
        if hash(piece[0]) % _LINES_A_BLOCK == 0:
            yield run
            run = []
    if run:
        yield run
