"""lmaster.conf: its sections, and the settings made of them."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fructosa_service.config.kinds import (
    HOST,
    LISTENING_PORT,
    PORT,
    YES_NO,
    choice,
    optional,
    whole,
)
from fructosa_service.config.load import Loaded, load
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import SectionType, option
from fructosa_service.daemon.privileges import GROUP, USER
from fructosa_service.errors import ConfigError, KeyProblem, Problem
from fructosa_service.logs import LOGGING, LoggingSettings
from fructosa_service.web.settings import WEB, WebSettings

from ..naming.schemes import SCHEMES
from .agents_settings import AGENTS, AgentsSettings
from .node_sets import PREFIX
from .nodes_settings import NodesSettings
from .shard import SHARD, Shard

DEFAULT_FILE = Path("/etc/fructosa/lmaster.conf")


@dataclass(frozen=True, kw_only=True)
class MasterSettings:
    """The master itself."""

    host: str = option(HOST, "localhost", "Address of the status page.")
    port: int = option(LISTENING_PORT, 9889, "TCP port of the status page; 0 takes a free one.")
    data_directory: Path = option(
        PATH, Path("/var/lib/fructosa"), "Where lmaster keeps its data.", key="data directory"
    )
    shard: Shard | None = option(
        optional(SHARD),
        None,
        "Scrape one part of the nodes alone: 2/5 is the second of five lmasters that share them.",
    )
    queue_bytes: int = option(
        whole("bytes", at_least=2**20, example="4294967296"),
        4 * 2**30,
        "How large the queue on disk may grow; then the oldest points are dropped, and counted.",
        key="queue bytes",
    )
    queue_age_s: int = option(
        whole("seconds", at_least=60, example="604800"),
        7 * 24 * 3600,
        "How many seconds points wait on disk at most.",
        key="queue age",
    )
    queue_points: int = option(
        whole("points", at_least=1000, example="2000000"),
        2_000_000,
        "How many points wait in memory at most, while the disk takes nothing.",
        key="queue points",
    )
    replay_rate: int = option(
        whole("points", at_least=1000, example="100000"),
        100_000,
        "How many points a second are sent at most of what has waited on disk.",
        key="replay rate",
    )
    sample_limit: int = option(
        whole("samples", at_least=1),
        100_000,
        "A page with more samples is refused.",
        key="sample limit",
    )
    pid_file: Path | None = option(
        optional(replace(PATH, example="/run/fructosa/lmaster.pid")),
        None,
        "Where lmaster start keeps the pid; without it /run/fructosa/lmaster.pid for root, and "
        "below XDG_RUNTIME_DIR or /tmp for others.",
        key="pid file",
    )
    user: str | None = option(
        optional(USER),
        None,
        "Which user it becomes when root starts it; without it, it stays root.",
    )
    group: str | None = option(
        optional(GROUP), None, "The group that it then has; without it the user's own."
    )


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
    naming: str = option(
        choice(*SCHEMES),
        "plain",
        "How series are called: by paths (plain), with Graphite's tags (tagged), or as FrUCToSA "
        "0.3 called them (fructosa).",
    )
    whisper_directory: Path | None = option(
        optional(PATH),
        None,
        "Write Whisper files into this folder, instead of sending to carbon.",
        key="whisper directory",
    )

    @property
    def place(self) -> str:
        """Where that is, in words: what tells one destination from another."""
        if self.whisper_directory is not None:
            return f"Whisper files in {self.whisper_directory}"
        port = self.plaintext_port if self.protocol == "plaintext" else self.pickle_port
        return f"carbon at {self.host}:{port}"

    @property
    def destination_type(self) -> str:
        """The type of the destination: pickle, plaintext or whisper."""
        return self.protocol if self.whisper_directory is None else "whisper"

    def __post_init__(self) -> None:
        if self.naming == "tagged" and self.whisper_directory is not None:
            raise KeyProblem(
                "naming",
                "can't be tagged with a whisper directory, which has no tags; choose plain or "
                "fructosa",
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
    SectionType(
        name="Graphite",
        help="Where points go. With [Graphite:NAME] there are several such places, each with its "
        "own place in the queue; prefix and naming are the same in all.",
        settings=GraphiteSettings,
        may_be_labelled=True,
    ),
    AGENTS,
    WEB,
    LOGGING,
)


@dataclass(frozen=True)
class MasterConfig:
    """What an lmaster runs with."""

    master: MasterSettings
    nodes: Mapping[str, NodesSettings]
    destinations: Mapping[str, GraphiteSettings]
    logging: LoggingSettings
    web: WebSettings = WebSettings()
    agents: AgentsSettings = AgentsSettings()
    warnings: tuple[str, ...] = ()

    @property
    def graphite(self) -> GraphiteSettings:
        """What all destinations share: prefix and naming."""
        return next(iter(self.destinations.values()))


def read_config(path: Path | None, data: Path | None = None) -> MasterConfig:
    """Return the configuration in the file at *path*; *data* replaces its data directory.

    Without a file (None) points go to Whisper files in the data directory.

    Raises: ConfigError with all problems of the file.
    """
    loaded = Loaded() if path is None else load(path, SCHEMA)
    master = loaded.one("lmaster", MasterSettings)
    if data is None and path is None:
        data = own_data_directory(os.environ, os.geteuid())
    if data is not None:
        master = replace(master, data_directory=data)
    destinations = _destinations(loaded, str(path))
    if path is None:
        whisper_directory = master.data_directory / "whisper"
        destinations = {"": replace(destinations[""], whisper_directory=whisper_directory)}
    return MasterConfig(
        master=master,
        nodes=loaded.labelled("nodes"),
        destinations=destinations,
        logging=loaded.one("logging", LoggingSettings),
        web=loaded.one("web", WebSettings),
        agents=loaded.one("agents", AgentsSettings),
        warnings=loaded.warnings,
    )


def _destinations(loaded: Loaded, filename: str) -> dict[str, GraphiteSettings]:
    """Return the places that points go to by their labels; [Graphite] has none.

    Raises: ConfigError where they can't be at one time.
    """
    found: dict[str, GraphiteSettings] = loaded.labelled("Graphite")
    if not found or loaded.has("Graphite"):
        found = {"": loaded.one("Graphite", GraphiteSettings), **found}
    sections = {f"Graphite:{label}" if label else "Graphite": one for label, one in found.items()}
    if problems := [*_different(sections), *_doubled(sections)]:
        raise ConfigError(filename, problems)
    return found


def _different(sections: Mapping[str, GraphiteSettings]) -> Iterator[Problem]:
    """Yield what differs among places that all get the same paths."""
    (first_section, first), *others = sections.items()
    for section, settings in others:
        for key in ("prefix", "naming"):
            here, there = getattr(settings, key), getattr(first, key)
            if here != there:
                message = (
                    f"is {here or 'not set'}, and in [{first_section}] it is {there or 'not set'}; "
                    "all destinations get the same paths, write the same in both"
                )
                yield Problem(message=message, section=section, key=key)


def _doubled(sections: Mapping[str, GraphiteSettings]) -> Iterator[Problem]:
    """Yield what names the place of another section."""
    owners = dict[str, str]()
    for section, settings in sections.items():
        owner = owners.setdefault(settings.place, section)
        if owner != section:
            message = f"means {settings.place}, as [{owner}] does; keep one of the two sections"
            yield Problem(message=message, section=section)


def own_data_directory(environment: Mapping[str, str], user_id: int) -> Path:
    """Return the data directory of a user without a configuration: root has the system's."""
    if user_id == 0:
        return MasterSettings().data_directory
    share = environment.get("XDG_DATA_HOME") or Path("~/.local/share").expanduser()
    return Path(share) / "fructosa"
