"""The sensors LoadAverage and PressureStall."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.system.load import (
    NO_AVERAGES,
    LoadAverage,
    PressureStall,
    parse_pressure,
)

from ...machine import values
from ...recorded import changed, kernel

AVERAGES = {("load_average", "1"): 0.57, ("load_average", "5"): 0.88, ("load_average", "15"): 0.66}


def load_values(tmp_path, text):
    """Return the values of the sensor if /proc/loadavg contains *text*."""
    return values(LoadAverage(read=changed("load", tmp_path, {"/proc/loadavg": text})))


def test_load_averages_and_thread_counts():
    """From the recorded /proc/loadavg."""
    expected = {**AVERAGES, ("load_runnable_threads",): 1, ("load_threads",): 82}
    assert expected == values(LoadAverage(read=kernel("load")))


@pytest.mark.parametrize("text", ["0.57 0.88 0.66", "0.57 0.88 0.66 1/", "0.57 0.88 0.66 x/82 1\n"])
def test_averages_are_exposed_without_thread_counts(tmp_path, text):
    """If the line is truncated."""
    assert load_values(tmp_path, text) == AVERAGES


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "0.57 0.88",
        "0.57 0.88 nan 1/82 1",
        "-1.0 0.0 0.0 1/82 1",
        f"{'9' * 400}.0 0.0 0.0",
    ],
)
def test_the_sensor_is_unavailable_if_the_line_is_invalid(tmp_path, text):
    """It is neither zero nor infinity."""
    with pytest.raises(SensorUnavailable, match=NO_AVERAGES):
        load_values(tmp_path, text)


def test_the_sensor_is_unavailable_without_the_file(tmp_path):
    """/proc/loadavg does not exist."""
    with pytest.raises(SensorUnavailable, match=NO_AVERAGES):
        values(LoadAverage(read=Kernel(tmp_path)))


@given(st.text())
def test_any_text_is_a_load_or_unavailable(text):
    """No other error is raised."""

    class Fake:
        def word(self, path):
            return text

    with suppress(SensorUnavailable):
        assert all(value >= 0 for value in values(LoadAverage(read=Fake())).values())


def test_pressure_is_in_seconds():
    """There is no stalled time for cpu (the kernel prints one) and no waiting time for irq."""
    expected = {
        ("pressure_waiting_seconds_total", "cpu"): 59.94846,
        ("pressure_waiting_seconds_total", "io"): 8.672343,
        ("pressure_stalled_seconds_total", "io"): 7.663566,
        ("pressure_waiting_seconds_total", "memory"): 0,
        ("pressure_stalled_seconds_total", "memory"): 0,
        ("pressure_stalled_seconds_total", "irq"): 0.100648,
    }
    assert expected == values(PressureStall(read=kernel("load")))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "some avg10=0.00 avg60=0.00 avg300=0.00",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=\nfull total=x",
        "some avg10=0.00 total=-1\nmost avg10=0.00 total=1",
        f"some avg10=0.00 total={'9' * 400}",
        "\x00\udcff",
    ],
)
def test_an_invalid_pressure_file_costs_only_its_resource(tmp_path, text):
    """It is absent; zero would mean that nothing waited."""
    read = changed("load", tmp_path, {})
    (tmp_path / "proc/pressure/io").write_bytes(text.encode("utf-8", "surrogateescape"))

    found = values(PressureStall(read=read))

    assert {"cpu", "memory", "irq"} == {resource for _, resource in found}


def test_missing_pressure_files_cost_only_their_resources(tmp_path):
    """irq is missing before Linux 6.1; another file can't be read."""
    read = changed("load", tmp_path, {"/proc/pressure/irq": None, "/proc/pressure/io": None})
    (tmp_path / "proc/pressure/io").mkdir()

    found = values(PressureStall(read=read))

    assert {"cpu", "memory"} == {resource for _, resource in found}


def test_the_sensor_is_unavailable_without_pressure_files(tmp_path):
    """The kernel does not support PSI."""
    with pytest.raises(SensorUnavailable, match="does not measure"):
        values(PressureStall(read=Kernel(tmp_path)))


def test_the_sensor_is_unavailable_if_psi_is_disabled(tmp_path):
    """The files exist but reading fails (EOPNOTSUPP), as it does for folders here."""
    for resource in PressureStall.RESOURCES:
        (tmp_path / "proc/pressure" / resource).mkdir(parents=True)

    with pytest.raises(SensorUnavailable, match="psi=1"):
        values(PressureStall(read=Kernel(tmp_path)))


@given(st.text())
def test_any_text_is_parsed_as_pressure(text):
    """The times are never negative."""
    assert all(value >= 0 for value in parse_pressure(text).values())


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_pressure_lines_are_parsed_as_the_kernel_prints_them(some_us, full_us):
    """Microseconds become seconds."""
    line = "{} avg10=0.00 avg60=12.34 avg300=100.00 total={}"

    found = parse_pressure(f"{line.format('some', some_us)}\n{line.format('full', full_us)}")

    assert {"some": some_us / 1e6, "full": full_us / 1e6} == found
