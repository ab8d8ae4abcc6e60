"""The values that travel through lmaster: targets, and batches of points."""

from dataclasses import dataclass, field
from urllib.parse import quote

from fructosa_service.kinds import Endpoint

Point = tuple[str, float]
"""A Graphite path and a value."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A page that is scraped every *interval_s* seconds.

    *group* is the label of its ``[nodes:…]`` section, *path* where its series are in Graphite.
    """

    group: str
    host: str
    port: int
    path: str
    interval_s: int = 10
    timeout_s: float = 5
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
    def url(self) -> str:
        """Where its page is."""
        query = "&".join(f"collect[]={quote(sensor)}" for sensor in self.sensors)
        return f"http://{self.name}/metrics" + (f"?{query}" if query else "")


@dataclass(frozen=True)
class Batch:
    """The points of one scrape; all have the time at which it was due, in seconds since 1970."""

    time_s: int
    interval_s: int
    points: list[Point] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.points)
