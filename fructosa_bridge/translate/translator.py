"""From pages to points: the hot path.

The nodes of a cluster expose the same series again and again. When a line is first seen, it is
parsed strictly and the path of its series is worked out. A page like the target's last one is
matched against the template of that one, all of it at once. If lines were added or removed, each
line costs a dictionary look-up. One translator serves all targets with the same rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..model.errors import PageError
from ..model.points import Points
from ..model.selection import LabelLimits, MetricSelection
from ..naming.schemes import NamingScheme, Plain, SeriesPath
from . import cluster_totals, openmetrics, text_format
from .columns import Columns, PathTable
from .job_lines import without_jobs
from .page_template import PageTemplate, PageTemplates, TemplateLine
from .text_format import ParsedSample, plain_number

TOO_MANY_SAMPLES = "{samples} samples, more than the {limit} that sample limit allows"

# Lines: more than all nodes of a large cluster share. If label values keep changing, everything is
# forgotten at once, and learned again from the next pages.
_MOST_REMEMBERED = 1_000_000


@dataclass(frozen=True)
class TranslationRules:
    """What targets share whose pages are translated in the same way."""

    scheme: NamingScheme = Plain()
    selection: MetricSelection = MetricSelection()
    label_limits: LabelLimits = LabelLimits()


@dataclass(frozen=True)
class Translation:
    """The *points* of a page, and the number of *samples* on it.

    *not_finite* and *repeated* count samples that are not stored. *addends* are the values that go
    into cluster totals.
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
        if "\r" in page and not is_openmetrics:
            page = page.replace("\r\n", "\n")
        key = (before + after if target is None else target, is_openmetrics)
        template = self._last.get(key)
        numbers = None if template is None else template.numbers(page)
        if numbers is None and (without := without_jobs(page)) is not page:
            page = without
            numbers = None if template is None else template.numbers(page)
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
        for text in texts:
            line, number = known.find(text) or self._learn(text, is_openmetrics)
            lines.append(line)
            if number is not None:
                numbers.append(number)
            if len(numbers) > sample_limit:
                raise _too_many(_samples(texts), sample_limit)
        return self._remember(lines, key), numbers

    def _remember(self, lines: list[TemplateLine], key: tuple[str, bool]) -> PageTemplate:
        template = self._templates.template(lines)
        if all(line.prefix or not line.has_number for line in lines):
            self._last[key] = template
        else:  # a line without a prefix matches anything
            self._last.pop(key, None)
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
        sample = (openmetrics if is_openmetrics else text_format).parse_line(text)
        known = self._openmetrics if is_openmetrics else self._text
        if sample is None:
            return known.learn_comment(text), None
        addend = cluster_totals.addend(sample.name, sample.labels)
        series = self._series_path(sample.name, sample.labels)
        return known.learn(text, sample, series, addend), sample.value

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
        """Return template line and number of a line whose prefix or whole text is known."""
        start = text.rfind(" ") + 1
        line = self._samples.get(text[:start])
        number = None if line is None else plain_number(text[start:])
        if line is not None and number is not None:
            return line, number
        comment = self._comments.get(text)
        return None if comment is None else (comment, None)

    def learn_comment(self, text: str) -> TemplateLine:
        """Return the template line of a line without a sample."""
        return self._comments.setdefault(text, TemplateLine(text, has_number=False))

    def learn(
        self,
        text: str,
        sample: ParsedSample,
        series: SeriesPath | None,
        addend: cluster_totals.Addend | None,
    ) -> TemplateLine:
        """Return the template line of a line with a sample; remember it if it ends in its number.

        Any other line gets an empty prefix, and is parsed at each scrape.
        """
        start = text.rfind(" ") + 1
        prefix = text[:start]
        # With a time stamp, an exemplar or odd white space, the text before the last space is not
        # the series alone; and the last space may be inside a label.
        ends_in_one_space = len(prefix) == len(prefix.rstrip(" \t")) + 1
        has_more = sample.time_ms is not None or " # {" in text
        if has_more or not ends_in_one_space or plain_number(text[start:]) is None:
            return TemplateLine("", has_number=True, series=series, addend=addend)
        made = TemplateLine(prefix, has_number=True, series=series, addend=addend)
        return self._samples.setdefault(prefix, made)


def _samples(texts: Iterable[str]) -> int:
    return sum(
        1 for text in texts if text.strip(" \t\r") and not text.lstrip(" \t").startswith("#")
    )


def _too_many(samples: int, sample_limit: int) -> PageError:
    return PageError(TOO_MANY_SAMPLES.format(samples=samples, limit=sample_limit))
