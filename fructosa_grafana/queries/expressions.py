"""Query expressions, independent of the query language.

An expression is a tree of operations on series. The modules graphite and prometheus render it. The
*keys* of an expression are the labels that distinguish its series; ``instance`` is the node.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fructosa_service.device_names import NamePattern

Scope = Literal["node", "nodes", "master", "slurm"]
"""Whose series: of the selected node, of all selected nodes, of lmaster itself, or of Slurm."""

Aggregation = Literal["sum", "avg", "max", "min", "count"]

NODE = "instance"


ANY = NamePattern("*", ".*")
# Reasons for low GPU clocks that are faults: heat, or too little external power. The driver's own
# power cap is normal under load.
GPU_FAULTS = NamePattern(
    "{thermal,sw_thermal,hw_*,board_limit,reliability}",
    "thermal|sw_thermal|hw_.*|board_limit|reliability",
)

Value = str | NamePattern


class Expr:
    """An expression: series, and the operations on them."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The labels that distinguish the series."""
        raise NotImplementedError

    def leaves(self) -> "Iterator[Series]":
        """Yield the series that the expression reads."""
        raise NotImplementedError

    def rate(self) -> "Rate":
        """Return the increase of counters per second; a counter reset gives no spike."""
        return Rate(self)

    def sum(self, *by: str) -> "Aggregate":
        """Return the sums of the series that have equal keys *by*."""
        return Aggregate(self, "sum", by)

    def avg(self, *by: str) -> "Aggregate":
        """Return the means of the series that have equal keys *by*."""
        return Aggregate(self, "avg", by)

    def max(self, *by: str) -> "Aggregate":
        """Return the maxima of the series that have equal keys *by*."""
        return Aggregate(self, "max", by)

    def min(self, *by: str) -> "Aggregate":
        """Return the minima of the series that have equal keys *by*."""
        return Aggregate(self, "min", by)

    def count(self, *by: str) -> "Aggregate":
        """Return how many series have equal keys *by*."""
        return Aggregate(self, "count", by)

    def top(self, limit: int) -> "Top":
        """Return the *limit* highest series."""
        return Top(self, limit)

    def complement(self) -> "Complement":
        """Return 1 minus each value: a gauge that is 1 while up becomes 1 while down."""
        return Complement(self)

    def __mul__(self, factor: float) -> "Scaled":
        return Scaled(self, factor)

    def __truediv__(self, other: "Expr") -> "Ratio":
        return Ratio(self, other)

    def __sub__(self, other: "Expr") -> "Difference":
        return Difference(self, other)


@dataclass(frozen=True)
class Series(Expr):
    """The series of a metric; *labels* are all labels of the metric, in declared order."""

    metric: str
    labels: tuple[tuple[str, Value], ...]
    scope: Scope
    is_from_scraper: bool = False  # written by the scraper of a target, not by the target

    @property
    def keys(self) -> tuple[str, ...]:
        """The node, unless there is only one, and the labels without a fixed value."""
        node = () if self.scope in ("node", "slurm") else (NODE,)
        return node + tuple(name for name, value in self.labels if isinstance(value, NamePattern))

    def leaves(self) -> "Iterator[Series]":
        """Yield this series."""
        yield self


@dataclass(frozen=True)
class _Unary(Expr):
    """An operation on one expression."""

    operand: Expr

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the operand."""
        return self.operand.keys

    def leaves(self) -> Iterator[Series]:
        """Yield the series of the operand."""
        yield from self.operand.leaves()


@dataclass(frozen=True)
class Rate(_Unary):
    """The increase per second."""


@dataclass(frozen=True)
class Scaled(_Unary):
    """Each value times a factor."""

    factor: float


@dataclass(frozen=True)
class Complement(_Unary):
    """1 minus each value."""


@dataclass(frozen=True)
class Top(_Unary):
    """The highest series."""

    limit: int


@dataclass(frozen=True)
class Aggregate(_Unary):
    """One series for each group of series with equal keys *by*."""

    function: Aggregation
    by: tuple[str, ...]

    def __post_init__(self) -> None:
        if unknown := set(self.by) - set(self.operand.keys):
            raise ValueError(f"cannot group by {sorted(unknown)}; the keys are {self.operand.keys}")

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the groups."""
        return self.by


@dataclass(frozen=True)
class _Binary(Expr):
    """An operation on two expressions, which matches series with equal keys."""

    left: Expr
    right: Expr

    def __post_init__(self) -> None:
        if self.left.keys != self.right.keys:
            raise ValueError(
                f"cannot match series with the keys {self.left.keys} and {self.right.keys}"
            )

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of both operands."""
        return self.left.keys

    def leaves(self) -> Iterator[Series]:
        """Yield the series of both operands."""
        yield from self.left.leaves()
        yield from self.right.leaves()


@dataclass(frozen=True)
class Ratio(_Binary):
    """Left divided by right."""


@dataclass(frozen=True)
class Difference(_Binary):
    """Left minus right; both must be single series."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.keys:
            raise ValueError("only single series can be subtracted; aggregate both sides first")


def node(metric: str, **labels: Value) -> Series:
    """Return the series of a *metric* of the selected node."""
    return Series(metric, tuple(labels.items()), "node")


def nodes(metric: str, **labels: Value) -> Series:
    """Return the series of a *metric* of all selected nodes."""
    return Series(metric, tuple(labels.items()), "nodes")


def master(metric: str, **labels: Value) -> Series:
    """Return the series of a *metric* that lmaster reports about itself."""
    return Series(metric, tuple(labels.items()), "master")


def slurm(metric: str, **labels: Value) -> Series:
    """Return the series of a *metric* that lmaster reports about Slurm."""
    return Series(f"fructosa_slurm_{metric}", tuple(labels.items()), "slurm")


def cluster_total(quantity: str) -> Aggregate:
    """Return a total over all nodes that lmaster computes, since Graphite is slow at adding up."""
    return master(f"fructosa_cluster_{quantity}", section=ANY).sum()


def scrape_metric(metric: str, scope: Scope = "nodes") -> Series:
    """Return a metric of each scrape: up, scrape_duration_seconds, scrape_samples_scraped."""
    return Series(metric, (("group", ANY),), scope, is_from_scraper=True)
