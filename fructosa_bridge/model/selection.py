"""Which series of a page are kept, and the limits of their labels."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from fructosa_service.config.kinds import Kind
from fructosa_service.errors import visible

NOT_A_SELECTOR = (
    'is not a valid selector; write metric{label="pattern"}, with one label, ? for a comma'
)
NOT_A_PATTERN = "is not a valid metric pattern; write e.g. node_cpu_*, separate several with commas"
TOO_MANY_LABELS = (
    "{metric} has {labels} labels, more than the {limit} that label limit allows; raise it, "
    "or name the metric in metrics drop"
)
TOO_LONG_LABEL = (
    "label {label} of {metric} has a {part} of {length} bytes, more than the {limit} that "
    "label length limit allows; raise it, or name the metric in metrics drop"
)

Labels = tuple[tuple[str, str], ...]

_SELECTOR = re.compile(
    r"(?P<metric>[A-Za-z0-9_:*?!\[\]-]*)"
    r'(?:\{ *(?P<label>[A-Za-z_][A-Za-z0-9_]*) *= *"(?P<value>[^"{}]*)" *\})?'
)


@dataclass(frozen=True)
class Selector:
    """Selects series by shell patterns of the metric and, optionally, of the value of one *label*.

    A missing label is an empty one, as everywhere in Prometheus.
    """

    metric: str = "*"
    label: str | None = None
    value: str = "*"

    def matches(self, metric: str, labels: Labels) -> bool:
        """Return whether a series is selected."""
        if not fnmatchcase(metric, self.metric):
            return False
        return self.label is None or fnmatchcase(dict(labels).get(self.label, ""), self.value)

    def __str__(self) -> str:
        label = "" if self.label is None else f'{{{self.label}="{self.value}"}}'
        return self.metric + label


def _parse(text: str) -> Selector:
    match = _SELECTOR.fullmatch(text)
    if text and match:
        value = "*" if match["value"] is None else match["value"]
        return Selector(match["metric"] or "*", match["label"], value)
    if "{" in text or "}" in text:
        raise ValueError(NOT_A_SELECTOR)
    raise ValueError(NOT_A_PATTERN)


SELECTOR = Kind(name="metrics", example="node_cpu_*", parse=_parse)


@dataclass(frozen=True)
class MetricSelection:
    """Selects the series to keep: those of *keep*, or all if it is empty, without *drop*."""

    keep: tuple[Selector, ...] = ()
    drop: tuple[Selector, ...] = ()

    def takes(self, metric: str, labels: Labels) -> bool:
        """Return whether a series is kept."""
        is_kept = not self.keep or _any(self.keep, metric, labels)
        return is_kept and not _any(self.drop, metric, labels)


def _any(selectors: Iterable[Selector], metric: str, labels: Labels) -> bool:
    return any(selector.matches(metric, labels) for selector in selectors)


@dataclass(frozen=True, kw_only=True)
class LabelLimits:
    """Limits of the labels of a series that is kept, and of each line of a page, in bytes.

    As in Prometheus, a series beyond a limit refuses the whole page: an exporter that puts user
    data into labels would fill Graphite with files. The defaults are far above what exporters have.
    """

    label_limit: int = 256
    label_length_limit: int = 2**14
    line_limit: int = 2**16

    def broken(self, metric: str, labels: Labels) -> str | None:
        """Return why a series breaks a limit, None if it does not."""
        present = [label for label in labels if label[1]]
        if len(present) > self.label_limit:
            return TOO_MANY_LABELS.format(
                metric=visible(metric), labels=len(present), limit=self.label_limit
            )
        return self._too_long(metric, present, self.label_length_limit)

    def _too_long(self, metric: str, labels: list[tuple[str, str]], most: int) -> str | None:
        for name, value in labels:
            for part, text in (("name", name), ("value", value)):
                if 4 * len(text) <= most:  # mostly: no character has more bytes
                    continue
                length = len(text.encode("utf-8", "surrogateescape"))
                if length > most:
                    return TOO_LONG_LABEL.format(
                        label=visible(name),
                        metric=visible(metric),
                        part=part,
                        length=length,
                        limit=most,
                    )
        return None
