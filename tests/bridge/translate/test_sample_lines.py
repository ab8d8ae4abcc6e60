"""Numbers and labels as both formats have them. Other tests read whole lines and pages."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import PageError
from fructosa_bridge.translate.sample_lines import ScannedLine, number, plain_number, series, shown
from fructosa_bridge.translate.text_format import ITEM


def scanned(labels, name="up"):
    """Return a line with these labels."""
    return ScannedLine(f"{name}{{{labels}}} ", name, labels, 1.0, None)


@pytest.mark.parametrize(
    "text", ["1", "-1.5e-3", "+1", "1.", ".5", "1E5", "Inf", "-infinity", "1e999"]
)
def test_a_number_is_read_as_by_go(text):
    """Python reads these alike."""
    assert float(text) == number(text)


def test_nan_has_no_sign():
    """Go refuses one."""
    assert math.isnan(plain_number("nan"))
    assert plain_number("-nan") is plain_number("+NaN") is None


@pytest.mark.parametrize("text", ["", "x", "1_0", "٣", " 1", "1\n", "0x1p2", "1e", "--1", "1,5"])
def test_other_texts_are_no_numbers(text):
    """Also those that only Python reads."""
    with pytest.raises(PageError, match="not a number"):
        number(text)


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ('a="1",a="2"', "repeated label a"),
        ('a="",a="2"', "repeated label a"),
        ('__name__="b"', "reserved label __name__"),
        ('""="b"', "label without a name"),
        ('"b"', "two metric names"),
        ("a", "invalid label"),
        ('a="b",,', "invalid label"),
    ],
)
def test_the_message_says_what_is_wrong_with_the_labels(labels, problem):
    """It shows the line up to its number."""
    with pytest.raises(PageError, match=re.escape(f"{problem} in 'up{{")):
        series(scanned(labels), ITEM)


def test_many_labels_cost_no_more_each_than_few():
    """They are read one after the other: this takes no time at all, or the test never ends."""
    labels = "".join(f'l{at}="",' for at in range(200_000))

    assert 200_000 == len(series(scanned(labels), ITEM)[1])


@given(st.dictionaries(st.text(min_size=1).filter("__name__".__ne__), st.text()))
def test_any_names_and_values_are_read_back(labels):
    """In quotes and with escapes."""

    def quoted(text):
        escaped = text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
        return f'"{escaped}"'

    text = ",".join(f"{quoted(name)}={quoted(value)}" for name, value in labels.items())

    assert ("up", tuple(labels.items())) == series(scanned(text), ITEM)


def test_a_long_text_is_cut_for_a_message():
    """It may be a page of garbage."""
    assert "'abc'" == shown("abc")
    assert len(shown("x" * 10**6)) < 100
