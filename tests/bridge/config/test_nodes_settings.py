"""The settings of a [nodes:…] section."""

import pytest

from fructosa_bridge.config.agents_settings import CONNECT_TIMEOUT_TOO_LONG
from fructosa_bridge.config.nodes_settings import (
    PREFIX,
    SENSOR,
    TIMEOUT_TOO_LONG,
    NodesSettings,
)
from fructosa_service.errors import KeyProblem


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "a b", "a/b", "a.*", "ü", "a." * 600 + "a"]
)
def test_an_invalid_prefix_is_rejected(text):
    """A prefix is a path whose parts need no escapes."""
    with pytest.raises(ValueError, match="is not a valid prefix"):
        PREFIX.parse(text)


@pytest.mark.parametrize("text", ["", "Boot Time"])
def test_a_sensor_is_one_word(text):
    """Two words are most likely two sensors without a comma."""
    with pytest.raises(ValueError, match="is not the name of one sensor"):
        SENSOR.parse(text)


@pytest.mark.parametrize(("interval_s", "expected"), [(60, 5.0), (5, 5.0), (2, 2.0)])
def test_the_default_timeout_is_never_longer_than_the_interval(interval_s, expected):
    """It is 5 s, or the interval."""
    settings = NodesSettings(hosts=("n1",), interval_s=interval_s)

    assert expected == settings.effective_timeout_s


@pytest.mark.parametrize(
    ("values", "key", "message"),
    [
        ({"timeout_s": 11.0}, "timeout", TIMEOUT_TOO_LONG.format(timeout_s=11, interval_s=10)),
        (
            {"connect_timeout_s": 6.0},
            "connect timeout",
            CONNECT_TIMEOUT_TOO_LONG.format(connect_s=6, timeout_s=5),
        ),
        (
            {"interval_s": 2, "connect_timeout_s": 3.0},
            "connect timeout",
            CONNECT_TIMEOUT_TOO_LONG.format(connect_s=3, timeout_s=2),
        ),
    ],
)
def test_a_timeout_must_fit_into_the_interval(values, key, message):
    """And the connect timeout into the timeout, even if that is the default."""
    with pytest.raises(KeyProblem) as rejected:
        NodesSettings(hosts=("n1",), **values)

    assert key == rejected.value.key
    assert message in str(rejected.value)
