"""lagent.conf: its sections, and the agent's settings made of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fructosa_service.config.kinds import HOST, LISTENING_PORT, optional
from fructosa_service.config.load import Loaded, load
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import SectionType, option
from fructosa_service.daemon.privileges import GROUP, USER
from fructosa_service.logs import LOGGING, LoggingSettings
from fructosa_service.web.settings import WEB, WebSettings

from .sensor import Sensor, SensorOptions
from .sensors import SENSORS

DEFAULT_FILE = Path("/etc/fructosa/lagent.conf")


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """Where the page is served."""

    host: str = option(
        HOST, "127.0.0.1", "Address to listen on; 0.0.0.0 is all of the node's IPv4 addresses."
    )
    port: int = option(LISTENING_PORT, 9888, "TCP port to listen on; 0 takes a free one.")
    procfs: Path = option(
        PATH, Path("/proc"), "Where the node's /proc is; in a container it may be elsewhere."
    )
    pid_file: Path | None = option(
        optional(replace(PATH, example="/run/fructosa/lagent.pid")),
        None,
        "Where lagent start keeps the pid; without it /run/fructosa/lagent.pid for root, and below "
        "XDG_RUNTIME_DIR or /tmp for others.",
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


def schema(sensors: Mapping[str, type[Sensor]]) -> tuple[SectionType, ...]:
    """Return the sections that a file may have, where there are these *sensors*."""
    return (
        SectionType(name="lagent", help="Where the page is served.", settings=AgentSettings),
        WEB,
        SectionType(
            name="sensor",
            help="A sensor to be read, and its options. Without any such section every sensor "
            "that can be read cheaply on the machine is read.",
            settings={name: sensor.Options for name, sensor in sensors.items()},
            labelled=True,
        ),
        LOGGING,
        SectionType(
            name="lmaster",
            help="FrUCToSA 0.x sent its readings to this place; now lmaster comes and asks.",
            obsolete=("host", "incoming data port"),
        ),
    )


@dataclass(frozen=True)
class AgentConfig:
    """What an agent runs with; *sensors* None means: all that can be read cheaply here."""

    agent: AgentSettings
    web: WebSettings
    logging: LoggingSettings
    sensors: Mapping[str, SensorOptions] | None
    warnings: tuple[str, ...] = ()


def read_config(path: Path | None, sensors: Mapping[str, type[Sensor]] = SENSORS) -> AgentConfig:
    """Return the configuration in the file at *path*, or the default one for None.

    *sensors* are those that a file may name.

    Raises: ConfigError with all problems of the file.
    """
    loaded = Loaded() if path is None else load(path, schema(sensors))
    return AgentConfig(
        agent=loaded.one("lagent", AgentSettings),
        web=loaded.one("web", WebSettings),
        logging=loaded.one("logging", LoggingSettings),
        sensors=loaded.labelled("sensor") or None,
        warnings=loaded.warnings,
    )


def sections(
    sensors: Mapping[str, type[Sensor]],
) -> Iterator[tuple[SectionType, str, type]]:
    """Yield each section that a file may have: its type, its header and its settings' class."""
    for section_type in schema(sensors):
        if section_type.name == "sensor":
            for name, sensor in sensors.items():
                described = replace(section_type, help=sensor.summary())
                yield described, f"sensor:{name}", sensor.Options
        elif isinstance(section_type.settings, type):
            yield section_type, section_type.name, section_type.settings


def example_config() -> str:
    """Return lagent.conf with every key, its default and what it means."""
    from fructosa_service.config.example import example  # nobody who serves needs it

    return example(
        "lagent.conf: every key, its default, and what it means. No key is mandatory, and "
        "neither is the file: without one, lagent serves every sensor that it can read cheaply. "
        "Once there is a [sensor:...] section, exactly those sensors are read that have one.",
        list(sections(SENSORS)),
    )
