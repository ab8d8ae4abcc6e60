"""What a cluster asks of Graphite, in numbers; and when it is said that a limit bites."""

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
    combined,
    creation_s,
    demand,
    expectation,
    file_bytes,
    part_of,
    round_s,
    too_few_creates,
    too_few_updates,
    too_little_space,
    too_small_cache,
    unknown_creates,
)
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.targets import configured
from fructosa_bridge.whisper.retentions import archives
from fructosa_bridge.whisper.whisper_file import create

BIG = Demand(series=3_000_000, size_bytes=10**12, points_per_s=300_000)
ROOM = DiskSpace(folder=Path("/w"), free_bytes=10**13, free_files=10**7)


def asked(series=300, naming="plain", **sections):
    """Return what comes of some sections."""
    return demand(configured(sections, "c", naming=naming), series)


def nodes(count, **settings):
    """Return a section of so many nodes."""
    return NodesSettings(hosts=tuple(f"n{number}" for number in range(count)), **settings)


def test_series_and_points_are_those_of_all_sections():
    """A slower section brings its points less often."""
    slow = nodes(10, interval_s=60, port=9100, prefix="slow")

    found = asked(fast=nodes(10), slow=slow)

    assert 6000 == found.series
    assert 300 + 50 == pytest.approx(found.points_per_s)
    assert 3000 * (file_bytes(10) + file_bytes(60)) == found.size_bytes


@pytest.mark.parametrize("interval_s", [1, 10, 60, 300, 3600])
def test_a_file_is_as_long_as_whisper_makes_it(tmp_path, interval_s):
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
    """The shortest interval rules them; with tags each section has series of its own."""
    sections = {"slow": nodes(1, interval_s=60), "fast": nodes(1)}

    plain, tagged = asked(1, **sections), asked(1, "tagged", **sections)

    assert (1, file_bytes(10)) == (plain.series, plain.size_bytes)
    assert (2, file_bytes(10) + file_bytes(60)) == (tagged.series, tagged.size_bytes)
    assert plain.points_per_s == tagged.points_per_s == pytest.approx(1 / 10 + 1 / 60)


@pytest.mark.parametrize(
    ("section", "is_most"),
    [({}, False), ({"sensors": ("CPUPercent",)}, True), ({"path": "/probe"}, False)],
)
def test_a_section_that_asks_for_some_sensors_brings_at_most_so_much(section, is_most):
    """And it is said so."""
    found = asked(all=nodes(2, **section))

    assert is_most == found.is_most
    assert ("at most 600 series" if is_most else "about 600 series") in expectation(found, 300)


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
def test_creation_takes_what_carbons_bucket_gives(series, rate, expected):
    """So many at once, then so many a minute."""
    assert expected == (0 if math.isinf(rate) else creation_s(series, rate))


@given(st.integers(0, 10**9), st.floats(1, 1e6))
def test_creation_never_takes_less_when_more_is_to_be_made(series, rate):
    """Nor is it ever negative."""
    assert 0 <= creation_s(series, rate) <= creation_s(series + 1, rate)


def test_42_days_without_files_are_told():
    """With what it means, and what to write."""
    (text,) = too_few_creates("x.conf: [cache]", CarbonLimits(creates_per_min=50), 3_000_000)

    assert (
        "x.conf: [cache]: MAX_CREATES_PER_MINUTE = 50, so that 3,000,000 new series have all "
        "their files after 42 days; until then points of series without a file are dropped; set "
        "it to 50,000 and they have them in an hour, or to inf"
    ) == text


@pytest.mark.parametrize(("series", "told"), [(3050, 0), (3051, 1)])
def test_an_hour_of_creation_is_no_matter(series, told):
    """3050 files: 50 at once, 3000 in an hour."""
    assert told == len(list(too_few_creates("x", CarbonLimits(creates_per_min=50), series)))
    assert told == len(list(unknown_creates("x", series)))


def test_a_carbon_that_makes_no_files_is_told():
    """It would take for ever."""
    (text,) = too_few_creates("x", CarbonLimits(creates_per_min=0), 5)

    assert "MAX_CREATES_PER_MINUTE = 0, so that none of 5 new series gets its file" in text


def test_without_limits_nothing_is_told():
    """As carbon is if its file sets none."""
    free = CarbonLimits()

    assert [] == [
        *too_few_creates("x", free, BIG.series),
        *too_few_updates("x", free, BIG),
        *too_small_cache("x", free, BIG),
        *too_little_space(ROOM, BIG, is_sparse=False),
    ]


def test_a_long_round_of_writing_loses_nothing_but_fills_the_memory():
    """At 500 files a second 3 M series are written every 100 minutes."""
    (text,) = too_few_updates("x", CarbonLimits(updates_per_s=500), BIG)

    assert 6000 == round_s(BIG, 500)
    assert "300,000 points come a second" in text
    assert "each series every 100 min. That loses none, but about 900,000,000 points wait" in text


@pytest.mark.parametrize(("series", "told"), [(30_000, 0), (30_001, 1)])
def test_a_minute_of_writing_is_no_matter(series, told):
    """Carbon is made to write several points of a series at once."""
    comes = Demand(series=series, size_bytes=0, points_per_s=series / 10)

    assert told == len(list(too_few_updates("x", CarbonLimits(updates_per_s=500), comes)))


def test_a_slow_cluster_is_no_matter_either():
    """Where fewer points come than may be written, each is written as it comes."""
    comes = Demand(series=300_000, size_bytes=0, points_per_s=83)

    assert [] == list(too_few_updates("x", CarbonLimits(updates_per_s=100), comes))


@pytest.mark.parametrize("rate", [0, -1])
def test_a_carbon_that_writes_nothing_is_told(rate):
    """So it would be with a limit of none."""
    (text,) = too_few_updates("x", CarbonLimits(updates_per_s=rate), BIG)

    assert "so that carbon writes nothing" in text


@pytest.mark.parametrize(
    ("waits", "then"),
    [(True, "stops reading, so that points wait in lmaster's queue"), (False, "drops what comes")],
)
def test_a_cache_smaller_than_a_round_is_told(waits, then):
    """What carbon does then follows from its flow control."""
    limits = CarbonLimits(updates_per_s=3_000_000, cache_points=299_999, waits_when_full=waits)

    (text,) = too_small_cache("x", limits, BIG)

    assert "MAX_CACHE_SIZE = 299,999, and 300,000 points come while" in text
    assert then in text


def test_what_comes_at_one_moment_must_fit_into_the_cache():
    """However seldom that is."""
    comes = asked(all=nodes(100, interval_s=3600, alignment="together"))

    assert 30_000 == comes.together
    assert 1 == len(list(too_small_cache("x", CarbonLimits(cache_points=29_999), comes)))
    assert [] == list(too_small_cache("x", CarbonLimits(cache_points=30_000), comes))


@pytest.mark.parametrize(
    ("room", "is_sparse", "said"),
    [
        ({"free_bytes": 10**11}, False, ["/w: the files of 3,000,000 new series take 1 TB, and "]),
        ({"free_bytes": 10**11}, True, ["/w: the files of 3,000,000 new series grow to 1 TB, "]),
        ({"free_bytes": 10**11, "files_there": 2_999_990}, False, []),
        ({"free_bytes": 10**11, "files_there": 1_500_000}, False, ["of 1,500,000 new series take"]),
        ({"free_bytes": 0, "files_there": 4_000_000}, False, []),
        ({"free_files": 2_999_999}, False, ["2,999,999 inodes are free"]),
        ({"free_files": 3_000_000}, False, []),
        ({"free_files": None}, False, []),
        ({"free_bytes": 0, "free_files": 0}, False, ["0 B are free", "0 inodes are free"]),
    ],
)
def test_what_the_disk_lacks_for_files_still_to_come_is_told(room, is_sparse, said):
    """Those that are there have their room already."""
    found = list(too_little_space(DiskSpace(**{**vars(ROOM), **room}), BIG, is_sparse=is_sparse))

    assert len(said) == len(found)
    assert all(part in text for part, text in zip(said, found, strict=True))


def test_what_instances_allow_adds_up():
    """What one drops is dropped, though."""
    one = CarbonLimits(creates_per_min=50, updates_per_s=500, cache_points=1000)
    other = CarbonLimits(creates_per_min=math.inf, updates_per_s=100, waits_when_full=False)

    assert CarbonLimits(
        creates_per_min=math.inf,
        updates_per_s=600,
        cache_points=math.inf,
        waits_when_full=False,
    ) == combined([one, other])


def test_a_folder_of_one_of_two_instances_gets_half():
    """Of series, bytes and points."""
    half = part_of(BIG, 1, 2)

    assert (1_500_000, 5 * 10**11, 150_000) == (half.series, half.size_bytes, half.points_per_s)
