"""The page docs/sensors.md, and the table of metrics that lmaster uses."""

import pytest

from fructosa_exporter.metrics import counter, gauge
from fructosa_exporter.reference.generated import labels_by_metric, metric_table, sensors_page
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


def test_a_section_describes_a_sensor():
    """Its text, cost, rights, metrics with units and labels, and options."""
    section = sensors_page({"Queue": Queue}).partition("\n## Queue\n")[2]

    assert section.startswith("\nPeople who wait.\n\nSource: the `door`, by \\*counting\\*.\n\n")
    assert "* Cost: a minute\n* Rights: to stand there\n* Read only when configured\n" in section
    assert "| `fructosa_queue_people` | gauge |  | door, side | People. |\n" in section
    assert "| `fructosa_queue_waited_seconds_total` | counter | seconds |  | Time. |\n" in section
    assert "| `deadline` | seconds | 2 | " in section


def test_the_page_begins_with_an_index():
    """With a link to each section."""
    head, *sections = sensors_page({"Queue": Queue, **SENSORS}).split("\n## ")

    assert "| [Queue](#queue) | People who wait. |\n" in head
    assert ["Queue", *SENSORS] == [section.partition("\n")[0] for section in sections]


@pytest.mark.parametrize("name", ["CPUPercent", "TextFile"])
def test_metrics_and_options_of_a_sensor_are_in_tables(name):
    """Each has a row."""
    sensor = SENSORS[name]
    section = sensors_page({name: sensor}).partition(f"\n## {name}\n")[2]

    assert [] == [one.name for one in sensor.metrics if f"\n| `{one.name}` |" not in section]
    assert [] == [
        one.key for one in options_of(sensor.Options) if f"\n| `{one.key}` |" not in section
    ]


class One(Sensor):
    """One metric."""

    ONLY = gauge("fructosa_one_metric", "Only.")


class Two(Sensor):
    """Two metrics."""

    FIRST = gauge("fructosa_first_metric", "First.")
    SECOND = gauge("fructosa_second_metric", "Second.", "of")


def test_the_table_is_a_python_module():
    """It has the metrics of each sensor and those about each, with their labels in order."""
    names = {}

    exec(metric_table([One, Two, type("None", (Sensor,), {})], [One.ONLY]), names)  # noqa: S102 - our own text

    assert {"fructosa_one_metric": ()} == names["OF_EACH"]
    assert {
        "One": {"fructosa_one_metric": ()},
        "Two": {"fructosa_first_metric": (), "fructosa_second_metric": ("of",)},
        "None": {},
    } == names["METRICS"]
    assert names["__doc__"].startswith("The metrics on a page of lagent")


def test_a_long_row_of_the_table_is_broken_as_the_formatter_breaks_it():
    """So that the generated module needs no exception from the rules."""
    labels = tuple(f"label_number_{number}" for number in range(6))

    assert labels_by_metric({"m": labels[:1], "n" * 40: labels}) == (
        "{\n"
        '    "m": ("label_number_0",),\n'
        f'    "{"n" * 40}": (\n'
        + "".join(f'        "{label}",\n' for label in labels)
        + "    ),\n}"
    )
