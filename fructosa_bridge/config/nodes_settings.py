"""[nodes:…] of lmaster.conf: which nodes are scraped, how, and which series are stored."""

from dataclasses import dataclass
from pathlib import Path

from fructosa_service.config.kinds import (
    HOST,
    PORT,
    YES_NO,
    Kind,
    choice,
    optional,
    seconds,
    several,
    whole,
)
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import REQUIRED, option
from fructosa_service.errors import KeyProblem, check_pair

from ..model.access import METRICS_PATH, URL_PATH, USER, Access
from ..model.selection import SELECTOR, LabelLimits, MetricSelection, Selector
from ..naming.graphite_paths import node_part, part
from ..nodes.hosts import HOSTS, Hosts
from .agents_settings import CONNECT_TIMEOUT_TOO_LONG
from .node_names import NAMES, NodeNames

TIMEOUT_TOO_LONG = (
    "{timeout_s:g} s is longer than the interval of {interval_s} s; "
    "lower the timeout or lengthen the interval"
)
WITHOUT_TLS = "has no effect without TLS; set tls = yes too"

_DEFAULT_TIMEOUT_S = 5.0
_MAX_PREFIX = 1000  # the rest of a path's length is for the node and the series


def _parse_sensor(text: str) -> str:
    if len(text.split()) != 1:
        raise ValueError("is not the name of one sensor; separate several with commas")
    return text


SENSOR = Kind(name="sensor", example="CPUPercent", parse=_parse_sensor)


def _parse_prefix(text: str) -> str:
    if len(text) > _MAX_PREFIX or not all(name and part(name) == name for name in text.split(".")):
        raise ValueError(
            "is not a valid prefix; write short names of letters, digits, _ and -, separated by "
            "dots"
        )
    return text


PREFIX = Kind(name="Graphite path", example="cluster", parse=_parse_prefix)


@dataclass(frozen=True, kw_only=True)
class NodesSettings:
    """Nodes that are scraped in the same way."""

    hosts: Hosts = option(
        HOSTS,
        REQUIRED,
        "The nodes: a node set (node[001-128], a!b), a ClusterShell group (@compute), Slurm's "
        "nodes (@slurm, @slurm:PARTITION; with a section [slurm]), or the path of a file with one "
        "set per line. A reload reads groups and files again; Slurm's nodes follow its readings.",
    )
    port: int = option(PORT, 9888, "TCP port of the nodes' page.")
    interval_s: int = option(
        whole("seconds", at_least=1, at_most=86400),
        10,
        "Time between two scrapes of a node, in seconds.",
        key="interval",
    )
    timeout_s: float | None = option(
        optional(seconds(at_least=0.05, at_most=3600, example="5")),
        None,
        "Timeout for a scrape, in seconds. Default: 5, or the interval if that is shorter.",
        key="timeout",
    )
    connect_timeout_s: float | None = option(
        optional(seconds(at_least=0.05, at_most=3600, example="2")),
        None,
        "Timeout for connecting, in seconds, as part of the timeout. Default: half of it.",
        key="connect timeout",
    )
    page_limit: int = option(
        whole("bytes", at_least=1000, at_most=2**30, example="16777216"),
        16 * 2**20,
        "Pages with more bytes are rejected. A compressed page counts with its uncompressed size.",
        key="page limit",
    )
    compression: bool = option(
        YES_NO,
        False,
        "yes: request gzip, for slow networks. It costs both ends processor time.",
    )
    path: str = option(URL_PATH, METRICS_PATH, "Path of the page on the node.")
    format: str = option(
        choice("text", "openmetrics"),
        "text",
        "Format to request. openmetrics: only for exporters that have no text format. A page is "
        "read in the format that it has, whichever was requested.",
    )
    sensors: tuple[str, ...] = option(
        several(SENSOR), (), "Request only these sensors. Default: all that the node serves."
    )
    alignment: str = option(
        choice("spread", "together"),
        "spread",
        "spread: scrape each node at its own offset within the interval. together: scrape all "
        "nodes at the same time, which disturbs a job on many nodes once instead of many times.",
    )
    keep: tuple[Selector, ...] = option(
        several(SELECTOR),
        (),
        'Keep only these metrics: node_cpu_*, or go_*{quantile="0.5"} for some of their series.',
        key="metrics keep",
    )
    drop: tuple[Selector, ...] = option(
        several(SELECTOR),
        (),
        "Drop these metrics, even if metrics keep matches them.",
        key="metrics drop",
    )
    label_limit: int = option(
        whole("labels", at_least=1, at_most=10_000, example="256"),
        LabelLimits.label_limit,
        "Pages that have a series with more labels are rejected.",
        key="label limit",
    )
    label_length_limit: int = option(
        whole("bytes", at_least=1, at_most=2**20, example="16384"),
        LabelLimits.label_length_limit,
        "Pages that have a label with a longer name or value are rejected.",
        key="label length limit",
    )
    line_limit: int = option(
        whole("bytes", at_least=100, at_most=2**20, example="65536"),
        LabelLimits.line_limit,
        "Pages that have a longer line are rejected.",
        key="line limit",
    )
    series_limit: int | None = option(
        optional(whole("series", at_least=1, example="100000")),
        None,
        "Maximum number of series of a node that are stored, with those of the last day that have "
        "gone. Its first page and new metrics are stored up to it. Default: the sample limit of "
        "[lmaster].",
        key="series limit",
    )
    new_series_limit: int = option(
        whole("series", at_least=0, example="5000"),
        5000,
        "Maximum number of new series of metrics that a node already has, which are stored within "
        "an hour: new values of labels. More are not stored but counted, and lmaster nodes says "
        "so.",
        key="new series limit",
    )
    prefix: str | None = option(
        optional(PREFIX), None, "Graphite prefix of these nodes, instead of that in [Graphite]."
    )
    names: NodeNames | None = option(
        optional(NAMES),
        None,
        "File with a host and its name in Graphite per line, for nodes that Graphite knows by "
        "another name. A reload reads it again. Default: the host up to its first dot.",
    )

    tls: bool = option(YES_NO, False, "yes: use https.")
    tls_ca: Path | None = option(
        optional(PATH),
        None,
        "CA certificates (PEM) to verify the nodes' certificates with. Default: those of the "
        "system. lmaster reads this file and those below again when they change.",
        key="tls ca",
    )
    tls_certificate: Path | None = option(
        optional(PATH),
        None,
        "Client certificate (PEM), for nodes that require one.",
        key="tls certificate",
    )
    tls_key: Path | None = option(
        optional(PATH),
        None,
        "Private key of the client certificate (PEM), unencrypted.",
        key="tls key",
    )
    tls_server_name: str | None = option(
        optional(HOST),
        None,
        "Host name to expect in the nodes' certificates, instead of each node's own.",
        key="tls server name",
    )
    user: str | None = option(
        optional(USER), None, "User name for nodes that require basic authentication."
    )
    password_file: Path | None = option(
        optional(PATH), None, "File with the user's password, on one line.", key="password file"
    )
    token_file: Path | None = option(
        optional(PATH),
        None,
        "File with a bearer token, on one line, for nodes that require one.",
        key="token file",
    )

    def __post_init__(self) -> None:
        if self.timeout_s is not None and self.timeout_s > self.interval_s:
            raise KeyProblem(
                "timeout",
                TIMEOUT_TOO_LONG.format(timeout_s=self.timeout_s, interval_s=self.interval_s),
            )
        if self.connect_timeout_s is not None and self.connect_timeout_s > self.effective_timeout_s:
            raise KeyProblem(
                "connect timeout",
                CONNECT_TIMEOUT_TOO_LONG.format(
                    connect_s=self.connect_timeout_s, timeout_s=self.effective_timeout_s
                ),
            )
        self._check_tls()
        self._check_user()

    def _check_tls(self) -> None:
        check_pair(tls_certificate=self.tls_certificate, tls_key=self.tls_key)
        for key, value in (
            ("tls ca", self.tls_ca),
            ("tls certificate", self.tls_certificate),
            ("tls server name", self.tls_server_name),
        ):
            if value is not None and not self.tls:
                raise KeyProblem(key, WITHOUT_TLS)

    def _check_user(self) -> None:
        check_pair(user=self.user, password_file=self.password_file)
        if self.user is not None and self.token_file is not None:
            raise KeyProblem(
                "token file", "cannot be used together with user; remove one of the two"
            )

    def name(self, host: str) -> str:
        """Return what a host is called in Graphite."""
        return node_part(host) if self.names is None else self.names.of(host)

    @property
    def selection(self) -> MetricSelection:
        """Which series are stored."""
        return MetricSelection(self.keep, self.drop)

    @property
    def label_limits(self) -> LabelLimits:
        """How many labels a series may have, and how long labels and lines may be."""
        return LabelLimits(
            label_limit=self.label_limit,
            label_length_limit=self.label_length_limit,
            line_limit=self.line_limit,
        )

    @property
    def access(self) -> Access:
        """How the page is requested: TLS, authentication, compression."""
        return Access(
            tls=self.tls,
            ca=self.tls_ca,
            certificate=self.tls_certificate,
            key=self.tls_key,
            server_name=self.tls_server_name,
            user=self.user,
            password_file=self.password_file,
            token_file=self.token_file,
            compression=self.compression,
        )

    @property
    def effective_timeout_s(self) -> float:
        """The timeout, or its default."""
        if self.timeout_s is not None:
            return self.timeout_s
        return min(_DEFAULT_TIMEOUT_S, float(self.interval_s))
