"""[nodes:…] of lmaster.conf: which nodes are scraped, how often, by which way, what is kept."""

from dataclasses import dataclass
from pathlib import Path

from fructosa_service.config.kinds import (
    HOST,
    PORT,
    YES_NO,
    choice,
    optional,
    seconds,
    several,
    whole,
)
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import REQUIRED, option
from fructosa_service.errors import KeyProblem

from ..model.access import METRICS_PATH, URL_PATH, USER, Access
from ..model.selection import SELECTOR, LabelLimits, MetricSelection, Selector
from .node_set_files import HOSTS
from .node_sets import PREFIX, SENSOR

_DEFAULT_TIMEOUT_S = 5.0


@dataclass(frozen=True, kw_only=True)
class NodesSettings:
    """Nodes that are scraped alike."""

    hosts: tuple[str, ...] = option(
        HOSTS,
        REQUIRED,
        "The nodes: a set (node[001-128], a!b), a ClusterShell group (@compute), or a file's path "
        "with a set a line. Groups and files are read again on a reload.",
    )
    port: int = option(PORT, 9888, "TCP port of their page.")
    interval_s: int = option(
        whole("seconds", at_least=1, at_most=86400),
        10,
        "Time between two scrapes of a node.",
        key="interval",
    )
    timeout_s: float | None = option(
        optional(seconds(at_least=0.05, at_most=3600, example="5")),
        None,
        "How long a scrape may take; without it 5 s, or the interval if that is shorter.",
        key="timeout",
    )
    connect_timeout_s: float | None = option(
        optional(seconds(at_least=0.05, at_most=3600, example="2")),
        None,
        "How long connecting may take, as a part of that; without it half of it.",
        key="connect timeout",
    )
    page_limit: int = option(
        whole("bytes", at_least=1000, at_most=2**30, example="16777216"),
        16 * 2**20,
        "A page with more bytes is refused; unpacked, if it comes in gzip.",
        key="page limit",
    )
    compression: bool = option(
        YES_NO,
        False,
        "yes: ask for gzip, where the network is slow; without it both ends have less to do.",
    )
    path: str = option(URL_PATH, METRICS_PATH, "Where the page is on the node.")
    sensors: tuple[str, ...] = option(
        several(SENSOR), (), "Ask for these sensors only; without it for all that the node serves."
    )
    alignment: str = option(
        choice("spread", "together"),
        "spread",
        "spread: each node at its own moment of the interval; together: all at the same one, so "
        "that a job on many nodes is disturbed once rather than many times.",
    )
    keep: tuple[Selector, ...] = option(
        several(SELECTOR),
        (),
        'Keep these metrics only: node_cpu_*, or go_*{quantile="0.5"} for some series of them.',
        key="metrics keep",
    )
    drop: tuple[Selector, ...] = option(
        several(SELECTOR),
        (),
        "Drop these metrics, also of those that are kept.",
        key="metrics drop",
    )
    label_limit: int | None = option(
        optional(whole("labels", at_least=1)),
        None,
        "A page that has a series with more labels is refused.",
        key="label limit",
    )
    label_length_limit: int | None = option(
        optional(whole("bytes", at_least=1, example="200")),
        None,
        "A page that has a label with a longer name or value is refused.",
        key="label length limit",
    )
    prefix: str | None = option(
        optional(PREFIX), None, "Graphite prefix of these nodes, instead of the one in [Graphite]."
    )

    tls: bool = option(YES_NO, False, "yes: the page is asked for by https.")
    tls_ca: Path | None = option(
        optional(PATH),
        None,
        "Authorities (PEM) that may have signed the nodes' certificates; without it those of the "
        "system. This file and those below are read again when they change.",
        key="tls ca",
    )
    tls_certificate: Path | None = option(
        optional(PATH),
        None,
        "lmaster's own certificate (PEM), for nodes that want to see one.",
        key="tls certificate",
    )
    tls_key: Path | None = option(
        optional(PATH), None, "The certificate's key (PEM), without a password.", key="tls key"
    )
    tls_server_name: str | None = option(
        optional(HOST),
        None,
        "Name that stands in the nodes' certificates, instead of each node's own.",
        key="tls server name",
    )
    user: str | None = option(
        optional(USER), None, "Who lmaster is to nodes that want a password (basic auth)."
    )
    password_file: Path | None = option(
        optional(PATH), None, "Holds the user's password in one line.", key="password file"
    )
    token_file: Path | None = option(
        optional(PATH),
        None,
        "Holds a token in one line, for nodes that want one (bearer).",
        key="token file",
    )

    def __post_init__(self) -> None:
        if self.timeout_s is not None and self.timeout_s > self.interval_s:
            raise KeyProblem(
                "timeout",
                f"{self.timeout_s:g} s is longer than the interval of {self.interval_s} s; "
                "lower the timeout or lengthen the interval",
            )
        if self.connect_timeout_s is not None and self.connect_timeout_s > self.effective_timeout_s:
            raise KeyProblem(
                "connect timeout",
                f"{self.connect_timeout_s:g} s is longer than the timeout of "
                f"{self.effective_timeout_s:g} s; lower it, or raise the timeout",
            )
        self._check_tls()
        self._check_user()

    def _check_tls(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            is_there, missing = "tls certificate", "tls key"
            if self.tls_certificate is None:
                is_there, missing = missing, is_there
            raise KeyProblem(is_there, f"has no {missing} beside it; set both, or neither")
        for key, value in (
            ("tls ca", self.tls_ca),
            ("tls certificate", self.tls_certificate),
            ("tls server name", self.tls_server_name),
        ):
            if value is not None and not self.tls:
                raise KeyProblem(key, "has no effect without TLS; set tls = yes too")

    def _check_user(self) -> None:
        if (self.user is None) != (self.password_file is None):
            is_there, missing = "user", "password file"
            if self.user is None:
                is_there, missing = missing, is_there
            raise KeyProblem(is_there, f"has no {missing} beside it; set both, or neither")
        if self.user is not None and self.token_file is not None:
            raise KeyProblem("token file", "can't be shown beside a user; remove one of the two")

    @property
    def selection(self) -> MetricSelection:
        """Which series are kept."""
        return MetricSelection(self.keep, self.drop)

    @property
    def label_limits(self) -> LabelLimits:
        """What series may have."""
        return LabelLimits(label_limit=self.label_limit, label_length_limit=self.label_length_limit)

    @property
    def access(self) -> Access:
        """How the page is asked for."""
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
        """The timeout, given or not."""
        if self.timeout_s is not None:
            return self.timeout_s
        return min(_DEFAULT_TIMEOUT_S, float(self.interval_s))
