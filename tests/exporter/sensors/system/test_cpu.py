"""The sensors of processors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors.system.cpu import (
    CPUCount,
    CPUFreq,
    CPUPercent,
    CPUStats,
    CPUTimes,
    CPUTimesPercent,
    PerCPUOptions,
)

from ...machine import Times, cpu_times, stat_reading, values
from ...memory_kernel import MemoryKernel

POLICY = "/sys/devices/system/cpu/cpufreq/policy2"
BOOT = cpu_times()
# The kernel counts in ticks of 10 ms.
any_times = st.builds(Times, *[st.integers(0, 10**10).map(lambda ticks: ticks / 100)] * len(BOOT))


def readings(sensor_class, *reading, options=None):
    """Return the values of the sensor for each of the readings of /proc/stat in turn."""
    answers = iter(reading)
    sensor = sensor_class(options, read=lambda: stat_reading(*next(answers)))
    return [values(sensor) for _ in reading]


def test_the_first_reading_covers_the_time_since_boot():
    """As in vmstat."""
    (found,) = readings(CPUPercent, [cpu_times(user=1, idle=3), cpu_times(system=2)])

    assert {("cpu_utilization_ratio", "0"): 0.25, ("cpu_utilization_ratio", "1"): 1.0} == found


def test_later_readings_cover_the_time_since_the_previous_one():
    """Earlier time does not count again."""
    _, found = readings(
        CPUPercent,
        [cpu_times(user=100, idle=100)],
        [cpu_times(user=103, idle=101)],
    )

    assert {("cpu_utilization_ratio", "0"): 0.75} == found


def test_idle_and_iowait_do_not_count_as_busy():
    """Only the user time of this reading does."""
    (found,) = readings(CPUPercent, [cpu_times(user=2, idle=1, iowait=1)])

    assert {("cpu_utilization_ratio", "0"): 0.5} == found


@pytest.mark.parametrize("sensor_class", [CPUPercent, CPUTimesPercent])
def test_a_processor_without_elapsed_ticks_has_no_sample(sensor_class):
    """Two readings within one tick do not give a zero."""
    _, found = readings(
        sensor_class,
        [cpu_times(idle=1), cpu_times(idle=1)],
        [cpu_times(idle=1), cpu_times(idle=2)],
    )

    assert {"1"} == {labels[1] for labels in found}


@pytest.mark.parametrize(
    ("before", "after"), [([BOOT], [BOOT, BOOT]), ([BOOT, BOOT], [BOOT]), ([BOOT], [])]
)
def test_a_changed_number_of_processors_starts_over(before, after):
    """The numbers may refer to other processors now; the reading covers the time since boot."""
    now = [cpu_times(user=1, idle=1) for _ in after]

    _, found = readings(CPUPercent, before, now)

    assert {("cpu_utilization_ratio", str(number)): 0.5 for number in range(len(now))} == found


def test_modes_are_ratios_of_the_total_time():
    """Guest time is part of user and counts once in the total."""
    (found,) = readings(CPUTimesPercent, [cpu_times(user=3, guest=2, idle=1)])

    shares = {mode: share for (_, _, mode), share in found.items() if share}
    assert {"user": 0.75, "guest": 0.5, "idle": 0.25} == shares
    assert len(BOOT) == len(found)


def test_a_mode_that_decreases_counts_as_zero():
    """The kernel's iowait may decrease; no ratio is negative or above one."""
    _, found = readings(
        CPUTimesPercent, [cpu_times(user=1, iowait=5)], [cpu_times(user=2, iowait=4)]
    )

    assert found["cpu_mode_ratio", "0", "iowait"] == 0
    assert found["cpu_mode_ratio", "0", "user"] == 1


@pytest.mark.parametrize("sensor_class", [CPUPercent, CPUTimes, CPUTimesPercent])
def test_percpu_no_exposes_the_sum_of_all_processors(sensor_class):
    """With the label cpu="all"."""
    reading = [cpu_times(user=1, idle=3), cpu_times(user=3, idle=1)]

    (found,) = readings(sensor_class, reading, options=PerCPUOptions(percpu=False))

    assert {"all"} == {labels[1] for labels in found}
    expected = {CPUPercent: 0.5, CPUTimes: 4.0, CPUTimesPercent: 0.5}
    assert expected[sensor_class] in found.values()


@given(st.lists(any_times, min_size=1, max_size=4))
def test_ratios_are_between_zero_and_one(reading):
    """Whatever times the kernel reports."""
    for found in readings(CPUPercent, *([times] for times in reading)):
        assert all(0 <= share <= 1 for share in found.values())


def test_times_are_seconds_since_boot():
    """By processor and mode."""
    found = values(CPUTimes(read=lambda: stat_reading(BOOT, cpu_times(user=1.5, steal=2))))

    assert found["cpu_seconds_total", "1", "user"] == 1.5
    assert found["cpu_seconds_total", "1", "steal"] == 2
    assert 2 * len(BOOT) == len(found)


def test_threads_and_cores_are_counted():
    """Hyper-threads share a core."""
    found = values(CPUCount(read=lambda *, logical: 8 if logical else 4))

    assert {("cpu_threads",): 8, ("cpu_cores",): 4} == found


def test_cores_are_counted_again_only_if_the_number_of_threads_changes():
    """Counting them reads files of each thread."""
    calls, threads = [], 8

    def read(*, logical):
        calls.append(logical)
        return threads if logical else threads // 2

    sensor = CPUCount(read=read)
    found = [values(sensor), values(sensor)]
    threads = 4
    found.append(values(sensor))

    assert [4, 4, 2] == [one["cpu_cores",] for one in found]
    assert calls.count(False) == 2


def test_cores_are_absent_if_the_topology_is_hidden():
    """As in a container; absent is not zero."""
    found = values(CPUCount(read=lambda *, logical: 8 if logical else None))

    assert {("cpu_threads",): 8} == found


def test_context_switches_and_interrupts_are_counted():
    """Those of all processors together."""
    stats = stat_reading(ctxt=1, intr=2, softirq=3, processes=4, procs_blocked=5)

    expected = {
        ("cpu_context_switches_total",): 1,
        ("cpu_interrupts_total",): 2,
        ("cpu_soft_interrupts_total",): 3,
        ("process_forks_total",): 4,
        ("process_blocked_threads",): 5,
    }
    assert expected == values(CPUStats(read=lambda: stats))


def test_counts_that_the_kernel_lacks_are_absent():
    """Absent is not zero."""
    assert {("cpu_context_switches_total",): 1} == values(
        CPUStats(read=lambda: stat_reading(ctxt=1))
    )


def test_frequencies_are_in_hertz():
    """Limits that the kernel does not know are absent."""
    files = {
        "/proc/cpuinfo": "processor\t: 3\ncpu MHz\t\t: 2000.5\n",
        f"{POLICY}/scaling_min_freq": 800_000,
        f"{POLICY}/scaling_cur_freq": 1_000_000,
        f"{POLICY}/scaling_max_freq": 0,
    }

    expected = {
        ("cpu_frequency_hertz", "2"): 1e9,
        ("cpu_frequency_min_hertz", "2"): 800e6,
        ("cpu_frequency_hertz", "3"): 2000.5e6,
    }
    assert expected == values(CPUFreq(read=MemoryKernel(files)))


@pytest.mark.parametrize("files", [{}, {"/proc/cpuinfo": "processor\t: 0\n"}])
def test_the_sensor_is_unavailable_without_frequencies(files):
    """As on many virtual machines."""
    with pytest.raises(SensorUnavailable, match="no CPU frequency"):
        values(CPUFreq(read=MemoryKernel(files)))


def test_frequencies_that_cannot_be_read_are_an_error():
    """The machine has them."""
    with pytest.raises(OSError, match="none of 1 CPU frequencies can be read"):
        values(CPUFreq(read=MemoryKernel({f"{POLICY}/scaling_cur_freq": "<unknown>"})))
