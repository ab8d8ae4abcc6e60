"""The output of `lagent sensors`."""

from fructosa_exporter.reference.overview import description, overview
from fructosa_exporter.sensors import SENSORS
from fructosa_service.config.settings import options_of


def test_the_overview_has_a_line_for_each_sensor():
    """With those that are not read here by default, and the reasons."""
    lines = overview(SENSORS, {"Users"}, ["Users: nobody is here"]).splitlines()

    fields = [line.split(None, 2) for line in lines[: len(SENSORS)]]
    expected = [
        [name, "-" if name == "Users" else "*", sensor.summary()]
        for name, sensor in SENSORS.items()
    ]
    assert expected == fields
    assert "  Users: nobody is here" in lines


def test_a_description_is_complete():
    """It has what the sensor measures, its cost and rights, its metrics and its options."""
    for sensor in SENSORS.values():
        text = description(sensor, "fine")

        assert text.startswith(f"{sensor.name}: {sensor.summary()}\n\n")
        assert f"Here:   fine\nCost:   {sensor.cost}\nRights: {sensor.rights}\n" in text
        assert [] == [one.name for one in sensor.metrics if f"  {one.name}" not in text]
        assert [] == [one.help for one in sensor.metrics if one.help not in text]
        assert [] == [one.key for one in options_of(sensor.Options) if f"  {one.key} (" not in text]


def test_a_description_has_labels_units_and_types():
    """For each metric that has them."""
    text = description(SENSORS["DiskIOCounters"], "fine")

    assert "fructosa_disk_busy_seconds_total{device}\n      counter, seconds. Time" in text
    assert "fructosa_disk_reads_total{device}\n      counter. Reads" in text
