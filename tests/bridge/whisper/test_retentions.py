"""Archives, aggregation, and the interval of a series."""

import pytest
import whisper
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.whisper.retentions import (
    aggregation_method,
    archives,
    downsampled,
    has_slowed,
    merged,
)


@given(st.integers(1, 86400))
def test_whisper_accepts_the_archives_of_any_interval(interval_s):
    """The finest slots have the interval, and reach back six hours or more."""
    found = archives(interval_s)

    whisper.validateArchiveList(list(found))
    assert interval_s == found[0][0]
    assert found[0][0] * found[0][1] >= 6 * 3600


def test_ten_seconds_are_stored_for_six_hours_minutes_for_a_week_hours_for_two_years():
    """The archives of the default interval."""
    assert [(10, 2160), (60, 10080), (3600, 17520)] == archives(10)


@given(st.integers(1, 7 * 86400))
def test_a_week_of_minutes_and_two_years_of_hours_are_stored_at_any_interval(interval_s):
    """Or of slots of the interval if it is longer; less than a slot may be missing."""
    for step_s, days in ((60, 7), (3600, 730)):
        step_s = max(step_s, interval_s)
        reach_s = [slot_s * slots for slot_s, slots in archives(interval_s) if slot_s < 2 * step_s]

        assert max(reach_s) > days * 86400 - 2 * step_s


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("up.compute", "min"),
        ("fructosa_network_up.eth0", "average"),
        ("fructosa_cpu_seconds_total.0.idle", "last"),
        ("rpc_duration_bucket.0#2e5", "last"),
        ("rpc_duration_sum", "last"),
        ("fructosa_memory_total_bytes", "average"),
        ("fructosa_cpu_utilization_ratio.3", "average"),
        ("CPUTimes.user", "last"),
        ("SwapMemory.sin", "last"),
        # Values of labels make no difference.
        ("fructosa_filesystem_free_bytes.jobs_total", "average"),
        ("fructosa_network_up.up", "average"),
        ("fructosa_os_info.CPUTimes.x_total.up.SwapMemory.sin", "average"),
        ("fructosa_disk_reads_total.up", "last"),
    ],
)
def test_series_are_aggregated_by_their_type(path, expected):
    """Counters by their last value, `up` by its minimum, others by their average."""
    assert expected == aggregation_method(path)


@pytest.mark.parametrize("step_s", [1, 5, 7, 10, 30])
@pytest.mark.parametrize("interval_s", [11, 35, 60, 300])
def test_a_series_that_arrives_only_at_a_longer_interval_has_slowed(step_s, interval_s):
    """After ten points, anywhere within their slots."""
    if step_s > interval_s:
        return
    times = [(number * interval_s + 3) // step_s * step_s for number in range(100, 110)]

    assert has_slowed(times, archives(step_s)[0], interval_s)
    assert not has_slowed(times[1:], archives(step_s)[0], interval_s)


@pytest.mark.parametrize(("step_s", "interval_s"), [(1, 2), (5, 60), (10, 15), (10, 30), (30, 300)])
@given(phase_s=st.integers(0, 300), age_s=st.integers(0, 20_000))
def test_a_series_of_two_sections_has_not_slowed(step_s, interval_s, phase_s, age_s):
    """At any point of the slower section, also soon after both started."""
    began_s = 1_800_000_000
    until_s = began_s + phase_s + age_s // interval_s * interval_s
    quick = range(began_s, until_s, step_s)
    slow = range(began_s + phase_s, until_s, interval_s)
    times = sorted({time_s // step_s * step_s for time_s in (*quick, *slow)})

    assert not has_slowed(times, archives(step_s)[0], interval_s)


def test_a_series_has_slowed_if_its_finest_archive_is_empty():
    """If that archive is too short for two points: six hours do not have two points of a day."""
    assert has_slowed([], archives(10)[0], 86400)
    for interval_s in (15_000, 86400):
        assert not has_slowed([1_800_000_000], archives(10)[0], interval_s)


def test_an_outage_is_not_a_longer_interval():
    """The points span as much time as ten slow ones, but they are closer together."""
    began_s = 1_800_000_000
    times = [*range(began_s, began_s + 50, 10), *range(began_s + 900, began_s + 950, 10)]

    assert not has_slowed(times, archives(10)[0], 60)


def test_the_finest_complete_archive_is_used_for_each_slot():
    """A minute that the finer archive has only partly is taken from the coarser one."""
    coarse = [(0, 1.0), (60, 2.0), (120, 3.0), (180, 4.0)]
    fine = [(90, 21.0), (100, 22.0), (120, 30.0), (130, 31.0), (240, 50.0)]

    found = merged(coarse, fine, 60, fine_from_s=90)
    assert [(0, 1.0), (60, 2.0), (180, 4.0), (120, 30.0), (130, 31.0), (240, 50.0)] == found


def test_points_are_aggregated_into_the_slots_of_their_age():
    """Older points have longer slots."""
    points = [(0, 1.0), (30, 3.0), (60, 5.0), (1000, 1.0), (1005, 2.0), (1010, 3.0)]

    found = downsampled(points, [(10, 10), (60, 100)], 1050, max)
    assert [(0, 3.0), (60, 5.0), (1000, 2.0), (1010, 3.0)] == found
