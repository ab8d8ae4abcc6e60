"""The part in C says what the Python beside it says, or nothing."""

import math
import os
import pickle
import random
import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.deliver import encode
from fructosa_bridge.model.points import Batch, Paths, Points
from fructosa_bridge.naming.schemes import Plain, SeriesPath
from fructosa_bridge.translate import fast
from fructosa_bridge.translate.columns import Columns, PathTable
from fructosa_bridge.translate.page_template import PageTemplates, TemplateLine

ODD = ["NaN", "+Inf", "-Inf", "1_0", "0x10", " 1", "1 ", "١", "1e", "--1", "", ".", "1e999", "e5"]
PLAIN = ["0", "-0", "1", "+1", "1.", ".5", "1e5", "1E-5", "007", "9007199254740993", "1e22", "1e23"]

digits = st.text("0123456789", min_size=1, max_size=20)
decimals = st.builds("".join, st.tuples(st.sampled_from(["", "-"]), digits, st.just("."), digits))
exact = st.floats(allow_nan=False, allow_infinity=False).map(repr)
numbers = st.one_of(exact, decimals, st.integers(-(2**70), 2**70).map(str), st.sampled_from(PLAIN))
anything = st.one_of(numbers, st.sampled_from(ODD), st.text(max_size=8))


@pytest.fixture(scope="module", autouse=True)
def part_in_c():
    """These tests need it: where there is a compiler, it was built."""
    if fast.numbers is None:
        reason = "the part in C is not built; with gcc and Python's headers make test does it"
        if os.environ.get("FRUCTOSA_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


def template(prefixes):
    """Return the template of a page that has a sample, or a comment, for each prefix."""
    templates = PageTemplates(lambda series: Columns(series, Plain(), PathTable()))
    lines = [
        TemplateLine(prefix, has_number=not prefix.startswith("#"), series=SeriesPath(f"p{number}"))
        for number, prefix in enumerate(prefixes)
    ]
    return templates.template(lines)


def page(prefixes, texts):
    """Return a page with these numbers behind the prefixes that are no comments."""
    rest = iter(texts)
    return "\n".join(
        prefix if prefix.startswith("#") else prefix + next(rest) for prefix in prefixes
    )


PREFIXES = [f'# HELP m{n} Text.\nm{n}{{a="é{n}"}} '.split("\n") for n in range(100)]
PREFIXES = [prefix for pair in PREFIXES for prefix in pair]


@given(st.lists(numbers, min_size=100, max_size=100))
def test_numbers_are_read_to_the_last_bit(texts):
    """As float() does, which rounds correctly."""
    known = template(PREFIXES)

    found = fast.numbers(page(PREFIXES, texts), known._fixed_text, 100)

    expected = [float(text) for text in texts]
    assert expected == list(array("d", found))
    assert list(map(math.copysign, [1] * 100, expected)) == [
        math.copysign(1, number) for number in array("d", found)
    ]


def test_decimals_are_rounded_correctly():
    """As they stand on pages: a few digits, a point, an exponent."""
    chosen = random.Random(7)  # noqa: S311 - no secret
    texts = [
        f"{chosen.randrange(10 ** chosen.randrange(1, 18))}"
        f".{chosen.randrange(10 ** chosen.randrange(1, 9))}"
        + chosen.choice(["", f"e{chosen.randrange(-340, 280)}"])
        for _ in range(10_000)
    ]
    prefixes = ["m "] * 10_000

    found = fast.numbers(page(prefixes, texts), template(prefixes)._fixed_text, 10_000)

    assert list(map(float, texts)) == list(array("d", found))


@given(st.lists(anything, min_size=3, max_size=3))
def test_what_is_unusual_is_left_to_python(texts):
    """What C reads, Python reads too, and alike."""
    prefixes = ["# x", "a ", "b ", "# y", 'c{d="e"} ', "# z"]
    known, said = template(prefixes), page(prefixes, texts)

    found = fast.numbers(said, known._fixed_text, 3)

    if found is not None:
        assert list(map(float, known._numbers(said))) == list(array("d", found))


KNOWN = ["# HELP b 1", "a ", "# b", 'ab{c="d 2"} ', "b ", "# EOF"]


@given(st.integers(0, 60), st.integers(0, 3), st.text('ab #\n01.{}"', max_size=3))
def test_a_page_that_nearly_fits_is_read_as_python_reads_it_or_not_at_all(at, gone, come):
    """Whatever a few characters more or less, or others, at any place of it."""
    known, right = template(KNOWN), page(KNOWN, ["10", "2.5", "0"])
    said = right[:at] + come + right[at + gone :]

    found = fast.numbers(said, known._fixed_text, 3)

    assert [10, 2.5, 0] == list(array("d", fast.numbers(right, known._fixed_text, 3)))
    if found is not None:
        assert list(map(float, known._numbers(said))) == list(array("d", found))


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_a_wrong_count_gives_nothing(count):
    """And writes nowhere."""
    prefixes = ["a ", "b "]

    assert fast.numbers("a 1\nb 2", template(prefixes)._fixed_text, count) is None


def test_bytes_that_are_no_utf_8_are_left_to_python():
    """They stand in a page as surrogates."""
    said = b'a{x="\xe9"} 1'.decode("utf-8", "surrogateescape")
    known = template([said[:-1]])

    assert fast.numbers(said, known._fixed_text, 1) is None
    assert [1.0] == list(known.numbers(said))


def frames_of(data):
    """Return the lists of points in some frames."""
    found = []
    while data:
        (size,) = struct.unpack("!L", data[:4])
        found.append(pickle.loads(data[4 : 4 + size]))  # noqa: S301 - our own
        data = data[4 + size :]
    return found


paths = st.lists(st.text(max_size=30), max_size=20).map(tuple)


@given(st.text("ab.", max_size=5), paths, st.text(";=x", max_size=5), st.integers(-(2**40), 2**40))
def test_points_become_the_frames_that_python_makes(before, each, after, time_s):
    """Also of paths that no naming makes."""
    values = [number / 3 for number in range(len(each))]
    batch = Batch(time_s, 10, Points(before, Paths(each), after, values))

    found = b"".join(encode.pickle_frames([batch]))

    expected = [
        (before + path + after, (time_s, value)) for path, value in zip(each, values, strict=True)
    ]
    assert expected == [point for frame in frames_of(found) for point in frame]


def test_no_frame_is_larger_than_carbon_takes():
    """It cuts the connection at 1 MiB; all points are there, in their order."""
    each = tuple(f"{'x' * 4000}{number}" for number in range(1000))
    batch = Batch(1, 10, Points("a.", Paths(each), "", range(1000)))

    found = frames_of(b"".join(encode.pickle_frames([batch])))

    assert max(sum(len(path) + 20 for path, _ in frame) for frame in found) < 2**20
    assert list(range(1000)) == [value for frame in found for _, (_, value) in frame]


def test_a_value_too_many_is_refused():
    """It would be read from where nothing is."""
    with pytest.raises(ValueError, match="a value for each path"):
        fast.frames("a", ("b",), "", 1, bytes(16))


def test_python_does_it_alone_where_there_is_no_compiler(monkeypatch):
    """The same numbers, the same points."""
    prefixes = ["# x", "a ", "b "]
    batch = Batch(1, 10, [("a", 1.0), ("b", 2.0)])
    monkeypatch.setattr(fast, "numbers", None)
    monkeypatch.setattr(fast, "frames", None)

    assert [5.0, 6.5] == list(template(prefixes).numbers("# x\na 5\nb 6.5"))
    assert [[("a", (1, 1.0)), ("b", (1, 2.0))]] == frames_of(
        b"".join(encode.pickle_frames([batch]))
    )
