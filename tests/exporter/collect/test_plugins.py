"""Sensors that other packages bring."""

import logging
import subprocess
import sys
from types import SimpleNamespace

import pytest

from fructosa_exporter.collect.plugins import _entry_points, plugged
from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.metrics import gauge
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS


class Mine(Sensor):
    """Tells a number."""

    NUMBER = gauge("mysite_number", "A number.")

    def samples(self):
        """Yield it."""
        yield self.NUMBER.sample(7)


class Thief(Sensor):
    """Has a metric of somebody else."""

    TIME = gauge("fructosa_boot_time_seconds", "Time.")


def entry_point(name, made):
    """Return an entry point that loads what was *made*, or raises it."""

    def load():
        if isinstance(made, BaseException):
            raise made
        return made

    return SimpleNamespace(name=name, load=load)


def error_of(sensor):
    """Return what a reading of the sensor fails with."""
    return SensorReader(sensor()).run().error


def test_a_package_adds_a_sensor():
    """Which is read like any other."""
    found = plugged([entry_point("Mine", Mine)])

    assert {"Mine": Mine} == found
    assert [7] == list(SensorReader(found["Mine"]()).run().values)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (ImportError("no module named zfs"), "ImportError: no module named zfs"),
        (SyntaxError("invalid"), "SyntaxError: invalid"),
        (SystemExit(1), "SystemExit: 1"),
        (
            type("Broken", (Sensor,), {"__doc__": "No.", "__init__": lambda self: 1 / 0}),
            "ZeroDivisionError",
        ),
        (type("Broken", (Sensor,), {"__doc__": "No.", "Options": dict}), "TypeError"),
        (len, "TypeError: <built-in function len> is no subclass of"),
        (Mine, "ValueError: the class is called Mine; call its entry point the same"),
        (type("Broken", (Thief,), {"TIME": Thief.TIME}), "fructosa_boot_time_seconds already"),
    ],
)
def test_a_broken_package_costs_only_itself_and_is_seen(made, reason, caplog):
    """In the log, and on each page; the others are there."""
    found = plugged([entry_point("Broken", made), entry_point("Mine", Mine)])

    assert ["Broken", "Mine"] == list(found)
    assert reason in error_of(found["Broken"])
    assert "the plug-in Broken can't be used: " in caplog.text
    assert ["ERROR"] == [record.levelname for record in caplog.records]


@pytest.mark.parametrize("name", ["CPUPercent", "Mine"])
def test_a_name_that_is_taken_stays_with_who_had_it(name, caplog):
    """The project's own sensors, and the first of two packages."""
    other = type(name, (Sensor,), {"__doc__": "Another one."})

    found = plugged([entry_point("Mine", Mine), entry_point(name, other)])

    assert {"Mine": Mine} == found
    assert f"there is a sensor {name} already; call it otherwise" in caplog.text


def test_packages_are_looked_for_only_where_one_has_something(tmp_path, caplog):
    """The library that knows packages takes megabytes."""
    caplog.set_level(logging.DEBUG)
    info = tmp_path / "other-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[console_scripts]\nx = y:z\n")

    assert [] == list(_entry_points(lambda: [str(tmp_path), str(tmp_path / "gone"), ""]))


@pytest.fixture
def installed(tmp_path):
    """A folder with a package that names sensors; and a function that runs lagent with it."""
    info = tmp_path / "mysite-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mysite\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[fructosa.sensors]\nAnswer = mysite_sensors:Answer\nGone = mysite_sensors:Gone\n"
    )
    (tmp_path / "mysite_sensors.py").write_text(
        "from fructosa_exporter.metrics import gauge\n"
        "from fructosa_exporter.sensor import Sensor\n"
        "class Answer(Sensor):\n"
        "    '''The answer.'''\n"
        "    ANSWER = gauge('mysite_answer', 'The answer.')\n"
        "    def samples(self):\n"
        "        yield self.ANSWER.sample(42)\n"
    )

    def run(*arguments):
        command = [sys.executable, "-m", "fructosa_exporter", *arguments]
        return subprocess.run(
            command,
            env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_an_installed_package_is_found(installed):
    """By all commands; the one that is broken fails where it is asked for."""
    read, listed, broken = (
        installed("read", "Answer"),
        installed("sensors"),
        installed("read", "Gone"),
    )

    assert (0, True) == (read.returncode, "\nmysite_answer 42\n" in read.stdout)
    assert "Answer               *  The answer.\n" in listed.stdout
    assert 1 == broken.returncode
    assert 'fructosa_sensor_success{sensor="Gone"} 0\n' in broken.stdout
    assert "has no attribute 'Gone'" in broken.stderr


def test_an_installed_package_can_be_configured(installed, tmp_path):
    """Its section is checked like any other."""
    good, bad = tmp_path / "good.conf", tmp_path / "bad.conf"
    good.write_text("[sensor:Answer]\ntime_interval = 5\n")
    bad.write_text("[sensor:Answr]\n")

    assert f"{good}: ok, 1 sensors\n" == installed("check", "-c", str(good)).stdout
    assert "did you mean Answer?" in installed("check", "-c", str(bad)).stderr


def test_no_sensor_of_the_project_is_a_plug_in():
    """Else two would answer to one name."""
    assert {} == plugged([])
    assert "Mine" not in SENSORS
