"""The targets in a response of lmaster, and their table."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.client import target_list
from fructosa_bridge.web.status import target_status

from ..fake_master import targets_json
from ..fake_status import state


def test_failed_targets_are_the_first_rows_of_the_table():
    """Its columns are as wide as needed."""
    text = targets_json(
        state("n1", up=True, due_s=993.4, samples=272),
        state("node100", up=None),
        state("::1", up=False, due_s=100.0, error="cannot connect: Connection refused"),
    )

    rows = list(target_list.table(target_list.parse(text), now_s=1000.0))

    assert [
        "STATE    TARGET        GROUP      LAST  SAMPLES  ERROR",
        "down     [::1]:9888    compute  15 min        0  cannot connect: Connection refused",
        "waiting  node100:9888  compute                0",
        "up       n1:9888       compute     7 s      272",
    ] == rows


def test_all_fields_are_kept():
    """Also those of a newer lmaster."""
    text = json.dumps({"targets": [{**target_status(state("n1", up=True)), "new": [1]}]})

    (target,) = target_list.parse(text)

    assert [1] == target.fields["new"]
    assert "n1" == target.host


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "[" * 100_000,
        "[]",
        "{}",
        '{"targets": 1}',
        '{"targets": [1]}',
        '{"targets": [{}]}',
        targets_json(state("n1")).replace("waiting", "asleep"),
        targets_json(state("n1")).replace('"n1:9888"', '"a b"'),
        targets_json(state("n1")).replace('"samples": 0', '"samples": []'),
        targets_json(state("n1")).replace('"samples": 0', '"samples": Infinity'),
    ],
)
def test_a_response_of_another_server_is_rejected(text):
    """It is not a list of targets."""
    with pytest.raises(ValueError, match="is not a list of targets"):
        target_list.parse(text)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner)))
def test_any_json_is_parsed_or_rejected(value):
    """The only exception is ValueError."""
    fields = target_status(state("n1", up=True))
    for key in fields:
        text = json.dumps({"targets": [{**fields, key: value}]})
        try:
            list(target_list.table(target_list.parse(text), 0.0))
        except ValueError:
            continue


def test_an_error_cannot_control_the_terminal():
    """It may contain what a node has sent."""
    text = targets_json(state("n1", up=False, error="a\x1b[2J\nb"))

    assert list(target_list.table(target_list.parse(text), 0.0))[1].endswith("a [2J b")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-3, "0 s"), (0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (1e6, "11 d")],
)
def test_an_age_has_a_fitting_unit(seconds, expected):
    """It is never negative, even if a clock was set back."""
    assert expected == target_list.age(seconds)
