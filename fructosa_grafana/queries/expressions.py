"""What a panel asks for, said once for Graphite and for Prometheus.

A query is made of series and of what is done with them. Series that remain apart are told apart
by their keys: names of labels, and ``instance``, which is the node.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Scope = Literal["node", "nodes", "master"]
"""Whose series: of the node that is looked at, of all that are chosen, or of the lmaster."""

How = Literal["sum", "avg", "max", "min", "count"]

NODE = "instance"


@dataclass(frozen=True)
class Some:
    """Some values of a label: a glob for Graphite, and a regular expression that says the same."""

    glob: str
    regex: str


ANY = Some("*", ".*")
# Interfaces that carry traffic off the node: eth0, eno1, enp3s0, ib0, hsn0. Not lo, nor bridges
# and bonds, which would count the same bytes again.
WIRES = Some("{e,h,ib}*", "(e|h|ib).*")
# Whole disks: what a partition reads its disk reads as well.
DISKS = Some(
    "{sd[a-z],sd[a-z][a-z],vd[a-z],xvd[a-z],nvme[0-9]n[0-9],nvme[0-9][0-9]n[0-9]}",
    "(sd|vd|xvd)[a-z]+|nvme[0-9]+n[0-9]+",
)
# Packages hold cores and uncore, and memory is metered beside them: so this is the whole.
RAPL_WHOLE = Some("{package-*,dram}", "package-.*|dram")
# What sets a GPU's clocks, or for how long it has done so, and is a fault: heat, or too little
# power from outside. The driver's own cap of power is usual under load.
GPU_FAULTS = Some(
    "{thermal,sw_thermal,hw_*,board_limit,reliability}",
    "thermal|sw_thermal|hw_.*|board_limit|reliability",
)

Value = str | Some


class Expr:
    """Series, and what can be done with them."""

    @property
    def keys(self) -> tuple[str, ...]:
        """What tells the series apart."""
        raise NotImplementedError

    def leaves(self) -> "Iterator[Series]":
        """Yield the series that are asked for."""
        raise NotImplementedError

    def rate(self) -> "Rate":
        """Return how fast counters grow, a second; a counter that began anew gives no spike."""
        return Rate(self)

    def sum(self, *by: str) -> "Grouped":
        """Return the sums of those that are equal in the keys *by*."""
        return Grouped(self, "sum", by)

    def avg(self, *by: str) -> "Grouped":
        """Return their means."""
        return Grouped(self, "avg", by)

    def max(self, *by: str) -> "Grouped":
        """Return the largest of them."""
        return Grouped(self, "max", by)

    def min(self, *by: str) -> "Grouped":
        """Return the smallest of them."""
        return Grouped(self, "min", by)

    def count(self, *by: str) -> "Grouped":
        """Return how many of them there are."""
        return Grouped(self, "count", by)

    def top(self, most: int) -> "Top":
        """Return the *most* that are highest."""
        return Top(self, most)

    def complement(self) -> "Complement":
        """Return one less each value: what is not up, of what is 1 while it is up."""
        return Complement(self)

    def __mul__(self, factor: float) -> "Scaled":
        return Scaled(self, factor)

    def __truediv__(self, other: "Expr") -> "Ratio":
        return Ratio(self, other)

    def __sub__(self, other: "Expr") -> "Difference":
        return Difference(self, other)


@dataclass(frozen=True)
class Series(Expr):
    """The series of a metric; *labels* are all that it has, in the order of the page."""

    metric: str
    labels: tuple[tuple[str, Value], ...]
    scope: Scope
    is_own: bool = False  # said by the scraper of a target, not by the target's page

    @property
    def keys(self) -> tuple[str, ...]:
        """The node where there are several, and the labels that are not given."""
        node = () if self.scope == "node" else (NODE,)
        return node + tuple(name for name, value in self.labels if isinstance(value, Some))

    def leaves(self) -> "Iterator[Series]":
        """Yield itself."""
        yield self


@dataclass(frozen=True)
class _Of(Expr):
    """What is made of another query."""

    of: Expr

    @property
    def keys(self) -> tuple[str, ...]:
        """Those of the other."""
        return self.of.keys

    def leaves(self) -> Iterator[Series]:
        """Yield those of the other."""
        yield from self.of.leaves()


@dataclass(frozen=True)
class Rate(_Of):
    """Growth a second."""


@dataclass(frozen=True)
class Scaled(_Of):
    """Multiplied."""

    factor: float


@dataclass(frozen=True)
class Complement(_Of):
    """One less the value."""


@dataclass(frozen=True)
class Top(_Of):
    """The highest."""

    most: int


@dataclass(frozen=True)
class Grouped(_Of):
    """Brought together."""

    how: How
    by: tuple[str, ...]

    def __post_init__(self) -> None:
        if unknown := set(self.by) - set(self.of.keys):
            raise ValueError(f"can't group by {sorted(unknown)}: there are {self.of.keys}")

    @property
    def keys(self) -> tuple[str, ...]:
        """What they were grouped by."""
        return self.by


@dataclass(frozen=True)
class _Both(Expr):
    """Made of two queries, whose series belong together where their keys are equal."""

    left: Expr
    right: Expr

    def __post_init__(self) -> None:
        if self.left.keys != self.right.keys:
            raise ValueError(f"{self.left.keys} and {self.right.keys} don't belong together")

    @property
    def keys(self) -> tuple[str, ...]:
        """Those of either."""
        return self.left.keys

    def leaves(self) -> Iterator[Series]:
        """Yield those of both."""
        yield from self.left.leaves()
        yield from self.right.leaves()


@dataclass(frozen=True)
class Ratio(_Both):
    """One divided by the other."""


@dataclass(frozen=True)
class Difference(_Both):
    """One less the other; single series alone."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.keys:
            raise ValueError("only single series are subtracted; group them first")


def node(metric: str, **labels: Value) -> Series:
    """Return the series of a *metric* of the node that is looked at."""
    return Series(metric, tuple(labels.items()), "node")


def nodes(metric: str, **labels: Value) -> Series:
    """Return the series of a *metric* of all nodes that are chosen."""
    return Series(metric, tuple(labels.items()), "nodes")


def master(metric: str, **labels: Value) -> Series:
    """Return the series of a *metric* of lmaster's own page."""
    return Series(metric, tuple(labels.items()), "master")


def sums(quantity: str) -> Grouped:
    """Return what lmaster sums up of all nodes, for a database that would be slow at it."""
    return master(f"fructosa_cluster_{quantity}", section=ANY).sum()


def own(metric: str, scope: Scope = "nodes") -> Series:
    """Return what is said of each target: up, scrape_duration_seconds, scrape_samples_scraped."""
    return Series(metric, (("group", ANY),), scope, is_own=True)
