"""Times as people write them."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.client.since import NOT_A_TIME, since_s

NOW_S = 1_800_000_000.0


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [("0min", 0), ("30min", 1800), ("12h", 43_200), ("7d", 604_800), (" 2w ", 1_209_600)],
)
def test_a_time_may_be_how_long_ago(text, ago_s):
    """In minutes, hours, days or weeks."""
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
        "yesterday",
        "7",
        "7m",
        "-1d",
        "1e3d",
        "2026-13-01",
        "1960-01-01",
        "0001-01-01",
        "9999-01-01",
    ],
)
def test_anything_else_is_an_error_that_says_what_to_write(text):
    """Months and minutes are not confused: m is neither."""
    with pytest.raises(ValueError, match=NOT_A_TIME):
        since_s(text, NOW_S)


@given(st.text(max_size=30) | st.datetimes().map(str) | st.from_regex(r"\d{1,8}(min|h|d|w)"))
def test_every_text_is_a_time_that_lmaster_takes_or_an_error(text):
    """No other exception."""
    found = 0.0
    with suppress(ValueError):
        found = since_s(text, NOW_S)

    assert 0 <= found < 1e11
