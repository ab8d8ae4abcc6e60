"""Numbers, sizes and times as people read them."""

from datetime import datetime

import pytest

from fructosa_service import humanize


@pytest.mark.parametrize(
    ("number", "text"), [(12, "12"), (1234567, "1,234,567"), (50.0, "50"), (0.5, "0.5")]
)
def test_counts_have_commas_between_thousands(number, text):
    """Whole numbers have no decimals, whatever their type."""
    assert text == humanize.count(number)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (1023.9 * 2**20, "1 GiB"),
        (1.5 * 2**20, "1.5 MiB"),
        (4 * 2**30, "4 GiB"),
        (2**50, "1,024 TiB"),
    ],
)
def test_sizes_have_binary_units(number, text):
    """In powers of 1024."""
    assert text == humanize.size(number)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (999, "999 B"),
        (999_999, "1 MB"),
        (4096, "4.1 kB"),
        (82 * 10**9, "82 GB"),
        (1.94e12, "1.9 TB"),
        (9.96e12, "10 TB"),
        (2e19, "20,000 PB"),
    ],
)
def test_sizes_of_disks_have_decimal_units(number, text):
    """In powers of 1000, as disks are sold."""
    assert text == humanize.disk_size(number)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (1e-7, "0 ms"),
        (0.0004, "0.4 ms"),
        (0.01234, "12.3 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (2.5, "2.5 s"),
        (119, "119 s"),
        (120, "2 min"),
        (150, "2.5 min"),
        (6000, "100 min"),
        (3 * 3600, "3 h"),
        (30 * 3600, "30 h"),
        (2.5 * 86400, "2.5 days"),
        (3_599_940, "42 days"),
    ],
)
def test_a_duration_has_the_largest_unit_of_which_it_has_two(seconds, text):
    """With a decimal only below ten."""
    assert text == humanize.duration(seconds)


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0 s"), (0.4, "0 s"), (3.4, "3 s"), (119, "119 s"), (900, "15 min")]
)
def test_an_age_is_in_whole_seconds(seconds, text):
    """It is 0 s if the clock was set back since."""
    assert text == humanize.age(seconds)


@pytest.mark.parametrize(
    ("then", "text"),
    [
        ((2026, 11, 29, 0, 5), "00:05"),
        ((2026, 11, 28, 23, 5), "28 Nov"),
        ((2026, 11, 3, 0, 0), "3 Nov"),
        ((2025, 11, 29, 12, 0), "29 Nov 2025"),
        ((2026, 11, 30, 1, 0), "30 Nov"),
    ],
)
def test_dates_are_local_and_as_short_as_possible(then, text):
    """Without what today's date has too."""
    time_s, now_s = (datetime(*one).timestamp() for one in (then, (2026, 11, 29, 21, 0)))

    assert text == humanize.date(time_s, now_s)


@pytest.mark.parametrize(
    ("then", "text"),
    [
        ((2026, 11, 29, 0, 5), "00:05"),
        ((2026, 11, 3, 0, 0), "3 Nov 00:00"),
        ((2025, 11, 29, 12, 0), "29 Nov 2025"),
    ],
)
def test_with_the_time_only_dates_of_this_year_are_longer(then, text):
    """In another year, the time says nothing."""
    time_s, now_s = (datetime(*one).timestamp() for one in (then, (2026, 11, 29, 21, 0)))

    assert text == humanize.date(time_s, now_s, with_time=True)


@pytest.mark.parametrize("time_s", [1e17, -1e17, float("nan"), float("inf"), 1e13])
def test_a_time_that_no_calendar_has_is_a_number(time_s):
    """Whoever sends it must not break the page or the table."""
    assert f"{time_s:g} s since 1970" == humanize.date(time_s, 0)


@pytest.mark.parametrize(
    ("least", "most", "text"),
    [
        (600 * 2**10, 1.7 * 2**20, "0.6-1.7 MiB"),
        (11 * 2**30, 12 * 2**30, "11-12 GiB"),
        (30 * 2**10, 1.7 * 2**30, "30 KiB-1.7 GiB"),
        (0, 1.7 * 2**20, "0-1.7 MiB"),
        (100, 200, "100-200 B"),
        (2**20, 2**20 + 1, "1 MiB"),
        (2**21, 2**20, "1 MiB"),
    ],
)
def test_a_range_of_sizes_has_one_unit_where_that_says_enough(least, most, text):
    """A bound that would be 0 in the other's unit keeps its own."""
    assert text == humanize.size_range(least, most)


@pytest.mark.parametrize(
    ("end", "with_seconds", "text"),
    [
        (None, False, "29 Nov 00:05"),
        ((2026, 11, 29, 0, 6, 9), True, "29 Nov 00:05:07 to 00:06:09"),
        ((2026, 11, 30, 1, 0, 0), False, "29 Nov 00:05 to 30 Nov 01:00"),
        ((2027, 1, 1, 1, 0, 0), False, "29 Nov 00:05 to 1 Jan 2027 01:00"),
    ],
)
def test_a_period_has_its_date_once(end, with_seconds, text):
    """Today's too: the line is read later, and elsewhere."""
    start_s, now_s = (
        datetime(*one).timestamp() for one in ((2026, 11, 29, 0, 5, 7), (2026, 11, 29, 21, 0))
    )
    end_s = None if end is None else datetime(*end).timestamp()

    assert text == humanize.period(start_s, end_s, now_s, with_seconds=with_seconds)


def test_a_period_that_no_calendar_has_is_numbers():
    """As a time is."""
    assert "5 s to 1e+17 s since 1970" == humanize.period(5, 1e17, 0, with_seconds=True)
