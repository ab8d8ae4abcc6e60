"""lagent.conf: its sections, and the configuration that is read from them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fructosa_service.config.kinds import HOST, LISTENING_PORT, TEXT, optional, several
from fructosa_service.config.load import Loaded, load
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import SectionType, option
from fructosa_service.daemon.privileges import GROUP, USER
from fructosa_service.errors import ConfigError, Problem, did_you_mean, shown
from fructosa_service.logs import LOGGING, LoggingSettings
from fructosa_service.web.settings import WEB, WebSettings

from .sensor import Sensor, SensorOptions
from .sensors import SENSORS

UNKNOWN_SENSOR = "there is no sensor {name}{hint}"

DEFAULT_FILE = Path("/etc/fructosa/lagent.conf")


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """Section [lagent]: where it listens, and what it runs as."""

    host: str = option(
        HOST, "127.0.0.1", "Address to listen on; 0.0.0.0 for all IPv4 addresses of the node."
    )
    port: int = option(LISTENING_PORT, 9888, "TCP port to listen on; 0 for any free port.")
    procfs: Path = option(
        PATH, Path("/proc"), "Mount point of the node's procfs; in a container often another."
    )
    sysfs: Path = option(
        PATH, Path("/sys"), "Mount point of the node's sysfs; in a container often another."
    )
    rootfs: Path = option(
        PATH,
        Path("/"),
        "Where the node's / is. In a container, bind it there: file systems are measured below it.",
    )
    also: tuple[str, ...] = option(
        several(replace(TEXT, name="sensor", example="SlurmJobs, Processes")),
        (),
        "Sensors to read beside the default ones, separated by commas. With it, sections "
        "[sensor:NAME] turn no sensor off.",
    )
    pid_file: Path | None = option(
        optional(replace(PATH, example="/run/fructosa/lagent.pid")),
        None,
        "Pid file of lagent start; if unset, /run/fructosa/lagent.pid for root, and one in "
        "XDG_RUNTIME_DIR or /tmp for other users.",
        key="pid file",
    )
    user: str | None = option(
        optional(USER),
        None,
        "User to run as when root starts lagent; if unset, it keeps running as root.",
    )
    group: str | None = option(
        optional(GROUP), None, "Group to run as with user; if unset, the user's primary group."
    )


def schema(sensors: Mapping[str, type[Sensor]]) -> tuple[SectionType, ...]:
    """Return the sections that lagent.conf may have, given the available *sensors*."""
    return (
        SectionType(
            name="lagent", help="Where lagent listens, and what it runs as.", settings=AgentSettings
        ),
        WEB,
        SectionType(
            name="sensor",
            help="A sensor to read, and its options. Without any such section, lagent reads every "
            "sensor that is cheap to read and that finds something on the node. [lagent] also adds "
            "sensors to those.",
            settings={name: sensor.Options for name, sensor in sensors.items()},
            labelled=True,
        ),
        LOGGING,
        SectionType(
            name="lmaster",
            help="Where lagent 0.x sent heartbeats, or its samples. Now lmaster scrapes lagent.",
        ),
        SectionType(name="Graphite", help="Where lagent 0.3 sent its samples. Now lmaster does."),
    )


@dataclass(frozen=True)
class AgentConfig:
    """The configuration of lagent; *sensors* is None for the default ones."""

    agent: AgentSettings
    web: WebSettings
    logging: LoggingSettings
    sensors: Mapping[str, SensorOptions] | None
    warnings: tuple[str, ...] = ()


def read_config(path: Path | None, sensors: Mapping[str, type[Sensor]] = SENSORS) -> AgentConfig:
    """Return the configuration in the file at *path*; the default one if that is None.

    *sensors* are those that the file may configure.

    Raises: ConfigError with all problems of the file.
    """
    loaded = Loaded() if path is None else load(path, schema(sensors))
    agent = loaded.one("lagent", AgentSettings)
    if problems := [_unknown(name, sensors) for name in agent.also if name not in sensors]:
        raise ConfigError(str(path), problems)
    return AgentConfig(
        agent=agent,
        web=loaded.one("web", WebSettings),
        logging=loaded.one("logging", LoggingSettings),
        sensors=loaded.labelled("sensor") or None,
        warnings=loaded.warnings,
    )


def _unknown(name: str, sensors: Mapping[str, type[Sensor]]) -> Problem:
    hint = did_you_mean(name, sensors) or "; `lagent sensors` lists them"
    message = UNKNOWN_SENSOR.format(name=shown(name), hint=hint)
    return Problem(message=message, section="lagent", key="also")


def sections(
    sensors: Mapping[str, type[Sensor]],
) -> Iterator[tuple[SectionType, str, type]]:
    """Yield each section that lagent.conf may have: its type, its header, its settings class."""
    for section_type in schema(sensors):
        if section_type.name == "sensor":
            for name, sensor in sensors.items():
                sensor_section = replace(section_type, help=sensor.summary())
                yield sensor_section, f"sensor:{name}", sensor.Options
        elif isinstance(section_type.settings, type):
            yield section_type, section_type.name, section_type.settings


def example_config() -> str:
    """Return an example of lagent.conf with every key, its default and its meaning."""
    from fructosa_service.config.example import example  # `serve` does not need it

    return example(
        "lagent.conf: every key with its default and its meaning. All keys and the file itself "
        "are optional. Without any [sensor:...] section, lagent reads every sensor that is cheap "
        "to read and that finds something on the node. With at least one, it reads only the "
        "sensors that have a section, unless [lagent] also is set.",
        list(sections(SENSORS)),
    )
