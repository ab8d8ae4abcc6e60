"""The template of a page: all of its text but the numbers.

A page has the same template at each scrape, and mostly the same one on all nodes of a cluster. A
template consists of blocks of lines. Equal blocks are kept once for all targets, even if another
line of the page holds a host name or an address. A block is freed with the last template that has
it, a template with the last target.
"""

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, compress
from sys import getsizeof
from typing import NamedTuple
from weakref import WeakValueDictionary

from orjson import JSONDecodeError, loads

from ..naming.schemes import SeriesPath
from . import fast, openmetrics, text_format
from .cluster_totals import Addend, AddendIndexes
from .columns import Columns
from .memory import Memory
from .sample_lines import plain_number
from .steps import Steps


class TemplateLine(NamedTuple):
    """A line of a page without its number.

    *prefix* is the text before the number; a time or an exemplar behind it belongs to no template.
    *series* is the path of its sample, None if the line has no sample or the sample is not kept.
    *addend* is what the sample adds to a cluster total.
    """

    prefix: str
    has_number: bool
    series: SeriesPath | None = None
    addend: Addend | None = None


# A line that is remembered takes about so many bytes beside its texts.
LINE_BYTES = 270
# A block ends at a line whose hash says so: an added or removed line changes one block only.
_LINES_PER_BLOCK = 32
# The numbers of so many samples are read in a step: a millisecond.
_SAMPLES_PER_STEP = 5_000
_BLOCKS_PER_STEP = 50  # when they are freed
# The template of so many lines is made in a step.
_LINES_PER_STEP = 250
# Python matches all lines of a page at once, if they are not too many: ten milliseconds.
_MOST_LINES_AT_ONCE = 10_000
# Characters that JSON accepts in a list of numbers, and the exposition formats do not.
_NOT_A_NUMBER = '"[{ntf, \t\r'
# Characters that float() accepts, and the exposition formats do not; and those of NaN, which has no
# sign there.
_NOT_PLAIN = "_ \t\r\v\f\x1c\x1d\x1e\x1fnN"


class TemplateBlock:
    """Successive lines of a page."""

    __slots__ = (
        "__weakref__",
        "_memory",
        "addends",
        "fixed_text",
        "has_number",
        "prefixes",
        "series",
        "size",
        "weight",
    )

    def __init__(self, lines: Sequence[TemplateLine], memory: Memory) -> None:
        # The number of a line with line feeds, in the value of a label, is in the last of them.
        parts = [(line.prefix.split("\n"), line.has_number) for line in lines]
        self.prefixes = tuple(part for each, _ in parts for part in each)
        self.has_number = bytes(
            has_number and at == len(each) for each, has_number in parts for at in _from_1(each)
        )
        self.series = tuple(line.series for line in lines if line.has_number)
        addends = [line.addend for line in lines if line.has_number]
        self.addends = tuple((at, one) for at, one in enumerate(addends) if one is not None)
        self.size = sum(map(len, self.prefixes))
        self.fixed_text = _fixed_text(lines)
        paths = sum(getsizeof(one.path) for one in self.series if one is not None)
        text = sum(map(getsizeof, self.prefixes)) + len(self.fixed_text[0])
        self.weight = LINE_BYTES * len(self.prefixes) + paths + text
        self._memory = memory
        memory.template_bytes += self.weight

    def __del__(self) -> None:
        self._memory.template_bytes -= self.weight


def _from_1(each: Sequence[str]) -> range:
    return range(1, len(each) + 1)


def _fixed_text(lines: Sequence[TemplateLine]) -> tuple[bytes, bytes]:
    """Return the text around the numbers of some lines, and the sizes of its parts.

    Shape: one part before each number and one behind the last; sizes are unsigned C ints.
    """
    parts = [b""]
    for number, line in enumerate(lines):
        feed = b"\n" if number else b""
        parts[-1] += feed + line.prefix.encode("utf-8", "surrogateescape")
        if line.has_number:
            parts.append(b"")
    return b"".join(parts), array("I", map(len, parts)).tobytes()


class PageTemplate:
    """The blocks of a page, in their order; *columns* turns its numbers into values with paths."""

    __slots__ = (
        "__weakref__",
        "_blocks",
        "_lines",
        "_parts",
        "_size",
        "_without_number",
        "addends",
        "columns",
        "samples",
        "weight",
    )

    def __init__(
        self, blocks: tuple[TemplateBlock, ...], columns: Columns, addends: AddendIndexes
    ) -> None:
        self._blocks = blocks
        self._parts = tuple(_parts(blocks))
        self._lines = sum(len(block.prefixes) for block in blocks)
        self._size = sum(block.size for block in blocks) + self._lines - 1
        self.samples = sum(len(block.series) for block in blocks)
        self._without_number = self._lines - self.samples
        self.weight = sum(block.weight for block in blocks)
        self.columns = columns
        self.addends = addends.shared(tuple(_addends(blocks)))

    def freed(self) -> Steps[None]:
        """Let go of its blocks a few at a time, as freeing many takes long.

        Whoever uses it, or has blocks of it, keeps them.
        """
        blocks = list(self._blocks)
        del self
        while len(blocks) > _BLOCKS_PER_STEP:
            del blocks[-_BLOCKS_PER_STEP:]
            yield

    def numbers(self, page: str, *, is_openmetrics: bool = False) -> Steps[Sequence[float] | None]:
        """Return the numbers of a *page*.

        Return None if the page has another template, or a line that needs the strict parser.
        """
        if fast.numbers is not None and (page.isascii() or self._lines <= _MOST_LINES_AT_ONCE):
            found = yield from self._numbers_in_c(fast.numbers, page, is_openmetrics)
            if found is not None:
                return found
        if self._lines > _MOST_LINES_AT_ONCE:
            return None
        return self._numbers(page, is_openmetrics=is_openmetrics)

    def _numbers_in_c(
        self, numbers: fast.Numbers, page: str, is_openmetrics: bool
    ) -> Steps["array[float] | None"]:
        found, at = array("d"), 0
        for number, (fixed_text, samples) in enumerate(self._parts):
            if number:
                yield
            part = numbers(page, fixed_text, samples, is_openmetrics, at)
            if part is None:
                return None
            values, at = part
            found.frombytes(values)
            if (at == 0) != (number + 1 == len(self._parts)):
                return None  # the page is shorter, or longer
        return found

    def _numbers(self, page: str, *, is_openmetrics: bool = False) -> Sequence[float] | None:
        if page.count("\n") + 1 != self._lines:
            return None
        lines = page.split("\n")
        prefixes = chain.from_iterable([block.prefixes for block in self._blocks])
        texts = list(map(str.removeprefix, lines, prefixes))
        joined = "".join(texts)
        # A line with another prefix keeps it, which makes the joined text too long.
        if len(joined) + self._size != len(page) or texts.count("") != self._without_number:
            return None
        has_number = chain.from_iterable([block.has_number for block in self._blocks])
        found = list(compress(texts, has_number))
        if any(blank in joined for blank in " \t\r"):
            ends = (openmetrics if is_openmetrics else text_format).ENDS.findall("\n".join(found))
            # A longer comment and a sample without a number could cancel each other out.
            if len(ends) != len(found):
                return None
            found, joined = ends, "".join(ends)
        return _parsed(joined, found)


def _parts(blocks: Sequence[TemplateBlock]) -> Iterator[tuple[fast.FixedTexts, int]]:
    """Yield the fixed texts of the blocks for each step, and how many samples they have."""
    texts, samples = list[tuple[bytes, bytes]](), 0
    for block in blocks:
        texts.append(block.fixed_text)
        samples += len(block.series)
        if samples >= _SAMPLES_PER_STEP:
            yield tuple(texts), samples
            texts, samples = [], 0
    if texts:
        yield tuple(texts), samples


def _addends(blocks: Iterable[TemplateBlock]) -> Iterator[tuple[int, Addend]]:
    """Yield the addends of cluster totals, each with the index of its number in the page."""
    before = 0
    for block in blocks:
        yield from [(before + at, one) for at, one in block.addends]
        before += len(block.series)


def _parsed(joined: str, texts: list[str]) -> list[float] | None:
    """Return the numbers in *texts*, None if one is not a number; *joined* is all of their text."""
    if not any(character in joined for character in _NOT_A_NUMBER):
        try:
            # As exact as float(), at a seventh of its cost.
            found: list[float] = loads(f"[{','.join(texts)}]")
            # A longer comment and a sample without a number could cancel each other out.
            return found if len(found) == len(texts) else None
        except JSONDecodeError:  # JSON has no NaN, +1 or 1.
            pass
    if not joined.isascii() or any(character in joined for character in _NOT_PLAIN):
        numbers = list(map(plain_number, texts))
        return None if None in numbers else [one for one in numbers if one is not None]
    try:
        return [float(text) for text in texts]
    except ValueError:  # also where a comment got longer: then a sample has an empty text
        return None


class LastTemplates(dict[tuple[str, bool], PageTemplate]):
    """The template of the last page of each target, in each format."""

    __slots__ = ("__weakref__",)
    __hash__ = object.__hash__  # type: ignore[assignment]

    def templates(self) -> Iterable[PageTemplate]:
        """Return the template of each target; targets may share one."""
        return self.values()

    def forget_all(self, unwanted: Collection[int]) -> None:
        """Forget the templates with these ids."""
        for key in [key for key, template in self.items() if id(template) in unwanted]:
            del self[key]


class PageTemplates:
    """All templates in use; *columns* makes the columns of a new one, without series."""

    def __init__(self, columns: Callable[[], Columns], memory: Memory) -> None:
        self._columns = columns
        self._memory = memory
        self._addends = AddendIndexes()
        self._blocks: WeakValueDictionary[tuple[TemplateLine, ...], TemplateBlock]
        self._blocks = WeakValueDictionary()
        self._templates: WeakValueDictionary[tuple[TemplateBlock, ...], PageTemplate]
        self._templates = WeakValueDictionary()

    def template(self, lines: Iterable[TemplateLine]) -> Steps[PageTemplate]:
        """Return the template of a page with these *lines*: one object for all equal pages."""
        made, work = list[TemplateBlock](), 0
        for part in _split(lines):
            made.append(self._block(part))
            work += len(part)
            if work >= _LINES_PER_STEP:
                work = 0
                yield
        blocks = tuple(made)
        found = self._templates.get(blocks)
        if found is None:
            columns = self._columns()
            for block in blocks:
                columns.add(block.series)
                work += len(block.series)
                if work >= _LINES_PER_STEP:
                    work = 0
                    yield
            is_large = len(blocks) > _BLOCKS_PER_STEP
            if is_large:
                yield
            columns.complete()
            if is_large:
                yield
            found = PageTemplate(blocks, columns, self._addends)
            self._templates[blocks] = found
        return found

    def _block(self, lines: tuple[TemplateLine, ...]) -> TemplateBlock:
        found = self._blocks.get(lines)
        if found is None:
            found = self._blocks[lines] = TemplateBlock(lines, self._memory)
        return found

    def __len__(self) -> int:
        return len(self._templates)

    @property
    def blocks(self) -> int:
        """How many different blocks there are."""
        return len(self._blocks)


def _split(lines: Iterable[TemplateLine]) -> Iterator[tuple[TemplateLine, ...]]:
    """Yield the blocks of some lines."""
    block: list[TemplateLine] = []
    for line in lines:
        block.append(line)
        if hash(line.prefix) % _LINES_PER_BLOCK == 0:
            yield tuple(block)
            block = []
    if block:
        yield tuple(block)
