"""The error of a sensor that has nothing to read."""

from fructosa_exporter.errors import SensorUnavailable


def test_it_is_not_an_oserror():
    """So sensors that catch OSError don't swallow it."""
    assert not issubclass(SensorUnavailable, OSError)
    assert "no battery" == str(SensorUnavailable("no battery"))
