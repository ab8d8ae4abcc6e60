"""From pages to points: the hot path.

The nodes of a cluster expose the same series again and again. When a line is first seen, it is
parsed strictly and the path of its series is worked out. A page like the target's last one is
matched against the template of that one, all of it at once. If lines were added or removed, each
line costs a dictionary look-up. One translator serves all targets with the same rules.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..model.errors import PageError
from ..model.points import Points
from ..model.selection import LabelLimits, MetricSelection
from ..naming.schemes import NamingScheme, Plain, SeriesPath
from . import cluster_totals, openmetrics, text_format
from .columns import Columns, PathTable
from .job_lines import without_jobs
from .page_template import PageTemplate, PageTemplates, TemplateLine
from .sample_lines import plain_number, series

TOO_MANY_SAMPLES = "{samples} samples, more than the {limit} that sample limit allows"

# Lines: more than all nodes of a large cluster share. If label values keep changing, everything is
# forgotten at once, and learned again from the next pages.
_MOST_REMEMBERED = 1_000_000
# A time stamp of 18 digits, and the blank before it.
_LONGEST_TIME = 19


@dataclass(frozen=True)
class TranslationRules:
    """What targets share whose pages are translated in the same way."""

    scheme: NamingScheme = Plain()
    selection: MetricSelection = MetricSelection()
    label_limits: LabelLimits = LabelLimits()


@dataclass(frozen=True)
class Translation:
    """The *points* of a page, and the number of *samples* on it.

    *not_finite* and *repeated* count samples that are not stored: of a series that is on the page
    twice, the first sample counts. *addends* are the values that go into cluster totals.
    """

    points: Points
    samples: int = 0
    not_finite: int = 0
    repeated: int = 0
    addends: cluster_totals.AddendValues | None = None


class Translator:
    """Remembers the lines of all pages, and the template of each target's last page.

    This only saves time: a path would be the same without it.
    """

    def __init__(
        self,
        rules: TranslationRules = TranslationRules(),
        most_remembered: int = _MOST_REMEMBERED,
    ) -> None:
        self._rules = rules
        self._most_remembered = most_remembered
        self._text = _KnownLines()
        self._openmetrics = _KnownLines()
        self._paths = PathTable()
        self._templates = PageTemplates(self._columns)
        self._last: dict[tuple[str, bool], PageTemplate] = {}

    def _columns(self, series: list[SeriesPath | None]) -> Columns:
        return Columns(series, self._rules.scheme, self._paths, self._takes)

    def _takes(self, metric: str) -> bool:
        return self._rules.selection.takes(metric, ())

    def translate(
        self,
        page: str,
        before: str,
        sample_limit: int,
        *,
        after: str = "",
        target: str | None = None,
        is_openmetrics: bool = False,
    ) -> Translation:
        """Return the points of a *page*; their paths stand between *before* and *after*.

        *target* is the identity of the target that served the page. Without it, *before* and
        *after* must identify the target.

        Raises: PageError if a line is invalid, or a limit is exceeded.
        """
        key = (before + after if target is None else target, is_openmetrics)
        template = self._last.get(key)
        numbers = _numbers(template, page, is_openmetrics)
        if numbers is None and (without := without_jobs(page)) is not page:
            page = without
            numbers = _numbers(template, page, is_openmetrics)
        if template is None or numbers is None:
            template, numbers = self._parse(page, sample_limit, key)
        elif template.samples > sample_limit:
            raise _too_many(template.samples, sample_limit)
        found = template.columns.values(numbers)
        return Translation(
            points=Points(before, found.paths, after, found.values),
            samples=template.samples,
            not_finite=found.not_finite,
            repeated=found.repeated,
            addends=None if template.addends is None else template.addends.values(numbers),
        )

    def forget(self, target: str) -> None:
        """Forget the last page of a *target* that is no longer scraped."""
        self._last.pop((target, False), None)
        self._last.pop((target, True), None)

    def _parse(
        self, page: str, sample_limit: int, key: tuple[str, bool]
    ) -> tuple[PageTemplate, list[float]]:
        """Return template and numbers of a page, line by line; remember the template."""
        is_openmetrics = key[1]
        self._forget_if_full()
        texts = page.split("\n")
        if is_openmetrics:
            openmetrics.check(texts)
        known = self._openmetrics if is_openmetrics else self._text
        lines: list[TemplateLine] = []
        numbers: list[float] = []
        following = iter(texts)
        for text in following:
            found = known.find(text)
            if found is None:
                whole = text if is_openmetrics else text_format.whole_line(text, following)
                found = self._learn(whole, is_openmetrics)
            line, number = found
            lines.append(line)
            if number is not None:
                numbers.append(number)
            if len(numbers) > sample_limit:
                raise _too_many(_samples(texts), sample_limit)
        return self._remember(lines, key), numbers

    def _remember(self, lines: list[TemplateLine], key: tuple[str, bool]) -> PageTemplate:
        template = self._last[key] = self._templates.template(lines)
        return template

    @property
    def remembered(self) -> int:
        """How many lines are remembered."""
        return len(self._text) + len(self._openmetrics)

    def _forget_if_full(self) -> None:
        """Forget all lines if they are too many."""
        if self.remembered > self._most_remembered:
            self._text = _KnownLines()
            self._openmetrics = _KnownLines()

    def _learn(self, text: str, is_openmetrics: bool) -> tuple[TemplateLine, float | None]:
        """Parse a new line; return its template line and its number, None if it has no sample."""
        module = openmetrics if is_openmetrics else text_format
        known = self._openmetrics if is_openmetrics else self._text
        scanned = module.scan(text)
        if scanned is None:
            return known.learn_comment(text), None
        line = known.get(scanned.prefix)
        if line is None:
            name, labels = series(scanned, module.ITEM)
            addend = cluster_totals.addend(name, labels)
            path = self._series_path(name, labels)
            line = known.learn(TemplateLine(scanned.prefix, True, path, addend))
        return line, scanned.value

    def _series_path(self, name: str, labels: tuple[tuple[str, str], ...]) -> SeriesPath | None:
        """Return the path of a series, None if it is not kept."""
        if not self._rules.selection.takes(name, labels):
            return None
        if problem := self._rules.label_limits.broken(name, labels):
            raise PageError(problem)
        return self._rules.scheme.path(name, labels)


class _KnownLines:
    """Lines that were parsed before, of one format."""

    def __init__(self) -> None:
        self._samples: dict[str, TemplateLine] = {}
        self._comments: dict[str, TemplateLine] = {}

    def __len__(self) -> int:
        return len(self._samples) + len(self._comments)

    def find(self, text: str) -> tuple[TemplateLine, float | None] | None:
        """Return template line and number of a line whose prefix or whole text is known.

        Only a line that ends in its number, or in a whole number as its time, is found by its
        prefix: *get* finds any other.
        """
        start = text.rfind(" ") + 1
        line = self._samples.get(text[:start])
        if line is None and text[start:].isdecimal():
            end, start = start - 1, text.rfind(" ", 0, start - 1) + 1
            is_time = text.isascii() and len(text) - end <= _LONGEST_TIME
            line = self._samples.get(text[:start]) if is_time else None
            number = None if line is None else plain_number(text[start:end])
        else:
            number = None if line is None else plain_number(text[start:])
        if line is not None and number is not None:
            return line, number
        comment = self._comments.get(text)
        return None if comment is None else (comment, None)

    def get(self, prefix: str) -> TemplateLine | None:
        """Return the template line of all lines with a sample that have this *prefix*."""
        return self._samples.get(prefix)

    def learn_comment(self, text: str) -> TemplateLine:
        """Return the template line of a line without a sample."""
        return self._comments.setdefault(text, TemplateLine(text, has_number=False))

    def learn(self, line: TemplateLine) -> TemplateLine:
        """Remember and return the template line of a line with a sample."""
        return self._samples.setdefault(line.prefix, line)


def _numbers(
    template: PageTemplate | None, page: str, is_openmetrics: bool
) -> Sequence[float] | None:
    return None if template is None else template.numbers(page, is_openmetrics=is_openmetrics)


def _samples(texts: Iterable[str]) -> int:
    return sum(
        1 for text in texts if text.strip(" \t\r") and not text.lstrip(" \t").startswith("#")
    )


def _too_many(samples: int, sample_limit: int) -> PageError:
    return PageError(TOO_MANY_SAMPLES.format(samples=samples, limit=sample_limit))
