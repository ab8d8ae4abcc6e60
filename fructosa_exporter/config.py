"""lagent.conf: its sections, and the agent's settings made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fructosa_service.kinds import HOST, LISTENING_PORT
from fructosa_service.load import Loaded, load
from fructosa_service.logs import LOGGING, LoggingSettings
from fructosa_service.settings import SectionType, option

from .sensor import SensorOptions
from .sensors import SENSORS

DEFAULT_FILE = Path("/etc/fructosa/lagent.conf")


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """Where the page is served."""

    host: str = option(
        HOST, "127.0.0.1", "Address to listen on; 0.0.0.0 is all of the node's IPv4 addresses."
    )
    port: int = option(LISTENING_PORT, 9888, "TCP port to listen on; 0 takes a free one.")


SCHEMA = (
    SectionType(name="lagent", help="Where the page is served.", settings=AgentSettings),
    SectionType(
        name="sensor",
        help="A sensor to be read, and its options. Without any such section every sensor that "
        "can be read cheaply on the machine is read.",
        settings={name: sensor.Options for name, sensor in SENSORS.items()},
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
class Config:
    """What an agent runs with; *sensors* None means: all that can be read cheaply here."""

    agent: AgentSettings
    logging: LoggingSettings
    sensors: Mapping[str, SensorOptions] | None
    warnings: tuple[str, ...] = ()


def read_config(path: Path | None) -> Config:
    """Return the configuration in the file at *path*, or the default one for None.

    Raises: ConfigError with all problems of the file.
    """
    loaded = Loaded() if path is None else load(path, SCHEMA)
    return Config(
        agent=loaded.one("lagent", AgentSettings),
        logging=loaded.one("logging", LoggingSettings),
        sensors=loaded.labelled("sensor") or None,
        warnings=loaded.warnings,
    )
