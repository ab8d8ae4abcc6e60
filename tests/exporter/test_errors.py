"""The error that a sensor raises where the machine has nothing for it to read."""

from fructosa_exporter.errors import SensorUnavailable


def test_it_is_no_error_of_the_system():
    """So a sensor that catches OSError does not swallow it, and its text is the reason."""
    assert not issubclass(SensorUnavailable, OSError)
    assert "no battery" == str(SensorUnavailable("no battery"))
