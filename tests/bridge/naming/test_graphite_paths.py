"""Series as Graphite paths."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.naming import graphite_paths

text = st.text(max_size=300)
any_text = text | st.text("/:#._-=a0 ", max_size=8)
label_names = st.sampled_from(["a", "b", "le"])
labels = st.dictionaries(label_names, any_text, max_size=3).map(lambda d: tuple(d.items()))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("eth0", "eth0"),
        ("sda1", "sda1"),
        ("0", "0"),
        ("guest_nice", "guest_nice"),
        ("dm-0", "dm-0"),
        ("/", ":"),
        ("/home", ":home"),
        ("/var/lib", ":var:lib"),
        ("0.5", "0#2e5"),
        ("a b", "a#20b"),
        ("ü", "#c3#bc"),
        ("..", "#2e#2e"),
        ("*", "#2a"),
        ("\udcff", "#ff"),
    ],
)
def test_a_value_is_escaped_only_where_necessary(value, expected):
    """Usual characters are kept; any other is written as its bytes in hexadecimal."""
    assert expected == graphite_paths.part(value)


@given(any_text)
def test_a_part_is_valid_for_carbon_and_the_file_system(value):
    """It has no dot, space, slash or wildcard of Graphite, and is not too long."""
    part = graphite_paths.part(value)

    assert re.fullmatch(r"[A-Za-z0-9_:#-]*", part)
    assert len(f"{part}.wsp") <= 255


@given(any_text, any_text)
def test_distinct_values_have_distinct_parts(value, another):
    """Also if both are too long, and start alike."""
    assert (value == another) == (graphite_paths.part(value) == graphite_paths.part(another))
    assert (value == another) == (
        graphite_paths.part("x" * 240 + value) == graphite_paths.part("x" * 240 + another)
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_part_that_was_not_cut_can_be_decoded(value):
    """Web pages show the value of the label."""
    assert value == graphite_paths.value(graphite_paths.part(value))


def test_labels_keep_the_order_of_the_page():
    """An empty value is a missing label."""
    path = graphite_paths.path("cpu_seconds_total", (("cpu", "0"), ("none", ""), ("mode", "idle")))

    assert path == "cpu_seconds_total.0.idle"


@given(labels, labels)
def test_explicit_paths_are_distinct_from_each_other_and_from_all_others(labels_a, labels_b):
    """They contain the names of the labels, and never equal a usual path."""
    series = [
        tuple(sorted(label for label in labels if label[1])) for labels in (labels_a, labels_b)
    ]

    paths = [graphite_paths.explicit_path("m", each) for each in series]

    assert (series[0] == series[1]) == (paths[0] == paths[1])
    assert series[0] == () or graphite_paths.path("m", labels_b) != paths[0]
    assert all(len(f"{part}.wsp") <= 255 for path in paths for part in path.split("."))


def test_relays_do_not_change_an_explicit_path():
    """carbon-c-relay would replace a ``=`` by ``_``."""
    path = graphite_paths.explicit_path("a", (("y", "1"), ("none", ""), ("x", "/home")))

    assert path == "a.y#:1.x#::home"


MANY = tuple((f"label{number}", "x" * 200) for number in range(40))


@pytest.mark.parametrize("path", [graphite_paths.path, graphite_paths.explicit_path])
def test_a_path_of_many_long_labels_fits_into_the_file_system(path):
    """It stays below its metric, and differs from a path that differs only at its very end."""
    whole, another = path("m", MANY), path("m", (*MANY[:-1], ("label39", "y" * 200)))

    assert whole.startswith("m.##")
    assert whole != another
    assert max(len(whole), len(path("m", MANY[:9]))) <= 2000


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("node001", "node001"),
        ("node001.cluster.example", "node001"),
        ("10.0.0.7", "10-0-0-7"),
        ("::1", "--1"),
        ("fe80::1%eth0", "fe80--1#25eth0"),
    ],
)
def test_a_node_has_its_short_name_in_paths(host, expected):
    """An address is kept whole."""
    assert expected == graphite_paths.node_part(host)
