"""Times as people write them."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.client.since import IN_THE_FUTURE, NOT_A_TIME, YESTERDAY, since_s

NOW_S = 1_800_000_000.0


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [
        ("0min", 0),
        ("30min", 1800),
        ("30m", 1800),
        ("90 s", 90),
        ("12h", 43_200),
        ("7d", 604_800),
        (" 2w ", 1_209_600),
        ("now-2hours", 7200),
        ("NOW", 0),
    ],
)
def test_a_time_may_be_how_long_ago(text, ago_s):
    """In minutes, hours, days or weeks, as sacct takes them too."""
    assert NOW_S - ago_s == since_s(text, NOW_S)


def test_longer_ago_than_1970_is_1970():
    """Then there were no jobs."""
    assert 0 == since_s("999999w", NOW_S)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2026-11-03", (2026, 11, 3, 0, 0, 0)),
        ("2026-11-03T14:00", (2026, 11, 3, 14, 0, 0)),
        ("2026-11-03 14:00:05", (2026, 11, 3, 14, 0, 5)),
    ],
)
def test_a_date_is_local(text, local):
    """As squeue prints them."""
    assert time.mktime((*local, 0, 0, -1)) == since_s(text, NOW_S)


def test_a_date_may_have_a_zone():
    """As in JSON."""
    assert 1_793_714_400 == since_s("2026-11-03T14:00:00+00:00", NOW_S)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "7y",
        "25:00",
        "4:19",
        "tomorrow",
        "-1d",
        "1e3d",
        "2026-13-01",
        "1960-01-01",
        "0001-01-01",
        "9999-01-01",
    ],
)
def test_anything_else_is_an_error_that_says_what_to_write(text):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=NOT_A_TIME):
        since_s(text, NOW_S)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("04:19", (2027, 1, 15, 4, 19, 0)),
        ("04:19:30", (2027, 1, 15, 4, 19, 30)),
        ("today", (2027, 1, 15, 0, 0, 0)),
        ("midnight", (2027, 1, 15, 0, 0, 0)),
        ("Yesterday", (2027, 1, 14, 0, 0, 0)),
    ],
)
def test_hours_and_days_are_those_before_now(text, local):
    """By the local clock."""
    now_s = time.mktime((2027, 1, 15, 12, 0, 0, 0, 0, -1))

    assert time.mktime((*local, 0, 0, -1)) == since_s(text, now_s)


@pytest.mark.parametrize(
    ("text", "then", "hint"),
    [
        ("12:01", "2027-01-15 12:01", YESTERDAY.format(day="2027-01-14", hour="12:01")),
        ("2027-02-01", "2027-02-01 00:00", ""),
    ],
)
def test_a_time_to_come_is_an_error_that_says_what_time_it_is(text, then, hint):
    """No job ran after it; of an hour, that of yesterday may be meant."""
    now_s = time.mktime((2027, 1, 15, 12, 0, 0, 0, 0, -1))

    with pytest.raises(ValueError, match=r".") as error:
        since_s(text, now_s)

    assert IN_THE_FUTURE.format(then=then, now="2027-01-15 12:00", hint=hint) == str(error.value)


@given(
    st.text(max_size=30) | st.datetimes().map(str) | st.from_regex(r"\d{1,8}(min|h|d|w)|\d\d:\d\d")
)
def test_every_text_is_a_time_that_lmaster_takes_or_an_error(text):
    """No other exception."""
    found = 0.0
    with suppress(ValueError):
        found = since_s(text, NOW_S)

    assert 0 <= found <= NOW_S
