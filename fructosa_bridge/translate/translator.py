"""From pages to points: the hot path.

The nodes of a cluster expose the same series again and again. When a line is first seen, it is
parsed strictly and the path of its series is worked out. A page like the target's last one is
matched against the template of that one, all of it at once. If lines were added or removed, each
line costs a dictionary look-up. One translator serves all targets with the same rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..model.errors import PageError
from ..model.points import Points
from ..model.selection import LabelLimits, MetricSelection
from ..naming.schemes import NamingScheme, Plain, SeriesPath
from . import cluster_totals, openmetrics, text_format
from .columns import Columns, PathTable
from .job_lines import without_jobs
from .known_lines import KnownLines
from .memory import Memory
from .page_template import LastTemplates, PageTemplate, PageTemplates, TemplateLine
from .sample_lines import check_line, series
from .steps import Steps, at_once

TOO_MANY_SAMPLES = "{samples} samples, more than the {limit} that sample limit allows"
TOO_MANY_LINES = (
    "{lines} lines, more than the {limit} that a sample limit of {samples} allows; raise it, or "
    "let the exporter leave out comments and empty lines"
)

# A sample may have a HELP, a TYPE and a UNIT of its own, and a few lines have none.
_LINES_PER_SAMPLE = 4
_FURTHER_LINES = 1_000
# In a step so many characters of a page are parsed; each line counts for some more.
_STEP_CHARACTERS = 2**14
_LINE_CHARACTERS = 16
_NEW_LINE_CHARACTERS = 128
# A line may have some labels without a value, too, which do not count.
_PRESENT_LABELS = 4
# The values of more samples are a step of their own.
_MOST_AT_ONCE = 5_000


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

    This only saves time: a path would be the same without it. The *memory* may be that of several
    translators.
    """

    def __init__(
        self, rules: TranslationRules = TranslationRules(), memory: Memory | None = None
    ) -> None:
        self._rules = rules
        self._memory = memory or Memory()
        self._text = KnownLines(self._memory)
        self._openmetrics = KnownLines(self._memory)
        self._paths = PathTable()
        self._templates = PageTemplates(self._columns, self._memory)
        self._last = LastTemplates()
        self._memory.add_templates(self._last)

    def _columns(self) -> Columns:
        return Columns(self._rules.scheme, self._paths, self._takes)

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
        """Return the points of a *page*, as *steps* does, at once."""
        return at_once(
            self.steps(
                page,
                before,
                sample_limit,
                after=after,
                target=target,
                is_openmetrics=is_openmetrics,
            )
        )

    def steps(
        self,
        page: str,
        before: str,
        sample_limit: int,
        *,
        after: str = "",
        target: str | None = None,
        is_openmetrics: bool = False,
    ) -> Steps[Translation]:
        """Return the points of a *page*; their paths stand between *before* and *after*.

        *target* is the identity of the target that served the page. Without it, *before* and
        *after* must identify the target. There is a step for each few milliseconds of work.

        Raises: PageError if a line is invalid, or a limit is exceeded.
        """
        key = (before + after if target is None else target, is_openmetrics)
        template = self._last.get(key)
        numbers = yield from _numbers(template, page, is_openmetrics)
        if numbers is None and (without := (yield from without_jobs(page))) is not page:
            page = without
            numbers = yield from _numbers(template, page, is_openmetrics)
        if template is None or numbers is None:
            template = None  # nothing but the last page's place keeps it
            template, numbers = yield from self._parse(page, sample_limit, key)
        elif template.samples > sample_limit:
            raise _too_many(template.samples, sample_limit)
        if template.samples > _MOST_AT_ONCE:
            yield
        found = template.columns.values(numbers)
        translation = Translation(
            points=Points(before, found.paths, after, found.values),
            samples=template.samples,
            not_finite=found.not_finite,
            repeated=found.repeated,
            addends=None if template.addends is None else template.addends.values(numbers),
        )
        if self._last.get(key) is not template:  # there was no room for it
            freed, template = template.freed(), None
            yield from freed
        return translation

    def forget(self, target: str) -> None:
        """Forget the last page of a *target* that is no longer scraped."""
        self._last.pop((target, False), None)
        self._last.pop((target, True), None)

    def _parse(
        self, page: str, sample_limit: int, key: tuple[str, bool]
    ) -> Steps[tuple[PageTemplate, list[float]]]:
        """Return template and numbers of a page, line by line; remember the template."""
        is_openmetrics = key[1]
        self._memory.forget_lines(key)
        _check_lines(page, sample_limit)
        if is_openmetrics:
            openmetrics.check(page)
        known = self._openmetrics if is_openmetrics else self._text
        line_limit = self._rules.label_limits.line_limit
        lines: list[TemplateLine] = []
        numbers: list[float] = []
        following = _lines(page, line_limit)
        work = 0
        for text in following:
            if 4 * len(text) > line_limit:
                check_line(text, line_limit)
            work += len(text) + _LINE_CHARACTERS
            found = known.find(text)
            if found is None:
                whole = text
                if not is_openmetrics:
                    whole = text_format.whole_line(text, following, line_limit)
                found = self._learn(whole, known, key)
                work += len(whole) + _NEW_LINE_CHARACTERS
            line, number = found
            lines.append(line)
            if number is not None:
                numbers.append(number)
            if len(numbers) > sample_limit:
                raise _too_many((yield from _samples(page)), sample_limit)
            if work >= _STEP_CHARACTERS:
                work = 0
                yield
        return (yield from self._remember(lines, key)), numbers

    def _remember(self, lines: list[TemplateLine], key: tuple[str, bool]) -> Steps[PageTemplate]:
        """Return the template of the page with these *lines*; remember it in place of the last."""
        template = yield from self._templates.template(lines)
        if len(lines) > _MOST_AT_ONCE:
            yield
        before = self._last.get(key)
        self._last[key] = template
        if before is not None:
            freed, before = before.freed(), None
            yield from freed
        yield from self._memory.forget_templates()
        while len(lines) > _MOST_AT_ONCE:  # also those that are not remembered
            del lines[-_MOST_AT_ONCE:]
            yield
        return template

    @property
    def remembered(self) -> int:
        """How many lines are remembered."""
        return len(self._text) + len(self._openmetrics)

    def _learn(
        self, text: str, known: KnownLines, key: tuple[str, bool]
    ) -> tuple[TemplateLine, float | None]:
        """Parse a new line; return its template line and its number, None if it has no sample."""
        module = openmetrics if key[1] else text_format
        scanned = module.scan(text)
        if scanned is None:
            return known.learn(TemplateLine(text, has_number=False), key), None
        line = known.get(scanned.prefix)
        if line is None:
            most = _PRESENT_LABELS * self._rules.label_limits.label_limit
            name, labels = series(scanned, module.ITEM, most)
            addend = cluster_totals.addend(name, labels)
            path = self._series_path(name, labels)
            line = known.learn(TemplateLine(scanned.prefix, True, path, addend), key)
        return line, scanned.value

    def _series_path(self, name: str, labels: tuple[tuple[str, str], ...]) -> SeriesPath | None:
        """Return the path of a series, None if it is not kept."""
        if not self._rules.selection.takes(name, labels):
            return None
        if problem := self._rules.label_limits.broken(name, labels):
            raise PageError(problem)
        return self._rules.scheme.path(name, labels)


def _numbers(
    template: PageTemplate | None, page: str, is_openmetrics: bool
) -> Steps[Sequence[float] | None]:
    if template is None:
        return None
    return (yield from template.numbers(page, is_openmetrics=is_openmetrics))


def _check_lines(page: str, sample_limit: int) -> None:
    """Refuse a page with more lines than samples and what describes them can be.

    Raises: PageError.
    """
    lines, limit = page.count("\n") + 1, _LINES_PER_SAMPLE * sample_limit + _FURTHER_LINES
    if lines > limit:
        raise PageError(TOO_MANY_LINES.format(lines=lines, limit=limit, samples=sample_limit))


def _lines(page: str, line_limit: int) -> Iterator[str]:
    """Yield the lines of a page, without a copy of all of them.

    Raises: PageError if one is much longer than *line_limit*.
    """
    start = 0
    while start <= len(page):
        least = start + _STEP_CHARACTERS
        end = page.find("\n", least)
        end = len(page) if end < 0 else end
        if end - least > line_limit:
            check_line(page[page.rfind("\n", start, least) + 1 : least + line_limit], line_limit)
        yield from page[start:end].split("\n")
        start = end + 1


def _samples(page: str) -> Steps[int]:
    """Return the number of samples of a page."""
    samples = 0
    for number, text in enumerate(page.split("\n")):
        samples += text.strip(" \t\r") != "" and not text.lstrip(" \t").startswith("#")
        if number % _MOST_AT_ONCE == 0:
            yield
    return samples


def _too_many(samples: int, sample_limit: int) -> PageError:
    return PageError(TOO_MANY_SAMPLES.format(samples=samples, limit=sample_limit))
