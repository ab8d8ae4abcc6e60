"""Series as Graphite paths."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fructosa_bridge.naming import graphite_paths

text = st.text(max_size=300)
any_text = text | st.text("/:#._-=a0 ", max_size=8)
label_names = st.sampled_from(["a", "b", "le"])
few = st.sampled_from(["", "a", "b", "le", "#", "A", "a.b", "a_b", "x" * 1000, "x" * 999])
labels = st.dictionaries(label_names | any_text, few | any_text, max_size=3).map(
    lambda found: tuple(found.items())
)


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
        ("", "#"),
    ],
)
def test_a_value_is_escaped_only_where_necessary(value, expected):
    """Usual characters are kept; any other is written as its bytes in hexadecimal."""
    assert expected == graphite_paths.part(value)


@given(any_text)
def test_a_part_is_valid_for_carbon_and_the_file_system(value):
    """It has no dot, space, slash or wildcard of Graphite, and is not too long."""
    part = graphite_paths.part(value)

    assert re.fullmatch(r"[A-Za-z0-9_:#-]+", part)
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


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((("cpu", "0"), ("mode", "idle")), "cpu_seconds_total.cpu.0.mode.idle"),
        ((("mode", "idle"), ("none", ""), ("cpu", "0")), "cpu_seconds_total.cpu.0.mode.idle"),
        ((("le", "0.5"), ("code", "200")), "cpu_seconds_total.code.200.le.0#2e5"),
        ((("none", ""),), "cpu_seconds_total"),
        ((), "cpu_seconds_total"),
    ],
)
def test_labels_are_sorted_by_their_names(labels, expected):
    """As in prometheus_client's own bridge to Graphite. An empty value is a missing label."""
    assert expected == graphite_paths.path("cpu_seconds_total", labels)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((("mode", "idle"), ("cpu", "0")), "m.0.idle"),
        ((("mode", "idle"),), "m.#.idle"),
        ((("mode", "idle"), ("cpu", "")), "m.#.idle"),
        ((), "m.#.#"),
        ((("cpu", "0"), ("mode", "idle"), ("x", "y")), "m.cpu.0.mode.idle.x.y"),
        ((("x", "y"),), "m.x.y.#"),
        ((("x", "y"), ("cpu", "0")), "m.cpu.0.x.y"),
    ],
)
def test_a_metric_with_declared_labels_has_their_values_alone(labels, expected):
    """Each has its place, also if another is missing. With any other label, names come back."""
    assert expected == graphite_paths.path("m", labels, ("cpu", "mode"))


declared = st.lists(label_names, max_size=3, unique=True)


@given(labels, labels, declared)
@example((("a", "b"),), (("a", "a"), ("b", "b")), ["a", "b"])
@example((("a", "1"),), (("b", "1"),), ["a", "b"])
@example((("le", "b"),), (("a", "le"), ("b", "b")), ["a", "b"])
def test_series_have_the_same_path_if_and_only_if_they_are_the_same(one, other, declared):
    """Whatever the order of labels, and whether they are declared."""
    same = {each for each in one if each[1]} == {each for each in other if each[1]}

    paths = [graphite_paths.path("m", each, declared) for each in (one, other[::-1])]

    assert same == (paths[0] == paths[1])
    assert all(0 < len(f"{part}.wsp") <= 255 for path in paths for part in path.split("."))
    assert all(re.fullmatch(r"[A-Za-z0-9_:#.-]+", path) for path in paths)  # relays keep it


MANY = tuple((f"label{number}", "x" * 200) for number in range(40))


@pytest.mark.parametrize("declared", [(), tuple(label for label, _ in MANY)])
def test_a_path_of_many_long_labels_fits_into_the_file_system(declared):
    """It stays below its metric, and differs from a path that differs only at its very end."""
    last = (MANY[-1][0], "y" * 200)
    whole, another = (
        graphite_paths.path("m", each, declared) for each in (MANY, (*MANY[:-1], last))
    )

    assert re.fullmatch(r"m\.##[0-9a-f]{32}", whole)
    assert whole != another
    assert len(graphite_paths.path("m", MANY[:9], declared)) <= 2000


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
