"""The page for people."""

import pytest

from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import gauge
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.web.status_page import status_page

NUMBER = gauge("fructosa_test_number", "A number.")


class Told(Sensor):
    """Tells a number, or what it is told to raise."""

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
    reader = SensorReader(Told(error), lambda: next(times))
    reader.mark_submitted()
    reader.finish(reader.run())
    return reader.state(110.0, is_awaited=False)


def cells(page):
    """Return the cells of the first row, without what marks them up."""
    row = page.partition("<tbody>")[2].partition("</tr>")[0]
    return [cell.partition(">")[2].partition("</td>")[0] for cell in row.split("<td")[1:]]


def test_a_sensor_that_works_is_told_with_what_it_took():
    """Its name leads to its samples."""
    name, told, *numbers = cells(status_page([read()], "node001", "1.0"))

    assert '<a href="/metrics?collect[]=Told">Told</a>' in name
    assert "Tells a number, or what it is told to raise." in name
    assert "ok" == told
    assert ["1", "1.2 ms", "10 s", "1 s"] == numbers


@pytest.mark.parametrize(
    ("error", "style", "text"),
    [
        (SensorUnavailable("no <battery>"), "none", "no &lt;battery&gt;"),
        (OSError("gone"), "bad", "OSError: gone"),
    ],
)
def test_what_a_sensor_lacks_or_fails_with_is_told(error, style, text):
    """As text, whatever it holds."""
    page = status_page([read(error)], "node001", "1.0")

    assert f'<td class="{style}">{text}</td>' in page


def test_what_is_in_trouble_comes_first_and_is_counted():
    """People look there first."""
    page = status_page([read(), read(OSError("gone"))], "node001", "1.0")

    assert "2 sensors, 1 of them in trouble." in page
    assert page.index("OSError: gone") < page.index(">ok<")


def test_a_sensor_that_hangs_says_for_how_long():
    """And has no samples to tell of."""
    reader = SensorReader(Told())
    reader.mark_submitted()
    reader.began_s = 100.0
    reader.mark_stuck()

    page = status_page([reader.state(165.0, is_awaited=True)], "node001", "1.0")

    assert '<td class="bad">has hung for 65 s</td>' in page
