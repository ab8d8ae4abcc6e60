"""The status page."""

import pytest

from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import gauge
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.web.status_page import WITH_FAILING, status_page

NUMBER = gauge("fructosa_test_number", "A number.")


class Scripted(Sensor):
    """Yields a number, or raises an error."""

    NUMBER = NUMBER

    def __init__(self, error=None):
        super().__init__()
        self.error = error

    def samples(self):
        """Yield or raise."""
        if self.error:
            raise self.error
        yield NUMBER.sample(1)


def read(error=None, took_s=0.0012):
    """Return the state of a sensor that was read ten seconds ago."""
    times = iter([100.0, 100.0 + took_s])
    reader = SensorReader(Scripted(error), lambda: next(times))
    reader.mark_submitted()
    reader.finish(reader.run())
    return reader.state(110.0, is_awaited=False)


def cells(page):
    """Return the content of the cells in the first row."""
    row = page.partition("<tbody>")[2].partition("</tr>")[0]
    return [cell.partition(">")[2].partition("</td>")[0] for cell in row.split("<td")[1:]]


def test_a_row_has_name_state_samples_duration_age_and_interval():
    """The name links to the samples of the sensor."""
    name, text, *numbers = cells(status_page([read()], "node001", "1.0"))

    assert '<a href="/metrics?collect[]=Scripted">Scripted</a>' in name
    assert "Yields a number, or raises an error." in name
    assert "ok" == text
    assert ["1", "1.2 ms", "10 s", "1 s"] == numbers


@pytest.mark.parametrize(
    ("error", "style", "text"),
    [
        (SensorUnavailable("no <battery>"), "none", "no &lt;battery&gt;"),
        (OSError("gone"), "bad", "OSError: gone"),
    ],
)
def test_the_reason_of_a_failure_is_shown(error, style, text):
    """Escaped, as it may hold any text."""
    page = status_page([read(error)], "node001", "1.0")

    assert f'<td class="{style}">{text}</td>' in page


def test_failed_sensors_come_first_and_are_counted():
    """So that they are seen."""
    page = status_page([read(), read(OSError("gone"))], "node001", "1.0")

    assert WITH_FAILING.format(count=2, failed=1) in page
    assert page.index("OSError: gone") < page.index(">ok<")


def test_a_sensor_that_hangs_is_shown_with_its_duration():
    """It has no samples."""
    reader = SensorReader(Scripted())
    reader.mark_submitted()
    reader.began_s = 100.0
    reader.mark_stuck()

    page = status_page([reader.state(165.0, is_awaited=True)], "node001", "1.0")

    assert '<td class="bad">has hung for 65 s</td>' in page
