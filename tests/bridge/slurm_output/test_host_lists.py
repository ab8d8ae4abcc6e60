"""Slurm's lists of nodes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.slurm_output.host_lists import MOST_NODES, node_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("n1", ["n1"]),
        ("n[1-3,07],login", ["n1", "n2", "n3", "n07", "login"]),
        ("n[099-101]", ["n099", "n100", "n101"]),
        ("r[0-1]n[0-1]x", ["r0n0x", "r0n1x", "r1n0x", "r1n1x"]),
        ("n[1-2],n1", ["n1", "n2"]),
        ("", []),
        ("(null)", []),
    ],
)
def test_a_list_is_expanded(text, names):
    """Numbers keep their zeros; a node is named once."""
    assert names == list(node_names(text))


@pytest.mark.parametrize(
    "text",
    [
        "n[1-",
        "n[3-1]",
        "n[]",
        "n[1]]",
        "n1,,n2",
        "n1,",
        "n[1-99999999]",
        "n[a]",
        "n 1",
        "n[0-9999]x[0-9999]",
    ],
)
def test_an_invalid_list_has_no_names(text):
    """Rather than nodes that the job did not have, or more than a cluster has."""
    assert () == node_names(text)


def test_the_largest_list_is_bounded():
    """It is that of all nodes of the largest cluster."""
    assert MOST_NODES == len(node_names(f"n[1-{MOST_NODES}]"))
    assert () == node_names(f"n[0-{MOST_NODES}]")


def test_a_name_that_no_host_has_is_not_repeated():
    """A short list of long names would fill the memory."""
    assert 100 == len(node_names(f"{'n' * 250}[1-100]"))
    assert () == node_names(f"{'n' * 300_000}[1-{MOST_NODES}]")


@given(st.text(st.sampled_from("n0123456789[],-")))
def test_no_text_fails(text):
    """Whatever Slurm prints."""
    assert len(node_names(text)) <= MOST_NODES
