"""How long points are kept."""

import pytest
import whisper
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.retentions import aggregation, archives


@given(st.integers(1, 86400))
def test_whisper_accepts_the_archives_of_any_interval(interval_s):
    """The finest slot is the interval, and all is kept for six hours at least."""
    found = archives(interval_s)

    whisper.validateArchiveList(list(found))
    assert interval_s == found[0][0]
    assert found[0][0] * found[0][1] >= 6 * 3600


def test_ten_seconds_are_kept_for_six_hours_minutes_for_a_week_hours_for_two_years():
    """The usual interval, written out."""
    assert [(10, 2160), (60, 10080), (3600, 17520)] == archives(10)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("cluster.n1.up.compute", "min"),
        ("cluster.n1.fructosa_network_up.eth0", "average"),
        ("n1.fructosa_cpu_seconds_total.0.idle", "last"),
        ("n1.rpc_duration_bucket.0#2e5", "last"),
        ("n1.rpc_duration_sum", "last"),
        ("n1.fructosa_memory_total_bytes", "average"),
        ("n1.fructosa_cpu_utilization_ratio.3", "average"),
    ],
)
def test_series_are_thinned_out_by_what_they_are(path, expected):
    """Counters keep their last value, `up` its worst, all else its mean."""
    assert expected == aggregation(path)
