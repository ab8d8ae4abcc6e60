"""Labels as Graphite's tags."""

import re

import pytest

from fructosa_bridge.naming import tags
from fructosa_bridge.naming.schemes import TARGET_TAGS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/home", "/home"),
        ("n1:9888", "n1:9888"),
        ("0.5", "0.5"),
        ("+Inf", "+Inf"),
        ("-1", "-1"),
        ("a b", "a#20b"),
        ("a;b=c", "a#3bb#3dc"),
        ("~x", "#7ex"),
        ("a#b", "a#23b"),
        ("a..b", "a#2e#2eb"),
        (".a.", "#2ea#2e"),
        ("ü", "#c3#bc"),
        ("\udcff", "#ff"),
    ],
)
def test_the_text_of_a_tag_is_escaped_only_where_necessary(value, expected):
    """Only what carbon or a relay would refuse or change is escaped."""
    assert expected == tags.escaped(value)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("job", "job"),
        ("instance", "exported_instance"),
        ("exported_instance", "exported_exported_instance"),
        ("exported_job", "exported_job"),
        ("exported_", "exported_"),
        ("name", "exported_name"),
    ],
)
def test_a_label_with_the_name_of_a_target_tag_is_renamed(label, expected):
    """As in Prometheus; exported_instance is then renamed as well, so that both stay distinct."""
    assert f";{expected}=x" == tags.tags([(label, "x")], TARGET_TAGS)


def test_tags_are_sorted_by_name():
    """The order of the labels on a page does not matter; an empty value is a missing label."""
    assert tags.tags([("b", "2"), ("c", ""), ("a", "1")]) == ";a=1;b=2"


def test_any_text_may_be_the_name_of_a_label():
    """Prometheus 3 allows it; a tag must not end early."""
    assert tags.tags([("a=b;c", "1"), ("ü", "2")]) == ";#c3#bc=2;a#3db#3bc=1"


@pytest.mark.parametrize("end", ["x", ".", "~"])
def test_long_names_and_values_are_cut_and_stay_distinct(end):
    """Also if they differ from others only at their very end."""
    pairs = [("l" * 300, "v" * 300), ("l" * 301, "v" * 300), ("l" * 300, "v" * 300 + end)]

    cut = [tags.tags([pair]) for pair in pairs]

    assert len(set(cut)) == 3
    assert all(len(half) <= 192 for tag in cut for half in tag.split("="))


def test_too_many_long_labels_become_a_hash():
    """It differs for labels that differ only at their very end."""
    many = [(f"label{number}", "x" * 180) for number in range(20)]

    hashed, another = tags.tags(many), tags.tags([*many[:-1], ("label19", "x" * 179 + "y")])

    assert re.fullmatch(";labels-hash=##[0-9a-f]{32}", hashed)
    assert hashed != another
