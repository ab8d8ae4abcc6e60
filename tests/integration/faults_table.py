"""What the tests of faults found: points served, stored, lost; as a table for people."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Row:
    """One fault, and what became of the points that were served around it."""

    fault: str
    served: int
    stored: int
    note: str = ""

    @property
    def lost(self):
        """How many points were served, and are not stored."""
        return self.served - self.stored


def markdown(rows):
    """Return the table of *rows*, ordered by fault."""
    lines = [
        f"| {row.fault} | {row.served:,} | {row.stored:,} | {row.lost:,} | {row.note} |\n"
        for row in sorted(rows)
    ]
    return "| fault | points served | stored | lost | note |\n|---|---:|---:|---:|---|\n" + "".join(
        lines
    )
