"""A target: a page of a node that is scraped."""

from dataclasses import dataclass, field
from urllib.parse import quote

from fructosa_service.config.kinds import Endpoint

from .access import METRICS_PATH, Access
from .selection import LabelLimits, MetricSelection


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A page that is scraped every *interval_s* seconds.

    *group* is the label of its ``[nodes:…]`` section. *host* is what its node is called, and where
    it is reached unless it has another *address*. Its series in Graphite are below *graphite_path*,
    its page is at the URL path *path* of the node. With *is_together* it is scraped at the same
    moment as all other such targets with its interval. *format* is the one that its page is
    requested in, text or openmetrics. Of its series, *series_limit* are stored, and
    *new_series_limit* new values of labels in an hour; None is as many as a page may have samples.

    Of these follow its *name*, host and port, e.g. ``node001:9888``; its *identity* among all
    targets, from which its offset in the interval follows; and *request_path*, path and query of
    the request.
    """

    group: str
    host: str
    port: int
    graphite_path: str
    interval_s: int = 10
    timeout_s: float = 5
    connect_timeout_s: float | None = None
    page_limit: int = 16 * 2**20
    path: str = METRICS_PATH
    format: str = "text"
    access: Access = Access()
    sensors: tuple[str, ...] = ()
    naming: str = "plain"
    selection: MetricSelection = MetricSelection()
    label_limits: LabelLimits = LabelLimits()
    is_together: bool = False
    address: str | None = None
    series_limit: int | None = None
    new_series_limit: int = 5000

    name: str = field(init=False, compare=False, repr=False)
    identity: str = field(init=False, compare=False, repr=False)
    request_path: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Set what follows of the rest: it is asked for at each scrape."""
        name = str(Endpoint(self.host, self.port))
        query = "&".join(f"collect[]={quote(sensor)}" for sensor in self.sensors)
        between = ("&" if "?" in self.path else "?") if query else ""
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "identity", f"{self.group}/{name}")
        object.__setattr__(self, "request_path", f"{self.path}{between}{query}")

    @property
    def reached_at(self) -> str:
        """The name or address to connect to."""
        return self.address or self.host

    @property
    def endpoint(self) -> str:
        """Where it is reached, and its port; see *name* for what it is called."""
        return str(Endpoint(self.reached_at, self.port))

    @property
    def effective_connect_timeout_s(self) -> float:
        """The timeout for connecting: shorter, to tell a node that is down from a slow one."""
        return self.timeout_s / 2 if self.connect_timeout_s is None else self.connect_timeout_s

    @property
    def url(self) -> str:
        """The URL of its page."""
        return f"{'https' if self.access.tls else 'http'}://{self.endpoint}{self.request_path}"
