"""What lmaster knows of a target: how its last scrape went, and sums over all its scrapes."""

from dataclasses import dataclass

from ..model.target import Target
from ..translate import cluster_totals


@dataclass(slots=True)
class TargetState:
    """What is known of a target; what the status page shows. Times in seconds since 1970.

    *contribution* is what its last page adds to the sums over nodes, if it is up.
    """

    target: Target
    up: bool | None = None
    due_s: float | None = None
    duration_s: float = 0.0
    seconds_total: float = 0.0
    samples: int = 0
    error: str | None = None
    scrapes: int = 0
    failures: int = 0
    missed: int = 0
    samples_total: int = 0
    not_finite: int = 0
    repeated: int = 0
    contribution: cluster_totals.Contribution | None = None


@dataclass
class ScrapeTotals:
    """Sums over scrapes of targets."""

    scrapes: int = 0
    failures: int = 0
    samples: int = 0
    missed: int = 0
    not_finite: int = 0
    repeated: int = 0
    seconds: float = 0.0

    def add(self, state: TargetState) -> None:
        """Add what a target had."""
        self.scrapes += state.scrapes
        self.failures += state.failures
        self.samples += state.samples_total
        self.missed += state.missed
        self.not_finite += state.not_finite
        self.repeated += state.repeated
        self.seconds += state.seconds_total
