"""The small notations of Slurm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.slurm_output.tres import array_tasks, gpu_count, gpus_by_type, number, time_s


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("0", 0), ("12", 12), ("9" * 18, 10**18 - 1)),
        *((text, None) for text in ("", "N/A", "(null)", "1-2", "-1", "1.5", "100M", " 1", "٣")),
        ("9" * 19, None),
    ],
)
def test_a_number_is_whole_and_positive_or_it_is_none(text, value):
    """Anything else, also digits of other scripts, is no number."""
    assert value == number(text)


@pytest.mark.parametrize("text", ["N/A", "NONE", "Unknown", "None", "0", "", "now"])
def test_a_time_that_is_not_set_is_none(text):
    """Slurm has many words for it."""
    assert time_s(text) is None
    assert time_s("1795989324") == 1795989324.0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *(("N/A", 1), ("7", 1), ("0", 1), ("", 1), ("no tasks", 1)),
        *(("0-9999", 10_000), ("1-5,9,20-40:2", 17), ("3,5,7,9%1", 4), ("[1-4]%2", 4)),
        *(("1-3,7,11,15,19", 7), ("5-3", 1), ("1-10:0", 10), ("0-99999999999999999", 4_000_001)),
    ],
)
def test_tasks_of_an_array_are_counted(text, count):
    """Ranges with steps; what is no list of tasks is one job, and no list is endless."""
    assert count == array_tasks(text)


@pytest.mark.parametrize(
    ("text", "gpus"),
    [
        ("", {}),
        ("(null)", {}),
        ("gpu:2", {"gpu": 2}),
        ("gpu", {"gpu": 1}),
        ("gpu:a100", {"a100": 1}),
        ("gpu:a100:2(S:0-1)", {"a100": 2}),
        ("gpu:a100:1(IDX:0,2),gpu:h100:3(IDX:0-2)", {"a100": 1, "h100": 3}),
        ("gpu:0(IDX:N/A),shard:8(S:0),gpu:b200:4", {"gpu": 0, "b200": 4}),
        ("gres:gpu:2", {"gpu": 2}),
        ("gres:gpu:a100:2,gres:license:1", {"a100": 2}),
        ("gres/gpu:2", {"gpu": 2}),
        ("cpu=4,mem=100M,gres/gpu=2,gres/gpu:a100=2", {"a100": 2}),
        ("cpu=4,gres/gpu=3", {"gpu": 3}),
        ("gres/gpu:a100=1,gres/gpu:h100=2", {"a100": 1, "h100": 2}),
        ("gres/gpumem=80G,gres/gpuutil=10,gpus:3,mps:100", {}),
    ],
)
def test_gpus_are_counted_by_type(text, gpus):
    """In all notations; the total of a TRES list does not count typed GPUs twice."""
    assert gpus == gpus_by_type(text)
    assert sum(gpus.values()) == gpu_count(text)


@given(st.text(alphabet="gpures/:=,()0123456789 -[]%x\x1f\n"))
def test_any_text_is_counted_without_an_error(text):
    """Users choose some of it."""
    assert 1 <= array_tasks(text) <= 4_000_001
    assert 0 <= gpu_count(text)


@pytest.mark.parametrize("text", ["(" * 200_000, "1-2," * 50_000, "gpu:" * 50_000, "1-" * 100_000])
def test_a_long_text_is_read_once(text):
    """Not once for each of its parts."""
    assert 1 <= array_tasks(text)
    assert 0 <= gpu_count(text)
