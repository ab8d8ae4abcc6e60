"""lmaster.conf: its sections and settings, how the file is read, and an example of it."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fructosa_service.config.example import example
from fructosa_service.config.kinds import (
    HOST,
    YES_NO,
    choice,
    optional,
    tcp_port,
    whole,
)
from fructosa_service.config.load import Loaded, load
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import SectionType, option
from fructosa_service.daemon.privileges import GROUP, USER
from fructosa_service.errors import ConfigError, KeyProblem, Problem
from fructosa_service.logs import LOGGING, LoggingSettings

from ..naming.schemes import SCHEMES
from ..nodes.host_hints import port_warnings
from ..nodes.hosts import SlurmHosts
from .agents_settings import AGENTS, AgentsSettings
from .jobs_settings import JOBS, JobsSettings
from .node_names import name_problems
from .nodes_settings import PREFIX, NodesSettings
from .shard import SHARD, Shard
from .slurm_sections import shard_warning, without_slurm
from .slurm_settings import SLURM, SlurmSettings
from .web_settings import MASTER_WEB, MasterWebSettings

NEEDS_SLURM = "needs the section [slurm]; add it, it may be empty"
DEFAULT_FILE = Path("/etc/fructosa/lmaster.conf")
UNUSED_PORT = "{key} has no effect with protocol = {protocol}; set {used}, or change the protocol"
ONE_PORT = (
    "{key} and {other} are both {port}, but carbon has a port for each protocol; set {key} to the "
    "port of protocol = {protocol}"
)
OTHER_PATHS = (
    "is {here}, but in [{first}] it is {there}; "
    "all destinations receive the same paths; write the same in both sections"
)


@dataclass(frozen=True, kw_only=True)
class MasterSettings:
    """The master: status page, queue, limits, user."""

    host: str = option(HOST, "localhost", "Address of the status page.")
    port: int = option(
        tcp_port(at_least=0, example="9889"),
        9889,
        "TCP port of the status page; 0 chooses a free one.",
    )
    data_directory: Path = option(
        PATH, Path("/var/lib/fructosa"), "Directory for the data of lmaster.", key="data directory"
    )
    shard: Shard | None = option(
        optional(SHARD),
        None,
        "Scrape only one part of the nodes: 2/5 is the second of five lmasters that share them.",
    )
    queue_bytes: int = option(
        whole("bytes", at_least=2**20, example="4294967296"),
        4 * 2**30,
        "Maximum size of the queue on disk, in bytes. When it is full, lmaster drops and counts "
        "the oldest points.",
        key="queue bytes",
    )
    queue_age_s: int = option(
        whole("seconds", at_least=60, example="604800"),
        7 * 24 * 3600,
        "Maximum age of points in the queue on disk, in seconds.",
        key="queue age",
    )
    queue_points: int = option(
        whole("points", at_least=1000, example="2000000"),
        2_000_000,
        "Maximum number of points in memory while the disk cannot be written.",
        key="queue points",
    )
    replay_rate: int = option(
        whole("points", at_least=1000, example="100000"),
        100_000,
        "Maximum number of points per second to send from the queue on disk.",
        key="replay rate",
    )
    sample_limit: int = option(
        whole("samples", at_least=1),
        100_000,
        "Pages with more samples are rejected.",
        key="sample limit",
    )
    series_limit: int = option(
        whole("series", at_least=1000, example="50000000"),
        50_000_000,
        "Maximum number of series of all nodes together that are stored. When it is reached, nodes "
        "that have more than their share of it get no new ones.",
        key="series limit",
    )
    pid_file: Path | None = option(
        optional(replace(PATH, example="/run/fructosa/lmaster.pid")),
        None,
        "File in which lmaster start writes the pid. Default: /run/fructosa/lmaster.pid for root, "
        "and a file below XDG_RUNTIME_DIR or /tmp for other users.",
        key="pid file",
    )
    user: str | None = option(
        optional(USER),
        None,
        "User to switch to when root starts lmaster. By default it stays root.",
    )
    group: str | None = option(
        optional(GROUP), None, "Group to switch to. Default: the primary group of the user."
    )

    @property
    def jobs_directory(self) -> Path:
        """The directory of the archive of jobs."""
        return self.data_directory / "jobs"


@dataclass(frozen=True, kw_only=True)
class GraphiteSettings:
    """A destination for points: a carbon, or a directory of Whisper files."""

    send: bool = option(YES_NO, True, "no: scrape and show the nodes, but write no points.")
    host: str = option(HOST, "localhost", "Host of carbon.")
    pickle_port: int = option(
        tcp_port(example="2004"),
        2004,
        "Port of carbon's pickle receiver.",
        key="carbon receiver pickle port",
    )
    plaintext_port: int = option(
        tcp_port(example="2003"),
        2003,
        "Port of carbon's plaintext receiver.",
        key="carbon receiver port",
    )
    protocol: str = option(choice("pickle", "plaintext"), "pickle", "Protocol to send with.")
    prefix: str | None = option(
        optional(PREFIX), None, "Prefix of all paths. By default paths begin with the node."
    )
    naming: str = option(
        choice(*SCHEMES),
        "plain",
        "Names of the series: paths (plain), Graphite's tags (tagged), or the paths of FrUCToSA "
        "0.3 (fructosa).",
    )
    whisper_directory: Path | None = option(
        optional(PATH),
        None,
        "Write Whisper files below this directory, instead of sending to carbon.",
        key="whisper directory",
    )

    @property
    def name(self) -> str:
        """The destination as text, which also identifies it: ``carbon at localhost:2004``."""
        if self.whisper_directory is not None:
            return f"Whisper files in {self.whisper_directory}"
        port = self.plaintext_port if self.protocol == "plaintext" else self.pickle_port
        return f"carbon at {self.host}:{port}"

    @property
    def port_warning(self) -> str | None:
        """A warning if the port of the protocol that is used may be that of the other one."""
        if self.whisper_directory is not None:
            return None
        ports = {
            "carbon receiver pickle port": (self.pickle_port, 2004),
            "carbon receiver port": (self.plaintext_port, 2003),
        }
        used, unused = ports if self.protocol == "pickle" else reversed(ports)
        if self.pickle_port == self.plaintext_port:
            port, protocol = self.pickle_port, self.protocol
            return ONE_PORT.format(key=used, other=unused, port=port, protocol=protocol)
        is_set = ports[unused][0] != ports[unused][1] and ports[used][0] == ports[used][1]
        return UNUSED_PORT.format(key=unused, protocol=self.protocol, used=used) if is_set else None

    @property
    def destination_type(self) -> str:
        """The type of the destination: pickle, plaintext or whisper."""
        return self.protocol if self.whisper_directory is None else "whisper"

    def __post_init__(self) -> None:
        if self.naming == "tagged" and self.whisper_directory is not None:
            raise KeyProblem(
                "naming",
                "cannot be tagged with a whisper directory, because Whisper files have no tags; "
                "use plain or fructosa",
            )


SCHEMA = (
    SectionType(
        name="lmaster",
        help="The master: its status page, its data, its limits.",
        settings=MasterSettings,
        obsolete=("incoming data port",),
    ),
    SectionType(
        name="nodes",
        help="Nodes that are scraped in the same way. Any number of these sections is allowed.",
        settings=NodesSettings,
        labelled=True,
    ),
    SectionType(
        name="Graphite",
        help="A destination for the points. For several destinations, write several sections "
        "[Graphite:NAME]. Each has its own position in the queue. prefix and naming must be the "
        "same in all of them.",
        settings=GraphiteSettings,
        may_be_labelled=True,
    ),
    SLURM,
    JOBS,
    AGENTS,
    MASTER_WEB,
    LOGGING,
    SectionType(
        name="sensor",
        help="In 0.x, lagent and lmaster could read the same file. Now lagent.conf has these.",
        labelled=True,
    ),
)


@dataclass(frozen=True)
class MasterConfig:
    """The configuration of an lmaster."""

    master: MasterSettings
    nodes: Mapping[str, NodesSettings]
    destinations: Mapping[str, GraphiteSettings]
    logging: LoggingSettings
    web: MasterWebSettings = MasterWebSettings()
    agents: AgentsSettings = AgentsSettings()
    slurm: SlurmSettings | None = None
    jobs: JobsSettings | None = None
    warnings: tuple[str, ...] = ()

    @property
    def graphite(self) -> GraphiteSettings:
        """The settings that all destinations share: prefix and naming."""
        return next(iter(self.destinations.values()))


def read_config(path: Path | None, data: Path | None = None) -> MasterConfig:
    """Return the configuration in the file *path*; *data* overrides its data directory.

    Without a file (None), the destination is Whisper files in the data directory.

    Raises: ConfigError with all problems of the file.
    """
    loaded = Loaded() if path is None else load(path, SCHEMA)
    master = loaded.one("lmaster", MasterSettings)
    if data is None and path is None:
        data = own_data_directory(os.environ, os.geteuid())
    if data is not None:
        master = replace(master, data_directory=data)
    destinations, nodes = _destinations(loaded, str(path)), loaded.labelled("nodes")
    if path is None:
        whisper_directory = master.data_directory / "whisper"
        destinations = {"": replace(destinations[""], whisper_directory=whisper_directory)}
    warnings = loaded.warnings
    slurm = loaded.one("slurm", SlurmSettings) if loaded.has("slurm") else None
    if slurm is None:
        nodes = without_slurm(nodes, str(path))
    elif warning := shard_warning(master.shard):
        warnings = (*warnings, f"{path}: {warning}")
    jobs = loaded.one("jobs", JobsSettings) if loaded.has("jobs") else None
    if jobs is not None and slurm is None:
        raise ConfigError(str(path), [Problem(message=NEEDS_SLURM, section="jobs")])
    naming = next(iter(destinations.values())).naming
    if problems := list(name_problems(nodes, naming)):
        raise ConfigError(str(path), problems)
    port_problems = (
        f"{path}: [nodes:{label}] hosts: {warning}"
        for label, settings in nodes.items()
        if not isinstance(settings.hosts, SlurmHosts)
        for warning in port_warnings(settings.hosts, settings.port)
    )
    return MasterConfig(
        master=master,
        nodes=nodes,
        destinations=destinations,
        logging=loaded.one("logging", LoggingSettings),
        web=loaded.one("web", MasterWebSettings),
        agents=loaded.one("agents", AgentsSettings),
        slurm=slurm,
        jobs=jobs,
        warnings=(*warnings, *port_problems, *_port_warnings(destinations, path)),
    )


def _port_warnings(
    destinations: Mapping[str, GraphiteSettings], path: Path | None
) -> Iterator[str]:
    for label, settings in destinations.items():
        if warning := settings.port_warning:
            yield f"{path}: [Graphite{':' if label else ''}{label}] {warning}"


def _destinations(loaded: Loaded, filename: str) -> dict[str, GraphiteSettings]:
    """Return the destinations by their labels; the label of [Graphite] is empty.

    Raises: ConfigError if two of them contradict each other.
    """
    destinations: dict[str, GraphiteSettings] = loaded.labelled("Graphite")
    if not destinations or loaded.has("Graphite"):
        destinations = {"": loaded.one("Graphite", GraphiteSettings), **destinations}
    sections = {
        f"Graphite:{label}" if label else "Graphite": settings
        for label, settings in destinations.items()
    }
    if problems := [*_path_conflicts(sections), *_duplicates(sections)]:
        raise ConfigError(filename, problems)
    return destinations


def _path_conflicts(sections: Mapping[str, GraphiteSettings]) -> Iterator[Problem]:
    """Yield the keys that would give the destinations different paths."""
    (first_section, first), *others = sections.items()
    for section, settings in others:
        for key in ("prefix", "naming"):
            here, there = getattr(settings, key), getattr(first, key)
            if here != there:
                message = OTHER_PATHS.format(
                    here=here or "not set", first=first_section, there=there or "not set"
                )
                yield Problem(message=message, section=section, key=key)


def _duplicates(sections: Mapping[str, GraphiteSettings]) -> Iterator[Problem]:
    """Yield the sections whose destination an earlier section has."""
    owners = dict[str, str]()
    for section, settings in sections.items():
        owner = owners.setdefault(settings.name, section)
        if owner != section:
            message = f"is {settings.name}, like [{owner}]; remove one of the two sections"
            yield Problem(message=message, section=section)


def own_data_directory(environment: Mapping[str, str], user_id: int) -> Path:
    """Return the data directory for a user without a configuration file."""
    if user_id == 0:
        return MasterSettings().data_directory
    share = environment.get("XDG_DATA_HOME") or Path("~/.local/share").expanduser()
    return Path(share) / "fructosa"


def example_config() -> str:
    """Return an example of lmaster.conf, with every key, its default and its help."""
    sections = {section.name: section for section in SCHEMA}
    return example(
        "lmaster.conf: every key with its default and its meaning. Only the hosts of a [nodes:...] "
        "section are required.",
        [
            (sections["lmaster"], "lmaster", MasterSettings),
            (sections["nodes"], "nodes:compute", NodesSettings),
            (sections["Graphite"], "Graphite", GraphiteSettings),
            (sections["slurm"], "slurm", SlurmSettings),
            (sections["jobs"], "jobs", JobsSettings),
            (sections["agents"], "agents", AgentsSettings),
            (sections["web"], "web", MasterWebSettings),
            (sections["logging"], "logging", LoggingSettings),
        ],
    )
