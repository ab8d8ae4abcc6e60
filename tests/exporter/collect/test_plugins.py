"""Sensors of plug-ins."""

import logging
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from fructosa_exporter.cli import CONFIGURED, ONLY_HERE, VALID
from fructosa_exporter.collect.plugins import BROKEN, OF_OTHERS, _entry_points, load_plugins
from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.metrics import gauge
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS
from fructosa_service.errors import DID_YOU_MEAN


class Mine(Sensor):
    """Yields a number."""

    NUMBER = gauge("mysite_number", "A number.")

    def samples(self):
        """Yield it."""
        yield self.NUMBER.sample(7)


class Duplicate(Sensor):
    """Declares a metric of another sensor."""

    TIME = gauge("fructosa_boot_time_seconds", "Time.")


def entry_point(name, target):
    """Return an entry point whose ``load`` returns *target*, or raises it."""

    def load():
        if isinstance(target, BaseException):
            raise target
        return target

    return SimpleNamespace(name=name, load=load)


def error_of(sensor):
    """Return the error of a reading of the sensor."""
    return SensorReader(sensor()).run().error


def test_a_plugin_adds_a_sensor():
    """It is read like any other."""
    sensors = load_plugins([entry_point("Mine", Mine)])

    assert {"Mine": Mine} == sensors
    assert [7] == list(SensorReader(sensors["Mine"]()).run().values)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (ImportError("no module named zfs"), "ImportError: no module named zfs"),
        (SyntaxError("invalid"), "SyntaxError: invalid"),
        (SystemExit(1), "SystemExit: 1"),
        (
            type("Broken", (Sensor,), {"__doc__": "No.", "__init__": lambda self: 1 / 0}),
            "ZeroDivisionError",
        ),
        (type("Broken", (Sensor,), {"__doc__": "No.", "Options": dict}), "TypeError"),
        (len, "TypeError: <built-in function len>"),
        (Mine, "ValueError: the class is called Mine"),
        (type("Broken", (Duplicate,), {"TIME": Duplicate.TIME}), "fructosa_boot_time_seconds"),
    ],
)
def test_a_broken_plugin_is_reported_and_does_not_affect_others(target, reason, caplog):
    """It is reported in the log and on each page."""
    sensors = load_plugins([entry_point("Broken", target), entry_point("Mine", Mine)])

    assert ["Broken", "Mine"] == list(sensors)
    assert reason in error_of(sensors["Broken"])
    assert BROKEN % ("Broken", "") in caplog.text
    assert ["ERROR"] == [record.levelname for record in caplog.records]


@pytest.mark.parametrize("name", ["CPUPercent", "Mine"])
def test_a_plugin_does_not_replace_another_sensor(name, caplog):
    """Neither a built-in one nor that of a plug-in loaded before."""
    other = type(name, (Sensor,), {"__doc__": "Another one."})

    sensors = load_plugins([entry_point("Mine", Mine), entry_point(name, other)])

    assert {"Mine": Mine} == sensors
    assert f"a sensor {name} exists already" in caplog.text


def test_packages_without_plugins_are_ignored(tmp_path, caplog):
    """Then importlib.metadata, which takes memory, is not imported."""
    caplog.set_level(logging.DEBUG)
    info = tmp_path / "other-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[console_scripts]\nx = y:z\n")

    assert [] == list(_entry_points(lambda: [str(tmp_path), str(tmp_path / "gone"), ""]))


@pytest.fixture
def installed(tmp_path):
    """A function that runs lagent with an installed package of two plug-ins, one broken."""
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


def test_plugins_of_an_installed_package_are_used(installed):
    """By all commands. The broken one fails only where it is requested."""
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


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, which must not run what others wrote")
@pytest.mark.parametrize("name", ["", "mysite_sensors.py"])
def test_root_does_not_import_what_another_user_can_change(installed, tmp_path, name):
    """The folder or the module; the sensor fails and says why."""
    os.chown(tmp_path / name, 65534, 65534)
    (tmp_path / "mysite_sensors.py").write_text("raise SystemExit('imported')")

    done = installed("read", "Answer")

    assert 1 == done.returncode
    reason = OF_OTHERS.format(path=tmp_path / "mysite_sensors.py")
    assert BROKEN % ("Answer", f"PermissionError: {reason}") in done.stderr
    assert "imported" not in done.stderr.replace(reason, "")


def test_plugins_can_be_configured(installed, tmp_path):
    """Their sections are checked like any other."""
    good, bad = tmp_path / "good.conf", tmp_path / "bad.conf"
    good.write_text("[sensor:Answer]\ntime_interval = 5\n")
    bad.write_text("[sensor:Answr]\n")

    valid = VALID.format(path=good, sensors=CONFIGURED.format(count=1))
    assert f"{valid}\n{ONLY_HERE}\n" == installed("check", "-c", str(good)).stdout
    assert DID_YOU_MEAN.format(name="Answer") in installed("check", "-c", str(bad)).stderr


def test_built_in_sensors_are_not_plugins():
    """Otherwise their names would not be unique."""
    assert {} == load_plugins([])
    assert "Mine" not in SENSORS
