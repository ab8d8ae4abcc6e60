"""The command line of lagent."""

import re
import signal
import socket
import subprocess
import sys

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from fructosa_exporter.cli import (
    CONFIGURED,
    DEFAULT,
    DEFAULT_AND,
    ONLY_HERE,
    SERVED,
    VALID,
    main,
)
from fructosa_exporter.collect.collector import collect_now
from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sensors.slurm_jobs import SlurmJobs
from fructosa_exporter.web.server import CANNOT_LISTEN
from fructosa_service.cli import NO_COMMAND, UNEXPECTED, UNKNOWN
from fructosa_service.config.kinds import NOT_A_HOST, NOT_A_NUMBER, NOT_BETWEEN
from fructosa_service.daemon.lifecycle import details
from fructosa_service.daemon.pid_file import DaemonState, PidFileStatus
from fructosa_service.errors import DID_YOU_MEAN

LAGENT = (sys.executable, "-m", "fructosa_exporter")
NOT_A_PORT = NOT_A_NUMBER.format(unit="port number", example=9888)


@pytest.fixture
def lagent(capsys):
    """Run lagent; return exit code, standard output and standard error."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def config(tmp_path):
    """Write a configuration file; return its path."""

    def write(text):
        path = tmp_path / "lagent.conf"
        path.write_text(text)
        return path

    return write


def sensors_on(page):
    """Return the sensors on a page, with their success."""
    return {
        sample.labels["sensor"]: sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "fructosa_sensor_success"
    }


def test_sensors_lists_all_sensors(lagent):
    """Including those that can't be read here."""
    code, out, err = lagent("sensors")

    assert (0, "") == (code, err)
    assert list(SENSORS) == [line.split()[0] for line in out.splitlines()[: len(SENSORS)]]


def test_sensors_with_a_name_describes_one(lagent):
    """And whether it can be read here."""
    code, out, err = lagent("sensors", "VirtualMemory")

    assert (0, "") == (code, err)
    assert out.startswith("VirtualMemory: Physical memory")
    assert re.search(r"\nHere:   13 samples in \d+\.\d ms\n", out)


@pytest.mark.parametrize("command", ["sensors", "read"])
def test_an_unknown_sensor_is_a_usage_error(lagent, command):
    """The message suggests a similar name."""
    unknown = UNKNOWN.format(kind="sensor", name="CPUPercnt")
    expected = f"lagent: {unknown}{DID_YOU_MEAN.format(name='CPUPercent')}\n"

    assert (2, "", expected) == lagent(command, "CPUPercnt")


def test_check_names_the_sensors_beside_the_default_ones(lagent, config):
    """Their sections are not counted."""
    path = config("[lagent]\nalso = SlurmJobs, Users\n[sensor:Users]\nnames = yes")

    _, out, _ = lagent("check", "-c", path)

    sensors = DEFAULT_AND.format(names="SlurmJobs, Users")
    assert VALID.format(path=path, sensors=sensors) == out.splitlines()[0]


def test_read_prints_the_page_of_one_sensor(lagent, config):
    """Once, even if it is named twice."""
    code, out, err = lagent("read", "BootTime", "BootTime", "-c", config(""))

    assert (0, "") == (code, err)
    assert {"BootTime": 1} == sensors_on(out)
    assert out.count("\nfructosa_boot_time_seconds ") == 1


def test_read_prints_the_page_of_the_configured_sensors(lagent, config):
    """And of Agent."""
    code, out, err = lagent("read", "-c", config("[sensor:BootTime]\n[sensor:CPUCount]"))

    assert (0, "") == (code, err)
    assert {"Agent", "BootTime", "CPUCount"} == sensors_on(out).keys()


def test_read_reads_some_sensors_beside_the_default_ones(lagent, config):
    """Those that [lagent] also names."""
    code, out, err = lagent("read", "-c", config("[lagent]\nalso = Users\n"))

    assert (0, "") == (code, err)
    assert {"Agent", "CPUPercent", "Users"} <= sensors_on(out).keys()


def test_sensors_says_what_limits_the_readings_of_one(lagent, monkeypatch):
    """Without inotify, last values of jobs are missing."""
    monkeypatch.setattr(SlurmJobs, "note", "no inotify instance is left")

    code, out, err = lagent("sensors", "SlurmJobs")

    assert (0, "") == (code, err)
    assert re.search(r"^Here: .*; no inotify instance is left$", out, re.MULTILINE)


def test_read_uses_the_configured_options(lagent, config, tmp_path):
    """Also if a sensor is named."""
    path = config(f"[sensor:DiskUsage]\npath = {tmp_path}")

    code, out, err = lagent("read", "DiskUsage", "-c", path)

    assert (0, "") == (code, err)
    assert f'fructosa_filesystem_error{{mountpoint="{tmp_path}"}} 0\n' in out


def test_read_fails_if_a_named_sensor_is_unavailable(lagent, config):
    """The exit code is 1. A sensor that is only configured may be unavailable."""
    path = config("[sensor:DiskUsage]\npath = /\n[sensor:SensorsBattery]\ntime_interval = 0\n")
    reading = collect_now([SensorReader(SENSORS["SensorsBattery"]())])[0].reading
    if reading.unavailable is None:
        pytest.skip("this machine has a battery")

    code_named, _, error_named = lagent("read", "SensorsBattery", "-c", path)
    code_configured, _, error_configured = lagent("read", "-c", path)

    assert (1, f"lagent: sensor SensorsBattery cannot be read: {reading.unavailable}\n") == (
        code_named,
        error_named,
    )
    assert (0, "") == (code_configured, error_configured)


def test_check_accepts_a_valid_file(lagent, config):
    """It prints how many sensors are configured."""
    path = config("[sensor:BootTime]\n[sensor:CPUCount]")

    expected = VALID.format(path=path, sensors=CONFIGURED.format(count=2))
    assert (0, f"{expected}\n{ONLY_HERE}\n", "") == lagent("check", "-c", path)


def test_check_accepts_an_empty_file(lagent, config):
    """Then the default sensors are read."""
    path = config("")

    expected = VALID.format(path=path, sensors=DEFAULT)
    assert (0, f"{expected}\n{ONLY_HERE}\n", "") == lagent("check", "-c", path)


def test_check_says_whether_only_this_machine_can_connect(lagent, config):
    """As it is without `host`, and in files of FrUCToSA 0.x."""
    path = config("[lagent]\nhost = 0.0.0.0")

    assert ONLY_HERE not in lagent("check", "-c", path)[1]


def test_the_file_may_be_given_before_the_command(lagent, config):
    """As in FrUCToSA 0.x."""
    path = config("")

    assert lagent("check", "-c", path) == lagent("-c", path, "check")


def test_check_warns_of_obsolete_sections(lagent, config):
    """On standard error; the file is valid all the same."""
    path = config("[lmaster]\nincoming data port = 7888")

    code, out, err = lagent("check", "-c", path)

    assert code == 0
    assert f"{VALID.format(path=path, sensors=DEFAULT)}\n{ONLY_HERE}\n" == out
    assert err.count("warning: ") == 1
    assert "[lmaster] (line 1)\n" in err


def test_check_rejects_an_invalid_file(lagent, config):
    """With one line and exit code 2."""
    path = config("[lagent]\nport = x")

    expected = f"{path}:2: [lagent] port: 'x' {NOT_A_PORT}\n"
    assert (2, "", expected) == lagent("check", "-c", path)


def test_the_example_is_valid(lagent, config):
    """As it is printed."""
    _, example, _ = lagent("check", "--example")
    path = config(example)

    expected = VALID.format(path=path, sensors=CONFIGURED.format(count=len(SENSORS)))
    assert (0, f"{expected}\n{ONLY_HERE}\n", "") == lagent("check", "-c", path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serve", "--port", "x"], f"argument --port: 'x' {NOT_A_PORT}"),
        (["serve", "--port", "65536"], f"'65536' {NOT_BETWEEN.format(low=0, high=65535)}"),
        (["serve", "--host", "a b"], f"'a b' {NOT_A_HOST}"),
        (["serve", "more"], UNEXPECTED.format(argument="more")),
        (["srve"], UNKNOWN.format(kind="command", name="srve") + DID_YOU_MEAN.format(name="serve")),
        ([], NO_COMMAND.format(kind="command")),
    ],
)
def test_an_invalid_command_line_is_a_usage_error(capsys, arguments, message):
    """The message points to --help."""
    with pytest.raises(SystemExit) as exited:
        main(arguments)

    assert exited.value.code == 2
    err = capsys.readouterr().err
    assert message in err
    assert "--help\n" in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_runs_until_a_signal(config, number):
    """On a free port that it logs; the exit code is 0."""
    path = config("[sensor:BootTime]\n[lmaster]\nhost = gone")
    command = [*LAGENT, "serve", "--port", "0", "-c", path]

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            warning, served = (process.stderr.readline() for _ in range(2))
            page = requests.get(served.split()[-1], timeout=10).text
            process.send_signal(number)
            _, rest = process.communicate(timeout=10)
        finally:
            process.kill()

    assert "[lmaster] (line 2)" in warning
    assert SERVED % (2, "http://127.0.0.1:") in served
    assert {"Agent": 1, "BootTime": 1} == sensors_on(page)
    assert process.returncode == 0
    assert rest.endswith(" INFO lagent: stopped\n")


def test_status_sees_a_lagent_in_the_foreground(config, lagent, tmp_path):
    """It has no pid file, but listens where the configuration says."""
    listener = socket.create_server(("127.0.0.1", 0))
    path = config(f"[lagent]\nport = {listener.getsockname()[1]}\n[sensor:BootTime]\n")
    listener.close()
    command, without = [*LAGENT, "serve", "-c", path], ("-c", path, "-p", tmp_path / "pid")

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = process.stderr.readline().split()[-1]
            code, out, _ = lagent("status", *without)
            stopped = lagent("stop", *without)
            still_runs = process.poll() is None
        finally:
            process.terminate()
            process.communicate(timeout=10)

    running = details(PidFileStatus(DaemonState.RUNNING, process.pid, (url,)))
    assert (0, True) == (code, running in out)
    assert (1, True, True) == (stopped[0], running in stopped[1], still_runs)
    assert 3 == lagent("status", *without)[0]


def test_serve_fails_if_it_can_not_listen(config):
    """With exit code 1, and a message that says what to do."""
    command = [*LAGENT, "serve", "--host", "192.0.2.1", "--port", "0", "-c", config("")]

    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 1
    before, after = CANNOT_LISTEN.format(endpoint="192.0.2.1:0", reason="|").split("|")
    assert before in done.stderr
    assert after in done.stderr
    assert "Traceback" not in done.stderr
