"""Series into Graphite paths."""

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
def test_a_value_reads_as_a_person_would_write_it(value, expected):
    """What is usual stays; the rest is spelt out, byte by byte."""
    assert expected == graphite_paths.part(value)


@given(any_text)
def test_a_part_is_acceptable_to_carbon_and_to_the_file_system(value):
    """No dot, no space, no slash, nothing that Graphite's queries expand, and not too long."""
    part = graphite_paths.part(value)

    assert re.fullmatch(r"[A-Za-z0-9_:#-]*", part)
    assert len(f"{part}.wsp") <= 255


@given(any_text, any_text)
def test_distinct_values_have_distinct_parts(one, other):
    """Also when both are too long, and begin alike."""
    assert (one == other) == (graphite_paths.part(one) == graphite_paths.part(other))
    assert (one == other) == (
        graphite_paths.part("x" * 240 + one) == graphite_paths.part("x" * 240 + other)
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_part_that_was_not_cut_tells_its_value(value):
    """The page can show what the label said."""
    assert value == graphite_paths.value(graphite_paths.part(value))


def test_labels_stand_in_the_order_of_the_page():
    """An empty value is no label."""
    found = graphite_paths.path("cpu_seconds_total", (("cpu", "0"), ("none", ""), ("mode", "idle")))

    assert found == "cpu_seconds_total.0.idle"


@given(labels, labels)
def test_explicit_paths_are_distinct_and_nobody_elses(one, other):
    """They tell label names apart, and never equal a usual path."""
    said = [tuple(sorted(label for label in series if label[1])) for series in (one, other)]

    paths = [graphite_paths.explicit_path("m", labels) for labels in said]

    assert (said[0] == said[1]) == (paths[0] == paths[1])
    assert said[0] == () or graphite_paths.path("m", other) != paths[0]
    assert all(len(f"{part}.wsp") <= 255 for path in paths for part in path.split("."))


def test_an_explicit_path_passes_relays_as_it_is():
    """carbon-c-relay would make ``_`` of a ``=``."""
    found = graphite_paths.explicit_path("a", (("y", "1"), ("none", ""), ("x", "/home")))

    assert found == "a.y#:1.x#::home"


MANY = tuple((f"label{number}", "x" * 200) for number in range(40))


@pytest.mark.parametrize("path", [graphite_paths.path, graphite_paths.explicit_path])
def test_a_path_of_many_long_labels_fits_into_the_file_system(path):
    """It stays below its metric, and apart from a path that differs at its very end."""
    found, other = path("m", MANY), path("m", (*MANY[:-1], ("label39", "y" * 200)))

    assert found.startswith("m.##")
    assert found != other
    assert max(len(found), len(path("m", MANY[:9]))) <= 2000


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
def test_a_node_is_called_by_its_short_name(host, expected):
    """Addresses stay whole."""
    assert expected == graphite_paths.node_part(host)
