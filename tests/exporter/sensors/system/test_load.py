"""Load and pressure."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.system.load import LoadAverage, PressureStall, pressure

from ...machine import values
from ...recorded import changed, kernel

AVERAGES = {("load_average", "1"): 0.57, ("load_average", "5"): 0.88, ("load_average", "15"): 0.66}


def load(tmp_path, text):
    """Return what is told where /proc/loadavg holds *text*."""
    return values(LoadAverage(read=changed("load", tmp_path, {"/proc/loadavg": text})))


def test_the_load_is_told_as_averages_and_as_it_is():
    """And how many threads there are at all."""
    expected = {**AVERAGES, ("load_runnable_threads",): 1, ("load_threads",): 82}
    assert expected == values(LoadAverage(read=kernel("load")))


@pytest.mark.parametrize("text", ["0.57 0.88 0.66", "0.57 0.88 0.66 1/", "0.57 0.88 0.66 x/82 1\n"])
def test_averages_are_told_without_threads(tmp_path, text):
    """Where the line is cut short."""
    assert load(tmp_path, text) == AVERAGES


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
def test_what_is_no_load_is_not_told(tmp_path, text):
    """Neither as zero nor as endless."""
    with pytest.raises(SensorUnavailable, match="no load"):
        load(tmp_path, text)


def test_a_machine_without_the_file_has_no_load(tmp_path):
    """It says so."""
    with pytest.raises(SensorUnavailable, match="no load"):
        values(LoadAverage(read=Kernel(tmp_path)))


@given(st.text())
def test_no_text_breaks_the_load(text):
    """It is told, or is said to be missing."""

    class Fake:
        def word(self, path):
            return text

    with suppress(SensorUnavailable):
        assert all(value >= 0 for value in values(LoadAverage(read=Fake())).values())


def test_pressure_is_told_in_seconds():
    """Processors have no stalled, though the kernel prints one; interrupts have no waiting."""
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
def test_a_resource_that_tells_nothing_costs_only_itself(tmp_path, text):
    """Zero would say that nothing waited."""
    read = changed("load", tmp_path, {})
    (tmp_path / "proc/pressure/io").write_bytes(text.encode("utf-8", "surrogateescape"))

    found = values(PressureStall(read=read))

    assert {"cpu", "memory", "irq"} == {resource for _, resource in found}


def test_a_kernel_may_not_measure_every_resource(tmp_path):
    """Before 6.1 none measured interrupts; a file may be there and can't be read."""
    read = changed("load", tmp_path, {"/proc/pressure/irq": None, "/proc/pressure/io": None})
    (tmp_path / "proc/pressure/io").mkdir()

    found = values(PressureStall(read=read))

    assert {"cpu", "memory"} == {resource for _, resource in found}


def test_a_kernel_without_pressure_has_nothing_to_tell(tmp_path):
    """It has no files of it."""
    with pytest.raises(SensorUnavailable, match="no pressure"):
        values(PressureStall(read=Kernel(tmp_path)))


def test_a_kernel_that_was_booted_without_pressure_has_nothing_to_tell(tmp_path):
    """It has the files, but refuses to be read (EOPNOTSUPP), as folders do."""
    for resource in PressureStall.RESOURCES:
        (tmp_path / "proc/pressure" / resource).mkdir(parents=True)

    with pytest.raises(SensorUnavailable, match="psi=1"):
        values(PressureStall(read=Kernel(tmp_path)))


@given(st.text())
def test_no_text_breaks_the_parser_of_pressure(text):
    """What it makes of it is time from zero on."""
    assert all(value >= 0 for value in pressure(text).values())


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_pressure_is_read_back_as_the_kernel_prints_it(some_us, full_us):
    """Microseconds become seconds."""
    line = "{} avg10=0.00 avg60=12.34 avg300=100.00 total={}"

    found = pressure(f"{line.format('some', some_us)}\n{line.format('full', full_us)}")

    assert {"some": some_us / 1e6, "full": full_us / 1e6} == found
