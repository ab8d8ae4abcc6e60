"""Results as tables in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

TIMES = "×"  # noqa: RUF001 - the multiplication sign is intended


@dataclass(frozen=True)
class ResultLine:
    """One measure: the ratio of lagent to node_exporter, and the numbers behind it.

    *target* is the upper limit; None if there is no target.
    """

    measure: str
    value: float
    lagent: str
    node_exporter: str
    target: float | None = None
    unit: str = TIMES

    @property
    def verdict(self) -> str:
        """Whether the target is met, as a word; empty without a target."""
        if self.target is None:
            return ""
        return "met" if self.value <= self.target else "missed"

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the line."""
        form = ".2f" if self.unit == TIMES else ".0f"
        target = "" if self.target is None else f"≤ {self.target:{form}} {self.unit}"
        value = f"{self.value:{form}} {self.unit}"
        return self.measure, value, target, self.verdict, self.lagent, self.node_exporter


def results(lines: Sequence[ResultLine]) -> str:
    """Return *lines* as a table."""
    head = ("measure", "ratio", "target", "", "lagent", "node_exporter")
    return table(head, [line.cells() for line in lines])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown whose columns are aligned."""
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(map(str.ljust, cells, widths)) + " |"

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows)])
