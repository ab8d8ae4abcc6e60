"""Rendering of pages."""

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text_families

from fructosa_exporter.metrics import Family, gauge
from fructosa_exporter.page.exposition import Format, SeriesTemplate
from fructosa_exporter.page.reading import Reading
from fructosa_exporter.page.rendering import PageRenderer
from fructosa_exporter.page.sensor_state import SensorState
from fructosa_exporter.sensor import Sensor

SPEED = gauge("fructosa_test_speed", "Speed.")


class Speed(Sensor):
    """Speed."""

    SPEED = SPEED


class Heat(Sensor):
    """Heat."""


JOBS = Family("jobs", "histogram", "Jobs.", ('jobs_bucket{le="+Inf"} 1', "jobs_count 1"))


def read(value, families=()):
    """Return a reading of one value."""
    template = SeriesTemplate([(SPEED, ())])
    return Reading(began_s=0, duration_s=0.5, template=template, values=(value,), families=families)


def state(sensor, reading, duration_s=0.5, age_s=2.0):
    """Return the state of a sensor."""
    return SensorState(sensor, reading, reading, duration_s, age_s, False, False)


def page(*states, wanted=Format.TEXT, renderer=None):
    """Return the page of *states*, and its format."""
    return (renderer or PageRenderer()).render(states, wanted)


def values(text, parse=text_families):
    """Return the values on a page, by names and labels."""
    return {
        (one.name, *one.labels.values()): one.value
        for family in parse(text)
        for one in family.samples
    }


def test_a_page_has_samples_and_the_state_of_each_sensor():
    """Success, duration and age."""
    text, used = page(state(Speed(), read(7)))

    assert Format.TEXT is used
    assert {
        ("fructosa_test_speed",): 7,
        ("fructosa_sensor_success", "Speed"): 1,
        ("fructosa_sensor_duration_seconds", "Speed"): 0.5,
        ("fructosa_sensor_age_seconds", "Speed"): 2,
    } == values(text)


def test_unknown_ages_and_durations_are_omitted():
    """A sensor that was never read has no age; one that has not started has no duration."""
    text, _ = page(state(Speed(), None, duration_s=None, age_s=None))

    assert {("fructosa_sensor_success", "Speed"): 0} == values(text)


def test_a_page_in_openmetrics_has_the_same_samples():
    """It ends with EOF, and the strict parser accepts it."""
    states = [state(Speed(), read(7)), state(Heat(), None)]

    text, used = page(*states, wanted=Format.OPENMETRICS)

    assert Format.OPENMETRICS is used
    assert text.endswith("# EOF\n")
    assert values(page(*states)[0]) == values(text, openmetrics)


def test_a_page_with_families_is_in_the_text_format():
    """They may not be valid in OpenMetrics."""
    text, used = page(state(Speed(), read(7, (JOBS,))), wanted=Format.OPENMETRICS)

    assert Format.TEXT is used
    assert '# TYPE jobs histogram\njobs_bucket{le="+Inf"} 1\njobs_count 1\n' in text
    assert "# EOF" not in text


def test_a_renderer_can_render_different_pages():
    """With other sensors, other values, and other metrics about them."""
    renderer = PageRenderer()
    pages = [
        [state(Speed(), read(1))],
        [state(Speed(), read(2), age_s=None)],
        [state(Heat(), None), state(Speed(), read(3))],
        [state(Speed(), read(4), duration_s=9)],
    ]

    for states in pages:
        assert page(*states) == page(*states, renderer=renderer)
