"""Pages into points: the hot path.

The nodes of a cluster say the same things, again and again. The first time a series is seen its
line is parsed strictly and its path worked out. A target that says what it said last time is
matched against that layout, a whole page at once; where a line is new or gone, each line costs a
look-up. One translator serves all targets of a kind.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..model.errors import PageError
from ..model.points import Points
from ..model.selection import LabelLimits, MetricSelection
from ..naming.schemes import NamingScheme, Plain, SeriesPath
from . import cluster_totals, openmetrics, text_format
from .columns import Columns, PageValues, PathTable
from .page_template import PageTemplate, PageTemplates, TemplateLine
from .text_format import ParsedSample, plain_number

# Series, paths and comments: more than all nodes of a large cluster share. When values of labels
# churn, the memory is cleared at once and fills again with what is still said.
_MOST_REMEMBERED = 1_000_000


@dataclass(frozen=True)
class TranslationRules:
    """What targets share whose pages are translated alike: names, choice of series, limits."""

    scheme: NamingScheme = Plain()
    selection: MetricSelection = MetricSelection()
    label_limits: LabelLimits = LabelLimits()


@dataclass(frozen=True)
class Translation:
    """What a page gave: *samples* it had, what can't be stored by reason, what sums get of it."""

    points: Points
    samples: int = 0
    not_finite: int = 0
    repeated: int = 0
    taken: cluster_totals.Addends | None = None


class Translator:
    """Remembers the paths of the series that pages have named, and what each target said last."""

    def __init__(
        self, rules: TranslationRules = TranslationRules(), most_remembered: int = _MOST_REMEMBERED
    ) -> None:
        self._rules = rules
        self._most_remembered = most_remembered
        self._text = _Lines()
        self._openmetrics = _Lines()
        self._owners: dict[str, tuple[str, frozenset[tuple[str, str]]]] = {}
        self._paths = PathTable()
        self._layouts = PageTemplates(self._columns)
        self._last: dict[tuple[str, bool], PageTemplate] = {}

    def _columns(self, series: list[SeriesPath | None]) -> Columns:
        return Columns(series, self._rules.scheme, self._paths)

    def points(
        self,
        page: str,
        before: str,
        sample_limit: int,
        *,
        after: str = "",
        own: tuple[str, ...] = (),
        target: str | None = None,
        is_openmetrics: bool = False,
    ) -> Translation:
        """Return the points of a *page*, whose paths stand between *before* and *after*.

        Their paths go on with the caller's *own*, whose values it adds. *target* is the identity
        of who said the page; without one, the node has one page alone.
        Raises: PageError when a line is wrong, or a limit is broken.
        """
        if "\r" in page and not is_openmetrics:
            page = page.replace("\r\n", "\n")
        key = (before + after if target is None else target, is_openmetrics)
        layout = self._last.get(key)
        numbers = None if layout is None else layout.numbers(page)
        if layout is None or numbers is None:
            layout, numbers = self._read(page, sample_limit, key)
        elif layout.samples > sample_limit:
            raise _too_many(layout.samples, sample_limit)
        kept = layout.columns.kept(numbers, own)
        taken = None if layout.picks is None else layout.picks.taken(numbers)
        return _translation(kept, before, after, layout.samples, taken)

    def nothing(self, before: str, after: str, own: tuple[str, ...]) -> Translation:
        """Return what a page that can't be had gives: no points, and paths for the *own*."""
        return _translation(PageValues(self._paths.of(own), ()), before, after, 0)

    def forget(self, target: str) -> None:
        """Forget what a *target* said, which is scraped no more."""
        self._last.pop((target, False), None)
        self._last.pop((target, True), None)

    def _read(
        self, page: str, sample_limit: int, key: tuple[str, bool]
    ) -> tuple[PageTemplate, list[float]]:
        """Return layout and numbers of a page, line by line; remember the layout."""
        is_openmetrics = key[1]
        self._make_room()
        lines = page.split("\n")
        if is_openmetrics:
            openmetrics.check(lines)
        known = self._openmetrics if is_openmetrics else self._text
        pieces: list[TemplateLine] = []
        numbers: list[float] = []
        for line in lines:
            piece, number = known.find(line) or self._learn(line, is_openmetrics)
            pieces.append(piece)
            if number is not None:
                numbers.append(number)
            if len(numbers) > sample_limit:
                raise _too_many(_samples(lines), sample_limit)
        return self._remember(pieces, key), numbers

    def _remember(self, pieces: list[TemplateLine], key: tuple[str, bool]) -> PageTemplate:
        layout = self._layouts.layout(pieces)
        if all(piece.prefix or not piece.has_number for piece in pieces):
            self._last[key] = layout
        else:  # some line can't be matched by how it begins
            self._last.pop(key, None)
        return layout

    @property
    def remembered(self) -> int:
        """How many series, comments and paths are remembered."""
        return len(self._text) + len(self._openmetrics) + len(self._owners)

    def _make_room(self) -> None:
        """Forget everything when there is too much; never amid a page, whose paths must differ."""
        if self.remembered > self._most_remembered:
            self._text = _Lines()
            self._openmetrics = _Lines()
            self._owners.clear()

    def _learn(self, line: str, is_openmetrics: bool) -> tuple[TemplateLine, float | None]:
        """Return piece and number of a line that is not known; None where it has no sample."""
        sample = (openmetrics if is_openmetrics else text_format).parse_line(line)
        known = self._openmetrics if is_openmetrics else self._text
        if sample is None:
            return known.learn_comment(line), None
        part = cluster_totals.addend(sample.name, sample.labels)
        piece = known.learn(line, sample, self._named(sample.name, sample.labels), part)
        return piece, sample.value

    def _named(self, name: str, labels: tuple[tuple[str, str], ...]) -> SeriesPath | None:
        """Return how a series is called; None if it is not wanted."""
        scheme = self._rules.scheme
        if not self._rules.selection.takes(name, labels):
            return None
        if wrong := self._rules.label_limits.broken(name, labels):
            raise PageError(wrong)
        named = scheme.path(name, labels)
        series = (name, frozenset(label for label in labels if label[1]))
        if self._owners.setdefault(named.path, series) != series:
            named = scheme.explicit_path(name, labels)
        return named


class _Lines:
    """Lines that were parsed once, in one format."""

    def __init__(self) -> None:
        self._series: dict[str, TemplateLine] = {}
        self._comments: dict[str, TemplateLine] = {}

    def __len__(self) -> int:
        return len(self._series) + len(self._comments)

    def find(self, line: str) -> tuple[TemplateLine, float | None] | None:
        """Return piece and number of a line whose beginning is known, or that is a comment."""
        start = line.rfind(" ") + 1
        piece = self._series.get(line[:start])
        number = None if piece is None else plain_number(line[start:])
        if piece is not None and number is not None:
            return piece, number
        comment = self._comments.get(line)
        return None if comment is None else (comment, None)

    def learn_comment(self, line: str) -> TemplateLine:
        """Return the piece of a line without a sample."""
        return self._comments.setdefault(line, TemplateLine(line, has_number=False))

    def learn(
        self,
        line: str,
        sample: ParsedSample,
        series: SeriesPath | None,
        part: cluster_totals.Addend | None,
    ) -> TemplateLine:
        """Return the piece of a line with a sample; remember it if a number alone follows it.

        The piece of any other line begins with nothing: it has to be parsed each time.
        """
        start = line.rfind(" ") + 1
        prefix = line[:start]
        # With a time or an exemplar, or odd spaces, what is before the last space is not the
        # series alone; and the last space may be in a label.
        is_whole = len(prefix) == len(prefix.rstrip(" \t")) + 1
        has_more = sample.time_ms is not None or " # {" in line
        if has_more or not is_whole or plain_number(line[start:]) is None:
            return TemplateLine("", has_number=True, series=series, part=part)
        made = TemplateLine(prefix, has_number=True, series=series, part=part)
        return self._series.setdefault(prefix, made)


def _translation(
    kept: PageValues,
    before: str,
    after: str,
    samples: int,
    taken: cluster_totals.Addends | None = None,
) -> Translation:
    points = Points(before, kept.paths, after, kept.values)
    return Translation(points, samples, kept.not_finite, kept.repeated, taken)


def _samples(lines: Iterable[str]) -> int:
    return sum(
        1 for line in lines if line.strip(" \t\r") and not line.lstrip(" \t").startswith("#")
    )


def _too_many(samples: int, sample_limit: int) -> PageError:
    return PageError(f"{samples} samples, more than the {sample_limit} that are allowed")
