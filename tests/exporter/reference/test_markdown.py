"""docs/sensors.md."""

import pytest

from fructosa_exporter.metrics import counter, gauge
from fructosa_exporter.reference.markdown import sensors_page
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS
from fructosa_service.config.settings import options_of


class Queue(Sensor):
    """People who wait.

    Source: the ``door``, by *counting*.
    """

    on_by_default = False
    cost = "a minute"
    rights = "to stand there"

    PEOPLE = gauge("fructosa_queue_people", "People.", "door", "side")
    WAITED = counter("fructosa_queue_waited_seconds_total", "Time.")


def test_a_chapter_has_all_of_a_sensor():
    """Its words, cost, rights, metrics with unit and labels, and options."""
    chapter = sensors_page({"Queue": Queue}).partition("\n## Queue\n")[2]

    assert chapter.startswith("\nPeople who wait.\n\nSource: the `door`, by \\*counting\\*.\n\n")
    assert "* Cost: a minute\n* Rights: to stand there\n* Read only when configured\n" in chapter
    assert "| `fructosa_queue_people` | gauge |  | door, side | People. |\n" in chapter
    assert "| `fructosa_queue_waited_seconds_total` | counter | seconds |  | Time. |\n" in chapter
    assert "| `deadline` | seconds | 2 | " in chapter


def test_the_page_begins_with_an_index():
    """With a link to each chapter."""
    head, *chapters = sensors_page({"Queue": Queue, **SENSORS}).split("\n## ")

    assert "| [Queue](#queue) | People who wait. |\n" in head
    assert ["Queue", *SENSORS] == [chapter.partition("\n")[0] for chapter in chapters]


@pytest.mark.parametrize("name", ["CPUPercent", "TextFile"])
def test_a_real_sensor_has_its_metrics_and_options_in_its_chapter(name):
    """Each in a line of a table."""
    sensor = SENSORS[name]
    chapter = sensors_page({name: sensor}).partition(f"\n## {name}\n")[2]

    assert [] == [one.name for one in sensor.metrics if f"\n| `{one.name}` |" not in chapter]
    assert [] == [
        one.key for one in options_of(sensor.Options) if f"\n| `{one.key}` |" not in chapter
    ]
