"""Patterns for names, and for the paths of nodes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.carbon_setup.path_patterns import (
    NodePath,
    deepest_first,
    has_only_nodes,
    names_pattern,
    series_start_pattern,
)


@given(
    st.sets(st.text("ab01-#:_", min_size=1, max_size=6), min_size=1, max_size=30),
    st.text("ab01-#:_", max_size=6),
)
def test_a_pattern_matches_its_names_and_nothing_else(names, other):
    """Whatever characters they have."""
    found = re.compile(names_pattern(names))

    assert all(found.fullmatch(name) for name in names)
    assert (other in names) == bool(found.fullmatch(other))


def test_a_pattern_of_many_names_is_short():
    """Names share their common beginnings and endings."""
    names = [f"node{number:03}" for number in range(1, 129)]

    assert "node(?:0(?:0[1-9]|[1-9][0-9])|1(?:[01][0-9]|2[0-8]))" == names_pattern(names)


def test_a_prefix_comes_before_its_own_beginning():
    """The first matching rule counts, so the longer prefix must come first."""
    assert ["a.b.c", "a.b", "a", "b", ""] == deepest_first(["", "a", "a.b", "b", "a.b.c"])


@pytest.mark.parametrize(
    ("prefix", "node", "expected"),
    [("a", "n1", True), ("a.b", "a", False), ("ab", "a", True), ("", "a", False)],
)
def test_a_node_above_a_prefix_has_series_below_it(prefix, node, expected):
    """So not everything below the prefix is a node."""
    assert expected == has_only_nodes(prefix, [NodePath(prefix, "n2"), NodePath("", node)])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.n1.load", "a.n1."),
        ("a.new.load", "a.new."),
        ("a.b.n1.load", "a.b.n1."),
        ("a.b.new.load", "a.b.new."),
        ("b.n1.load", None),
        ("a.n1", None),
    ],
)
def test_the_series_of_nodes_start_after_the_longest_prefix(path, expected):
    """New nodes below a prefix match too."""
    pattern = series_start_pattern([NodePath("a", "n1"), NodePath("a.b", "n1")])

    match = re.match(pattern, path)
    assert expected == (match and match[0])


def test_a_part_of_a_longer_prefix_is_never_taken_for_a_node():
    """Even if only that would let the rest of a rule's pattern match."""
    pattern = series_start_pattern([NodePath("a", "n1"), NodePath("a.b", "n1")])

    assert re.match(rf"{pattern}load", "a.b.n1.load")
    assert not re.match(rf"{pattern}n1\.load", "a.b.n1.load")
