"""lmaster.conf: its sections, and the settings made of them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fructosa_service.errors import KeyProblem
from fructosa_service.kinds import (
    HOST,
    LISTENING_PORT,
    PATH,
    PORT,
    YES_NO,
    choice,
    optional,
    seconds,
    several,
    whole,
)
from fructosa_service.load import Loaded, load
from fructosa_service.logs import LOGGING, LoggingSettings
from fructosa_service.settings import REQUIRED, SectionType, option

from .nodes import NODES, PREFIX, SENSOR

DEFAULT_FILE = Path("/etc/fructosa/lmaster.conf")
_DEFAULT_TIMEOUT_S = 5.0


@dataclass(frozen=True, kw_only=True)
class MasterSettings:
    """The master itself."""

    host: str = option(HOST, "localhost", "Address of the status page.")
    port: int = option(LISTENING_PORT, 9889, "TCP port of the status page; 0 takes a free one.")
    data_directory: Path = option(
        PATH, Path("/var/lib/fructosa"), "Where lmaster keeps its data.", key="data directory"
    )
    most_queued_points: int = option(
        whole("points", at_least=1000, example="2000000"),
        2_000_000,
        "How many points wait for Graphite at most; then the oldest are dropped, and counted.",
        key="queue points",
    )
    most_samples: int = option(
        whole("samples", at_least=1),
        100_000,
        "A page with more samples is refused.",
        key="sample limit",
    )


@dataclass(frozen=True, kw_only=True)
class NodesSettings:
    """Nodes that are scraped alike."""

    hosts: tuple[str, ...] = option(
        NODES, REQUIRED, "The nodes: node[001-128], or names by commas."
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
    sensors: tuple[str, ...] = option(
        several(SENSOR), (), "Ask for these sensors only; without it for all that the node serves."
    )
    prefix: str | None = option(
        optional(PREFIX), None, "Graphite prefix of these nodes, instead of the one in [Graphite]."
    )

    def __post_init__(self) -> None:
        if self.timeout_s is not None and self.timeout_s > self.interval_s:
            raise KeyProblem(
                "timeout",
                f"{self.timeout_s:g} s is longer than the interval of {self.interval_s} s; "
                "lower the timeout or lengthen the interval",
            )

    @property
    def patience_s(self) -> float:
        """The timeout, given or not."""
        if self.timeout_s is not None:
            return self.timeout_s
        return min(_DEFAULT_TIMEOUT_S, float(self.interval_s))


@dataclass(frozen=True, kw_only=True)
class GraphiteSettings:
    """Where points go."""

    send: bool = option(YES_NO, True, "no: scrape and show, but write nothing.")
    host: str = option(HOST, "localhost", "Where carbon runs.")
    pickle_port: int = option(
        PORT, 2004, "Port of carbon's pickle receiver.", key="carbon receiver pickle port"
    )
    plaintext_port: int = option(
        PORT, 2003, "Port of carbon's plaintext receiver.", key="carbon receiver port"
    )
    protocol: str = option(choice("pickle", "plaintext"), "pickle", "Which of the two is used.")
    prefix: str | None = option(
        optional(PREFIX), None, "What all paths begin with; without it they begin with the node."
    )
    whisper_directory: Path | None = option(
        optional(PATH),
        None,
        "Write Whisper files into this folder, instead of sending to carbon.",
        key="whisper directory",
    )


SCHEMA = (
    SectionType(
        name="lmaster",
        help="The master itself: its status page, its data, its limits.",
        settings=MasterSettings,
        obsolete=("incoming data port",),
    ),
    SectionType(
        name="nodes",
        help="Nodes that are scraped alike; any number of such sections.",
        settings=NodesSettings,
        labelled=True,
    ),
    SectionType(name="Graphite", help="Where points go.", settings=GraphiteSettings),
    LOGGING,
)


@dataclass(frozen=True)
class Config:
    """What an lmaster runs with."""

    master: MasterSettings
    nodes: Mapping[str, NodesSettings]
    graphite: GraphiteSettings
    logging: LoggingSettings
    warnings: tuple[str, ...] = ()


def read_config(path: Path | None, data: Path | None = None) -> Config:
    """Return the configuration in the file at *path*; *data* replaces its data directory.

    Without a file (None) points go to Whisper files in the data directory.

    Raises: ConfigError with all problems of the file.
    """
    loaded = Loaded() if path is None else load(path, SCHEMA)
    master = loaded.one("lmaster", MasterSettings)
    graphite = loaded.one("Graphite", GraphiteSettings)
    if data is None and path is None:
        data = own_data_directory(os.environ, os.geteuid())
    if data is not None:
        master = replace(master, data_directory=data)
    if path is None:
        graphite = replace(graphite, whisper_directory=master.data_directory / "whisper")
    return Config(
        master=master,
        nodes=loaded.labelled("nodes"),
        graphite=graphite,
        logging=loaded.one("logging", LoggingSettings),
        warnings=loaded.warnings,
    )


def own_data_directory(environment: Mapping[str, str], user_id: int) -> Path:
    """Return the data directory of a user without a configuration: root has the system's."""
    if user_id == 0:
        return MasterSettings().data_directory
    share = environment.get("XDG_DATA_HOME") or Path("~/.local/share").expanduser()
    return Path(share) / "fructosa"
