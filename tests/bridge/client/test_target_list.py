"""What a running lmaster says, as a table."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.client import target_list
from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape.target_state import TargetState
from fructosa_bridge.web.status import target_row


def told(*states):
    """Return what lmaster says of some targets."""
    return json.dumps({"targets": [target_row(state) for state in states]})


def state(host, **how):
    """Return the state of a target."""
    return TargetState(Target(group="compute", host=host, port=9888, graphite_path=host), **how)


def test_the_worst_come_first():
    """With what a person asks for, in columns."""
    text = told(
        state("n1", up=True, due_s=993.4, samples=272),
        state("node100", up=None),
        state("::1", up=False, due_s=100.0, error="can't connect: Connection refused"),
    )

    rows = list(target_list.table(target_list.read(text), now_s=1000.0))

    assert [
        "STATE    TARGET        GROUP      LAST  SAMPLES  ERROR",
        "down     [::1]:9888    compute  15 min        0  can't connect: Connection refused",
        "waiting  node100:9888  compute                0",
        "up       n1:9888       compute     7 s      272",
    ] == rows


def test_a_program_gets_all_that_was_said():
    """Fields that this lmaster does not know as well."""
    text = json.dumps({"targets": [{**target_row(state("n1", up=True)), "new": [1]}]})

    (line,) = target_list.read(text)

    assert [1] == line.told["new"]
    assert "n1" == line.host


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
        told(state("n1")).replace("waiting", "asleep"),
        told(state("n1")).replace('"n1:9888"', '"a b"'),
        told(state("n1")).replace('"samples": 0', '"samples": []'),
        told(state("n1")).replace('"samples": 0', '"samples": Infinity'),
    ],
)
def test_what_is_no_list_of_targets_is_refused(text):
    """Some other server answered."""
    with pytest.raises(ValueError, match="is no list of targets"):
        target_list.read(text)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner)))
def test_any_json_is_read_or_refused(odd):
    """Nothing but ValueError comes out of it."""
    good = target_row(state("n1", up=True))
    for key in good:
        try:
            list(
                target_list.table(
                    target_list.read(json.dumps({"targets": [{**good, key: odd}]})), 0.0
                )
            )
        except ValueError:
            continue


def test_what_a_node_said_can_not_move_the_cursor():
    """An error may hold what the node sent."""
    text = told(state("n1", up=False, error="a\x1b[2J\nb"))

    assert list(target_list.table(target_list.read(text), 0.0))[1].endswith("a [2J b")
