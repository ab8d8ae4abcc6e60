"""The values that travel through lmaster: targets, and batches of points."""

from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

from fructosa_service.kinds import Endpoint

from .access import METRICS, Access

Point = tuple[str, float]
"""A Graphite path and a value."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A page that is scraped every *interval_s* seconds.

    *group* is the label of its ``[nodes:…]`` section, *path* where its series are in Graphite,
    *page* where its page is on the node.
    """

    group: str
    host: str
    port: int
    path: str
    interval_s: int = 10
    timeout_s: float = 5
    connect_timeout_s: float | None = None
    limit_bytes: int = 16 * 2**20
    page: str = METRICS
    access: Access = Access()
    sensors: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Host and port, as people write them."""
        return str(Endpoint(self.host, self.port))

    @property
    def identity(self) -> str:
        """What tells it from all other targets; its moment in the interval follows from it."""
        return f"{self.group}/{self.name}"

    @property
    def connecting_s(self) -> float:
        """How long connecting may take: that a node is off is not said as if it were slow."""
        return self.timeout_s / 2 if self.connect_timeout_s is None else self.connect_timeout_s

    @cached_property
    def url(self) -> str:
        """Where its page is."""
        query = "&".join(f"collect[]={quote(sensor)}" for sensor in self.sensors)
        scheme = "https" if self.access.tls else "http"
        between = ("&" if "?" in self.page else "?") if query else ""
        return f"{scheme}://{self.name}{self.page}{between}{query}"


@dataclass(frozen=True)
class Batch:
    """The points of one scrape; all have the time at which it was due, in seconds since 1970."""

    time_s: int
    interval_s: int
    points: list[Point] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.points)
