"""The declaration of options that plug-ins import."""

from dataclasses import dataclass

from fructosa_exporter.sensor import SensorOptions
from fructosa_service.config.settings import options_of
from fructosa_service.kinds import YES_NO
from fructosa_service.settings import option


@dataclass(frozen=True, kw_only=True)
class CacheOptions(SensorOptions):
    """The options of a sensor in a plug-in."""

    details: bool = option(YES_NO, False, "Also each cache.")


def test_an_option_of_a_plugin_is_a_key_of_its_section():
    """Beside those that all sensors have."""
    keys = [one.key for one in options_of(CacheOptions)]

    assert ["time_interval", "deadline", "details"] == keys
