"""Slurm's indexes of GPUs in lists of GRES."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.slurm_output.gpu_indexes import (
    MOST_GPUS,
    NOTHING,
    GPUUse,
    gpu_use,
    whole_node,
)

INDEXES = st.sets(st.integers(0, MOST_GPUS - 1), min_size=1, max_size=16)


def use(*indexes, has_parts=False):
    """Return the use of GPUs with these indexes."""
    return GPUUse(len(indexes), frozenset(indexes), has_parts)


def written(indexes):
    """Return indexes as Slurm prints them: 0-1,3."""
    parts, left = [], sorted(indexes)
    while left:
        first = last = left.pop(0)
        while left and left[0] == last + 1:
            last = left.pop(0)
        parts.append(str(first) if first == last else f"{first}-{last}")
    return ",".join(parts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", NOTHING),
        ("(null)", NOTHING),
        ("gpu:a100:2(IDX:0-1)", use(0, 1)),
        ("gpu:1(IDX:3)", use(3)),
        ("gpu:a100:4(IDX:0-3),shard:0", use(0, 1, 2, 3)),
        ("gpu:a100:0(IDX:N/A),gpu:v100:1(IDX:1),shard:0", use(1)),
        ("gpu:a100:1(IDX:1),shard:a100:1(IDX:0)", use(1, has_parts=True)),
        ("gpu:0(IDX:N/A),mps:a100:50(IDX:0)", use(has_parts=True)),
        ("shard:2(IDX:0)", use(has_parts=True)),
        ("gpu:a100_1g.5gb:2(IDX:0,3)", use(0, 3, has_parts=True)),
        ("gpu:rtx_5090:0(IDX:N/A),VramPerGpu:0", NOTHING),
        ("license:3,gpu:1(IDX:0)", use(0)),
        # Slurm 22.05 prints no indexes of GPUs without a type, and none where there are no files.
        ("gpu:2,shard:0", GPUUse(2, None, False)),
        ("gpu:a100:2(CNT:2)", GPUUse(2, None, False)),
    ],
)
def test_lists_of_slurm_are_read(text, expected):
    """Parts of GPUs are told from whole ones."""
    assert expected == gpu_use(text)


@pytest.mark.parametrize(
    "text",
    [
        "gpu:a100:2(IDX:0)",
        "gpu:a100:1(IDX:0-1)",
        "gpu:a100:1(IDX:9-)",
        f"gpu:a100:1(IDX:{MOST_GPUS})",
        "gpu:a100:2(IDX:1-0)",
        "gpu:a:1(IDX:0),gpu:b:1(IDX:0)",
        "gpu:a100",
        "gpu:a100:x",
    ],
)
def test_what_is_not_valid_has_no_indexes(text):
    """Rather unknown than wrong."""
    assert None is gpu_use(text).indexes


@given(INDEXES, st.sampled_from(["", ":a100", ":nvidia_h100_80gb"]))
def test_any_indexes_are_read_as_they_are_written(indexes, kind):
    """In ranges or one by one."""
    text = f"gpu{kind}:{len(indexes)}(IDX:{written(indexes)})"

    assert use(*indexes) == gpu_use(text)


@given(st.text("gpushardm:,()IDX-0123456789N/A", max_size=40) | st.text(max_size=40))
def test_any_text_is_read_without_an_error(text):
    """What is said of indexes agrees with the number of GPUs."""
    found = gpu_use(text)

    assert found.indexes is None or len(found.indexes) == found.total


def test_if_all_gpus_of_a_node_are_in_use_their_indexes_follow():
    """Also where Slurm does not print them."""
    two = GPUUse(2, None, False)

    assert use(0, 1) == whole_node(2, two)
    assert two == whole_node(3, two)
    assert NOTHING == whole_node(0, NOTHING)


def took_s(text):
    """Return the CPU time to read a list that is new."""
    began_s = time.process_time()
    gpu_use.__wrapped__(text)
    return time.process_time() - began_s


@pytest.mark.parametrize("entry", ["gres/gpu:a100=2,", "a(", ",(", "gpu:1(IDX:0),"])
def test_a_long_list_takes_time_in_proportion_to_its_length(entry):
    """A few bytes of each job may be a user's."""
    short_s, long_s = (min(took_s(entry * size) for _ in range(5)) for size in (500, 4_000))

    assert 4 * 8 > long_s / short_s
