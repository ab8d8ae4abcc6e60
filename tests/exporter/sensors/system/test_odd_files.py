"""Sensors whose files are not as they should be: in containers, or while a device fails."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sources.proc_stat import SharedProcStat

from ... import recorded
from ...machine import PROC_STAT, samples_of
from ...memory_kernel import BROKEN, MemoryKernel

# Sensors of files by the recorded tree that they read.
TREES = {
    "CPUFreq": "cpu",
    "LoadAverage": "load",
    "NUMAMemory": "numa",
    "PressureStall": "load",
    "SwapMemory": "memory",
    "VirtualMemory": "memory",
}
OF_PROC_STAT = ("BootTime", "CPUPercent", "CPUStats", "CPUTimes", "CPUTimesPercent")


def recorded_files(tree):
    """Return the files of a recorded tree."""
    _, *files = (recorded.FOLDER / f"{tree}.tree").read_text().split("\n== ")
    pairs = (file.partition("\n") for file in files)
    return {path: content.encode() for path, _, content in pairs}


def cut_and_changed(content):
    """Return a strategy of what may become of a file's *content*."""
    lines = content.splitlines(keepends=True)
    return st.one_of(
        BROKEN,
        st.integers(0, len(content)).map(lambda end: content[:end]),
        st.sets(st.sampled_from(range(len(lines)))).map(
            lambda left: b"".join(line for at, line in enumerate(lines) if at in left)
        ),
        st.sampled_from([b"kB", b" ", b"\n", b"0", b"-1", b"9" * 5000]).map(
            lambda other: content.replace(b"1", other)
        ),
    )


def assert_reads(sensor):
    """Assert that a sensor yields numbers, or says in a sentence what is wrong."""
    try:
        samples = samples_of(sensor)
    except (SensorUnavailable, OSError):
        return
    except ValueError as error:
        if "/proc/stat" not in str(error):
            raise
        return
    assert all(math.isfinite(sample.value) for sample in samples)
    assert len(samples) == len({sample[:2] for sample in samples})


@pytest.mark.parametrize("name", TREES)
@given(st.data())
def test_odd_files_are_read_or_told_of(name, data):
    """No file raises what only a programmer understands."""
    files = recorded_files(TREES[name])
    for path in data.draw(st.sets(st.sampled_from(sorted(files)), min_size=1)):
        files[path] = data.draw(cut_and_changed(files[path]))

    assert_reads(SENSORS[name](read=MemoryKernel(files)))


@pytest.mark.parametrize("name", OF_PROC_STAT)
@given(cut_and_changed(PROC_STAT), cut_and_changed(PROC_STAT))
def test_an_odd_proc_stat_is_read_or_told_of(name, before, after):
    """Also if what a container sees changes between two readings."""
    files = {"/proc/stat": before}
    times_s = iter(range(10))
    read = SharedProcStat(MemoryKernel(files), clock=lambda: next(times_s))
    sensor = SENSORS[name](read=read)

    assert_reads(sensor)
    read._kernel = MemoryKernel({"/proc/stat": after})
    assert_reads(sensor)
