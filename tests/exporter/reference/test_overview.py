"""Texts about the sensors, made from their declarations."""

from fructosa_exporter.reference.overview import description, overview
from fructosa_exporter.sensors import SENSORS
from fructosa_service.config.settings import options_of


def test_the_overview_has_a_line_for_each_sensor():
    """It tells which are read here without configuration, and why others are not."""
    lines = overview(SENSORS, {"Users"}, ["Users: nobody is here"]).splitlines()

    found = [line.split(None, 2) for line in lines[: len(SENSORS)]]
    expected = [
        [name, "-" if name == "Users" else "*", sensor.summary()]
        for name, sensor in SENSORS.items()
    ]
    assert expected == found
    assert "  Users: nobody is here" in lines


def test_a_description_tells_all_of_a_sensor():
    """What it measures, its cost and rights, its metrics and its options."""
    for sensor in SENSORS.values():
        text = description(sensor, "fine")

        assert text.startswith(f"{sensor.name}: {sensor.summary()}\n\n")
        assert f"Here:   fine\nCost:   {sensor.cost}\nRights: {sensor.rights}\n" in text
        assert [] == [one.name for one in sensor.metrics if f"  {one.name}" not in text]
        assert [] == [one.help for one in sensor.metrics if one.help not in text]
        assert [] == [one.key for one in options_of(sensor.Options) if f"  {one.key} (" not in text]


def test_a_description_tells_labels_unit_and_type():
    """As far as a metric has them."""
    text = description(SENSORS["DiskIOCounters"], "fine")

    assert "fructosa_disk_busy_seconds_total{device}\n      counter, seconds. Time" in text
    assert "fructosa_disk_reads_total{device}\n      counter. Reads" in text
