"""When Slurm's list of jobs was not read for longer than Slurm keeps jobs that have ended."""

import pytest

from fructosa_bridge.app.job_gaps import HOUR_S, Gap, JobGaps
from fructosa_bridge.slurm_output.records import SlurmConfig, SlurmReading

T0 = 1_800_000_000.0


def reading(time_s, jobs=(), version="22.05.8", accounting=True, age_s=300):
    """Return a reading of a Slurm."""
    config = SlurmConfig(version=version, min_job_age_s=age_s, has_accounting=accounting)
    return SlurmReading(time_s, config=config, jobs=jobs)


def test_a_gap_is_filled_in_steps_of_an_hour():
    """It begins a minute earlier, as clocks differ."""
    gaps = JobGaps(T0)

    found = gaps.see(reading(T0 + 2 * HOUR_S))

    assert Gap(T0, T0 + 2 * HOUR_S) == found
    assert [
        (T0 - 60, T0 - 60 + HOUR_S),
        (T0 - 60 + HOUR_S, T0 - 60 + 2 * HOUR_S),
        (T0 - 60 + 2 * HOUR_S, T0 + 2 * HOUR_S),
    ] == gaps.left(T0 + 2 * HOUR_S)


@pytest.mark.parametrize("known_s", [None, T0 - 90 * HOUR_S, T0 - 24 * HOUR_S])
def test_it_is_the_last_day_at_most(known_s):
    """Agents do not keep jobs for longer; also of a new archive."""
    gaps = JobGaps(known_s)
    gaps.see(reading(T0))

    left = gaps.left(T0)

    assert (24, T0 - 24 * HOUR_S, T0) == (len(left), left[0].since_s, left[-1].until_s)


def test_what_slurm_still_lists_is_no_gap():
    """While lmaster runs, two minutes are none either, however short MinJobAge is."""
    gaps = JobGaps(T0)

    found = [gaps.see(reading(T0 + s, age_s=age_s)) for s, age_s in ((300, 300), (420, 2))]

    assert [None, None] == found
    assert Gap(T0 + 420, T0 + 541) == gaps.see(reading(T0 + 541, age_s=2))


def test_after_a_start_a_gap_is_what_exceeds_min_job_age():
    """Or the usual five minutes, if it is not known."""
    assert JobGaps(T0).see(reading(T0 + 11, age_s=10)) is not None
    assert JobGaps(T0).see(reading(T0 + 300, age_s=None)) is None


def test_a_list_that_could_not_be_read_makes_the_gap_longer():
    """The jobs are known until the list before."""
    gaps = JobGaps(T0)
    for minute in range(1, 10):
        gaps.see(reading(T0 + 60 * minute, jobs=None))

    assert Gap(T0, T0 + 600) == gaps.see(reading(T0 + 600))


def test_until_a_gap_is_filled_what_came_after_it_is_not_known():
    """A kill forgets nothing."""
    gaps = JobGaps(T0)
    gaps.see(reading(T0 + HOUR_S))
    before = gaps.known_until_s
    for gap in gaps.left(T0 + HOUR_S):
        gaps.filled(gap)

    assert (T0 - 60, T0 + HOUR_S) == (before, gaps.known_until_s)


def test_what_is_too_old_is_given_up():
    """slurmdbd was down for a day: nodes do not have figures of these jobs any more."""
    gaps = JobGaps(T0)
    gaps.see(reading(T0 + 2 * HOUR_S))

    assert [] == gaps.left(T0 + 28 * HOUR_S)
    assert T0 + 2 * HOUR_S == gaps.known_until_s


def test_without_accounting_there_is_nothing_to_ask():
    """Only once the configuration is known, that is known."""
    gaps = JobGaps(T0)

    unknown = gaps.see(reading(T0 + HOUR_S, version="", accounting=False))
    kept = len(gaps.left(T0 + HOUR_S))
    gaps.see(reading(T0 + HOUR_S + 60, accounting=False))

    assert (None, 2, []) == (unknown, kept, gaps.left(T0 + HOUR_S))
    assert JobGaps(T0).see(reading(T0 + HOUR_S, accounting=False)) is None
