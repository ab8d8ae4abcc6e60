"""The results of the tests of faults as a table: points served, stored and lost."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Row:
    """The result of one fault: the points that were served during it, and stored."""

    fault: str
    served: int
    stored: int
    note: str = ""

    @property
    def lost(self):
        """The number of points that were served but not stored."""
        return self.served - self.stored


def markdown(rows):
    """Return a Markdown table of *rows*, sorted by fault."""
    lines = [
        f"| {row.fault} | {row.served:,} | {row.stored:,} | {row.lost:,} | {row.note} |\n"
        for row in sorted(rows)
    ]
    return "| fault | points served | stored | lost | note |\n|---|---:|---:|---:|---|\n" + "".join(
        lines
    )
