"""The base class of sensors."""

from fructosa_exporter.metrics import counter, gauge
from fructosa_exporter.sensor import CalmSensorOptions, Sensor, SensorOptions, SlowSensorOptions
from fructosa_service.config.settings import options_of


class Weather(Sensor):
    """Weather in the machine room.

    Source: a window.
    """

    WIND = gauge("fructosa_weather_wind", "Wind.")
    OTHERS = {
        "rain": counter("fructosa_weather_rain_total", "Rain."),
        "snow": counter("fructosa_weather_snow_total", "Snow."),
    }
    NAMES = {"rain": "water"}
    SUN = gauge("fructosa_weather_sun", "Sun.")

    read = staticmethod(lambda: 5)

    def samples(self):
        """Yield the wind."""
        yield self.WIND.sample(self.read())


def test_a_sensor_has_the_name_of_its_class():
    """Its summary is the first line of its docstring."""
    assert "Weather" == Weather.name
    assert "Weather in the machine room." == Weather.summary()


def test_declared_metrics_are_collected_in_order():
    """Including those in dicts; other attributes are ignored."""
    assert (Weather.WIND, *Weather.OTHERS.values(), Weather.SUN) == Weather.metrics


def test_a_subclass_has_its_own_metrics():
    """Without those of its base class."""
    made = type("Indoors", (Weather,), {"__doc__": "Indoors.", "HEAT": Weather.SUN})

    assert (Weather.SUN,) == made.metrics
    assert 4 == len(Weather.metrics)


def test_the_function_read_can_be_replaced():
    """For one sensor, not for its class."""
    still, stormy = Weather(), Weather(read=lambda: 12)

    assert [5] == [one.value for one in still.samples()]
    assert [12] == [one.value for one in stormy.samples()]


def test_options_default_to_those_of_the_class():
    """A sensor is read at most once a second, with a deadline of two seconds."""
    assert SensorOptions(time_interval=1, deadline=2) == Weather().options
    assert 7 == Weather(SensorOptions(deadline=7)).options.deadline


def test_calm_and_slow_sensors_are_read_less_often():
    """They have the same options, with other defaults."""
    kinds = (SensorOptions, CalmSensorOptions, SlowSensorOptions)

    assert [1, 30, 60] == [kind().time_interval for kind in kinds]
    assert 1 == len({tuple(one.key for one in options_of(kind)) for kind in kinds})
