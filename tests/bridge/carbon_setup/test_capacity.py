"""The demand of a cluster in numbers, and when a limit is too low for it."""

import math
from pathlib import Path

import pytest
import whisper
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.carbon_setup.capacity import (
    CarbonLimits,
    Demand,
    DiskSpace,
    combined_limits,
    creation_s,
    describe,
    estimated_demand,
    file_bytes,
    portion,
    size,
    span,
    too_few_creates,
    too_few_updates,
    too_little_space,
    too_small_cache,
    unknown_create_limit,
    write_round_s,
)
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.targets import section_targets
from fructosa_bridge.whisper.retentions import archives
from fructosa_bridge.whisper.whisper_file import create

BIG = Demand(series=3_000_000, size_bytes=10**12, points_per_s=300_000)
DISK = DiskSpace(folder=Path("/w"), free_bytes=10**13, free_inodes=10**7)


def demand(series=300, naming="plain", **sections):
    """Return the demand of some sections."""
    return estimated_demand(section_targets(sections, "c", naming=naming), series)


def nodes(count, **settings):
    """Return a section of so many nodes."""
    return NodesSettings(hosts=tuple(f"n{number}" for number in range(count)), **settings)


def test_series_and_points_are_those_of_all_sections():
    """A slower section has fewer points per second."""
    slow = nodes(10, interval_s=60, port=9100, prefix="slow")

    found = demand(fast=nodes(10), slow=slow)

    assert 6000 == found.series
    assert 300 + 50 == pytest.approx(found.points_per_s)
    assert 3000 * (file_bytes(10) + file_bytes(60)) == found.size_bytes


@pytest.mark.parametrize("interval_s", [1, 10, 60, 300, 3600])
def test_the_estimated_size_is_that_of_a_real_file(tmp_path, interval_s):
    """In whole blocks of the disk."""
    file = tmp_path / "one.wsp"
    create(file, archives(interval_s), "last")

    length = file.stat().st_size

    assert (
        length
        == whisper.info(str(file))["archives"][-1]["offset"]
        + (whisper.info(str(file))["archives"][-1]["size"])
    )
    assert math.ceil(length / 4096) * 4096 == file_bytes(interval_s)


def test_sections_of_one_page_share_its_files():
    """They have the shortest interval. With tags each section has series of its own."""
    sections = {"slow": nodes(1, interval_s=60), "fast": nodes(1)}

    plain, tagged = demand(1, **sections), demand(1, "tagged", **sections)

    assert (1, file_bytes(10)) == (plain.series, plain.size_bytes)
    assert (2, file_bytes(10) + file_bytes(60)) == (tagged.series, tagged.size_bytes)
    assert plain.points_per_s == tagged.points_per_s == pytest.approx(1 / 10 + 1 / 60)


@pytest.mark.parametrize(
    ("section", "is_upper_bound"),
    [({}, False), ({"sensors": ("CPUPercent",)}, True), ({"path": "/probe"}, False)],
)
def test_the_demand_of_a_section_with_sensors_is_an_upper_bound(section, is_upper_bound):
    """The description says so."""
    found = demand(all=nodes(2, **section))

    assert is_upper_bound == found.is_upper_bound
    assert describe(found, 300).startswith(
        "at most 600 series" if is_upper_bound else "about 600 series"
    )


@pytest.mark.parametrize(
    ("series", "rate", "expected"),
    [
        (3_000_000, 50, 3_599_940),  # 42 days
        (50, 50, 0),  # the bucket is full at the start
        (100, 50, 60),
        (10**9, math.inf, 0),
        (1, 0, math.inf),
        (1, 0.9, math.inf),  # the bucket never holds a token
        (1, -5, math.inf),
        (0, 0, 0),
    ],
)
def test_creation_follows_carbons_token_bucket(series, rate, expected):
    """A full bucket at once, then the rate."""
    assert expected == (0 if math.isinf(rate) else creation_s(series, rate))


@given(st.integers(0, 10**9), st.floats(1, 1e6))
def test_more_series_never_need_less_time(series, rate):
    """And the time is never negative."""
    assert 0 <= creation_s(series, rate) <= creation_s(series + 1, rate)


def test_a_low_limit_of_creates_is_a_warning():
    """It has the time, the consequence, and the value to set."""
    (text,) = too_few_creates("x.conf: [cache]", CarbonLimits(creates_per_min=50), 3_000_000)

    assert text.startswith(
        "x.conf: [cache]: with MAX_CREATES_PER_MINUTE = 50, carbon needs 42 days"
    )
    assert "3,000,000 new series" in text
    assert "set it to 50,000 " in text


@pytest.mark.parametrize(("series", "warnings"), [(3050, 0), (3051, 1)])
def test_an_hour_of_creation_is_not_a_warning(series, warnings):
    """3050 files: 50 at once, 3000 in an hour."""
    assert warnings == len(list(too_few_creates("x", CarbonLimits(creates_per_min=50), series)))
    assert warnings == len(list(unknown_create_limit("x", series)))


def test_a_carbon_that_creates_no_files_is_a_warning():
    """The time would be infinite."""
    (text,) = too_few_creates("x", CarbonLimits(creates_per_min=0), 5)

    assert "MAX_CREATES_PER_MINUTE = 0, carbon creates no files for 5 new series" in text


def test_without_limits_there_is_no_warning():
    """carbon has none if its file sets none."""
    free = CarbonLimits()

    assert [] == [
        *too_few_creates("x", free, BIG.series),
        *too_few_updates("x", free, BIG),
        *too_small_cache("x", free, BIG),
        *too_little_space(DISK, BIG, is_sparse=False),
    ]


def test_a_long_write_round_is_a_warning_about_memory():
    """At 500 updates per second, carbon writes 3 M series every 100 minutes."""
    (text,) = too_few_updates("x", CarbonLimits(updates_per_s=500), BIG)

    assert 6000 == write_round_s(BIG, 500)
    assert "300,000 points per second" in text
    assert "every 100 min" in text
    assert "about 900,000,000 are in memory" in text


@pytest.mark.parametrize(("series", "warnings"), [(30_000, 0), (30_001, 1)])
def test_a_write_round_of_a_minute_is_not_a_warning(series, warnings):
    """carbon is designed to write several points of a series at once."""
    load = Demand(series=series, size_bytes=0, points_per_s=series / 10)

    assert warnings == len(list(too_few_updates("x", CarbonLimits(updates_per_s=500), load)))


def test_fewer_points_than_updates_are_not_a_warning():
    """carbon then writes each point as it arrives."""
    load = Demand(series=300_000, size_bytes=0, points_per_s=83)

    assert [] == list(too_few_updates("x", CarbonLimits(updates_per_s=100), load))


@pytest.mark.parametrize("rate", [0, -1])
def test_a_carbon_that_writes_nothing_is_a_warning(rate):
    """A limit of zero means zero updates."""
    (text,) = too_few_updates("x", CarbonLimits(updates_per_s=rate), BIG)

    assert "carbon writes nothing" in text


@pytest.mark.parametrize(
    ("has_flow_control", "consequence"),
    [(True, "stops reading, and points wait in lmaster's queue"), (False, "drops points")],
)
def test_a_cache_smaller_than_a_write_round_is_a_warning(has_flow_control, consequence):
    """The consequence depends on flow control."""
    limits = CarbonLimits(
        updates_per_s=3_000_000, cache_points=299_999, has_flow_control=has_flow_control
    )

    (text,) = too_small_cache("x", limits, BIG)

    assert "MAX_CACHE_SIZE = 299,999 is too low: 300,000 points" in text
    assert consequence in text


def test_simultaneous_points_must_fit_into_the_cache():
    """However long the interval is."""
    load = demand(all=nodes(100, interval_s=3600, alignment="together"))

    assert 30_000 == load.simultaneous
    assert 1 == len(list(too_small_cache("x", CarbonLimits(cache_points=29_999), load)))
    assert [] == list(too_small_cache("x", CarbonLimits(cache_points=30_000), load))


@pytest.mark.parametrize(
    ("disk", "is_sparse", "messages"),
    [
        ({"free_bytes": 10**11}, False, ["/w: the files of 3,000,000 new series need 1 TB, but "]),
        ({"free_bytes": 10**11}, True, ["/w: the files of 3,000,000 new series grow to 1 TB, "]),
        ({"free_bytes": 10**11, "existing_files": 2_999_990}, False, []),
        ({"free_bytes": 10**11, "existing_files": 1_500_000}, False, ["of 1,500,000 new series"]),
        ({"free_bytes": 0, "existing_files": 4_000_000}, False, []),
        ({"free_inodes": 2_999_999}, False, ["2,999,999 inodes are free"]),
        ({"free_inodes": 3_000_000}, False, []),
        ({"free_inodes": None}, False, []),
        ({"free_bytes": 0, "free_inodes": 0}, False, ["0 B are free", "0 inodes are free"]),
    ],
)
def test_missing_bytes_and_inodes_are_warnings(disk, is_sparse, messages):
    """Only new files count; existing ones already have their space."""
    found = list(too_little_space(DiskSpace(**{**vars(DISK), **disk}), BIG, is_sparse=is_sparse))

    assert len(messages) == len(found)
    assert all(part in text for part, text in zip(messages, found, strict=True))


def test_the_limits_of_instances_add_up():
    """Flow control counts only if all have it."""
    one = CarbonLimits(creates_per_min=50, updates_per_s=500, cache_points=1000)
    other = CarbonLimits(creates_per_min=math.inf, updates_per_s=100, has_flow_control=False)

    assert CarbonLimits(
        creates_per_min=math.inf,
        updates_per_s=600,
        cache_points=math.inf,
        has_flow_control=False,
    ) == combined_limits([one, other])


def test_one_of_two_instances_gets_half_of_the_demand():
    """Of series, bytes and points."""
    half = portion(BIG, 1, 2)

    assert (1_500_000, 5 * 10**11, 150_000) == (half.series, half.size_bytes, half.points_per_s)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999_999, "1 MB"),
        (4096, "4.1 kB"),
        (82 * 10**9, "82 GB"),
        (1.94e12, "1.9 TB"),
        (9.96e12, "10 TB"),
        (2e15, "2 PB"),
        (2e19, "20,000 PB"),
    ],
)
def test_bytes_are_told_as_disks_are_sold(number, text):
    """In powers of a thousand."""
    assert text == size(number)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "5 s"),
        (150, "2.5 min"),
        (6000, "100 min"),
        (3 * 3600, "3 h"),
        (30 * 3600, "30 h"),
        (3_599_940, "42 days"),
        (2.5 * 86400, "2.5 days"),
    ],
)
def test_times_are_told_as_people_say_them(seconds, text):
    """Not in seconds, where these are many."""
    assert text == span(seconds)
