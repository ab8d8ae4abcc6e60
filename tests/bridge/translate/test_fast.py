"""The part in C does what the Python beside it does, or leaves it to Python."""

import math
import os
import pickle
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.deliver import encode
from fructosa_bridge.model.points import Batch, Paths, Points
from fructosa_bridge.translate import fast, openmetrics, page_template, text_format
from fructosa_bridge.translate.steps import at_once

from .templates import new_template, page_of

ODD = ["NaN", "+Inf", "-Inf", "1_0", "0x10", " 1", "1 ", "١", "1e", "--1", "", ".", "1e999", "e5"]
PLAIN = ["0", "-0", "1", "+1", "1.", ".5", "1e5", "1E-5", "007", "9007199254740993", "1e22", "1e23"]

digits = st.text("0123456789", min_size=1, max_size=20)
decimals = st.builds("".join, st.tuples(st.sampled_from(["", "-"]), digits, st.just("."), digits))
exact = st.floats(allow_nan=False, allow_infinity=False).map(repr)
numbers = st.one_of(exact, decimals, st.integers(-(2**70), 2**70).map(str), st.sampled_from(PLAIN))
anything = st.one_of(numbers, st.sampled_from(ODD), st.text(max_size=8))


@pytest.fixture(scope="module", autouse=True)
def require_part_in_c():
    """Skip these tests where the part in C was not built, as there is no compiler."""
    if fast.numbers is None:
        reason = (
            "the part in C is not built; with gcc and the headers of Python, make test builds it"
        )
        if os.environ.get("FRUCTOSA_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


def in_c(template, page, *, is_openmetrics=False):
    """Return the numbers of a page as the part in C reads them."""
    return at_once(template._numbers_in_c(fast.numbers, page, is_openmetrics))


PAIRS = [(f"# HELP m{n} Text.", f'm{n}{{a="é{n}"}} ') for n in range(30)]
PREFIXES = [prefix for pair in PAIRS for prefix in pair]


@given(st.lists(numbers, min_size=30, max_size=30))
def test_numbers_are_exact(texts):
    """They are rounded as by float(), and -0 keeps its sign."""
    template = new_template(PREFIXES)

    result = in_c(template, page_of(PREFIXES, texts))

    expected = [float(text) for text in texts]
    assert expected == list(result)
    signs = [math.copysign(1, number) for number in expected]
    assert signs == [math.copysign(1, number) for number in result]


def test_decimals_are_rounded_correctly():
    """Numbers as on pages: some digits, a point, an exponent."""
    generator = random.Random(7)  # noqa: S311 - not a secret
    texts = [
        f"{generator.randrange(10 ** generator.randrange(1, 18))}"
        f".{generator.randrange(10 ** generator.randrange(1, 9))}"
        + generator.choice(["", f"e{generator.randrange(-340, 280)}"])
        for _ in range(10_000)
    ]
    prefixes = ["m "] * 10_000

    result = in_c(new_template(prefixes), page_of(prefixes, texts))

    assert list(map(float, texts)) == list(result)


@given(st.lists(anything, min_size=3, max_size=3))
def test_unusual_numbers_are_read_as_by_python_or_not_at_all(texts):
    """What C reads, Python reads as well, with the same result."""
    prefixes = ["# x", "a ", "b ", "# y", 'c{d="e"} ', "# z"]
    template, page = new_template(prefixes), page_of(prefixes, texts)

    result = in_c(template, page)

    if result is not None:
        assert alike(template._numbers(page)) == alike(result)


def alike(values):
    """Return values that compare, also NaN; JSON has no -0."""
    return [repr(float(value) + 0.0) for value in values]


TAILS = st.sampled_from(
    ["", " ", "\t", " 17", "\t-5 ", " 1 2", " +", " 5x", f" {'9' * 20}", " 1.5"]
)
EXEMPLARS = st.sampled_from(
    [
        *[
            "",
            " 1.5",
            " 1e3",
            " 1e999",
            " nan",
            ' # {a="b"} 1',
            " # {} 1 2.5",
            ' # {a="\\"",b_1=""} 1',
        ],
        *[' # {a="b",} 1', ' # {="b"} 1', ' # {1="b"} 1', ' # {a="b"}', ' # {a="b" 1', " # {}1"],
        *[
            ' 5 # {a="} 1"} 2 3',
            ' # {a="b"} 1 2 3',
            ' # {a="b"} 1 ',
            ' # {a="\\',
            " # {",
            " # {} x",
        ],
    ]
)


@given(st.booleans(), st.lists(st.tuples(anything, TAILS | EXEMPLARS), min_size=3, max_size=3))
def test_what_follows_a_number_is_read_as_by_the_parser_or_not_at_all(is_openmetrics, texts):
    """Times and exemplars, by C and by the Python beside it."""
    prefixes = ["# HELP x y", "a ", 'b{c="d"}\t', 'b{c="2"} ', "# EOF"]
    if is_openmetrics:
        prefixes = [prefix.replace("\t", " ") for prefix in prefixes]
    template, page = new_template(prefixes), page_of(prefixes, ["".join(pair) for pair in texts])
    parser = openmetrics if is_openmetrics else text_format
    ways = [template._numbers(page, is_openmetrics=is_openmetrics)]
    ways.append(in_c(template, page, is_openmetrics=is_openmetrics))

    for numbers in filter(None, ways):
        expected = [sample.value for sample in map(parser.parse_line, page.split("\n")) if sample]
        assert alike(expected) == alike(numbers)


@pytest.mark.parametrize("number", ["NaN", "nan", "+Inf", "-inf", "Infinity", "-INFINITY", "inf"])
@pytest.mark.parametrize("is_openmetrics", [False, True])
def test_values_that_are_not_finite_are_read(number, is_openmetrics):
    """One of them must not cost a page its speed."""
    page, template = f"a 1\nb {number}\nc 2", new_template(["a ", "b ", "c "])

    assert alike([1, number, 2]) == alike(in_c(template, page, is_openmetrics=is_openmetrics))


@pytest.mark.parametrize(
    ("tail", "is_openmetrics"),
    [
        (" ", False),
        (" \t", False),
        (" 1700000000000", False),
        ("\t-17 ", False),
        (" 1700000000.125", True),
        (" 1.7e9", True),
        (' # {a="b"} 1', True),
        (' 1 # {trace="a \\"b\\"",span_id="} 2"} 0.5 1700000000.125', True),
        (" # {} 1 2", True),
    ],
)
def test_times_and_exemplars_are_skipped(tail, is_openmetrics):
    """By both ways, so that a page that has them is as fast."""
    page, template = f"a 1{tail}\nb 2{tail}\n# x", new_template(["a ", "b ", "# x"])

    assert [1, 2] == list(in_c(template, page, is_openmetrics=is_openmetrics))
    assert [1, 2] == template._numbers(page, is_openmetrics=is_openmetrics)


KNOWN = ["# HELP b 1", "a ", "# b", 'ab{c="d 2"} ', "b ", "# EOF"]


@given(st.integers(0, 60), st.integers(0, 3), st.text('ab #\n01.{}"', max_size=3))
def test_a_page_with_a_changed_part_is_read_as_by_python_or_not_at_all(at, removed, added):
    """Whatever is added, removed or replaced, and where."""
    template, original = new_template(KNOWN), page_of(KNOWN, ["10", "2.5", "0"])
    page = original[:at] + added + original[at + removed :]

    result = in_c(template, page)

    assert [10, 2.5, 0] == list(in_c(template, original))
    if result is not None:
        assert alike(template._numbers(page)) == alike(result)


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_a_wrong_count_of_numbers_is_refused(count):
    """Nothing is written out of bounds."""
    ((fixed_text, _),) = new_template(["a ", "b "])._parts

    assert fast.numbers("a 1\nb 2", fixed_text, count, False, 0) is None


@pytest.mark.parametrize("start", [-1, 9, 2**40])
def test_a_part_that_is_not_in_the_page_is_refused(start):
    """Nothing is read out of bounds."""
    ((fixed_text, _),) = new_template(["a ", "b "])._parts

    assert fast.numbers("a 1\nb 2", fixed_text, 2, False, start) is None


@pytest.mark.parametrize("first", ["", "a ", "# x"])
@pytest.mark.parametrize("last", ["", "b ", "# x"])
def test_a_large_page_is_read_in_parts(monkeypatch, first, last):
    """Wherever a part begins and ends; a page that is longer or shorter is another one."""
    monkeypatch.setattr(page_template, "_SAMPLES_PER_STEP", 1)
    prefixes = [first, *(f"m{number} " for number in range(500)), "", last]
    template, page = new_template(prefixes), page_of(prefixes, ["7"] * 502)

    assert len(template._parts) > 5
    assert [7.0] * template.samples == list(in_c(template, page))
    for other in (f"{page}\n", f"\n{page}", page[: page.rindex("\n")], page[:-2], f"{page}\nx 1"):
        assert in_c(template, other) is None


def test_invalid_utf_8_is_left_to_python():
    """A page contains it as surrogates."""
    page = b'a{x="\xe9"} 1'.decode("utf-8", "surrogateescape")
    template = new_template([page[:-1]])

    assert in_c(template, page) is None
    assert [1.0] == list(at_once(template.numbers(page)))


def points_of(frames):
    """Return the points in some frames."""
    points = []
    while frames:
        (size,) = struct.unpack("!L", frames[:4])
        points += pickle.loads(frames[4 : 4 + size])  # noqa: S301 - our own
        frames = frames[4 + size :]
    return points


paths = st.lists(st.text(max_size=30), max_size=20).map(tuple)


@given(st.text("ab.", max_size=5), paths, st.text(";=x", max_size=5), st.integers(0, 2**31 - 1))
def test_frames_have_the_same_points_as_those_of_python(before, each, after, time_s):
    """Also with paths that no naming scheme makes."""
    points = Points(before, Paths(each), after, [number / 3 for number in range(len(each))])

    frames = fast.frames(before, each, after, time_s, points.values.tobytes())

    assert [(path, (time_s, value)) for path, value in points] == points_of(frames)
    assert points_of(b"".join(encode._frames(Batch(time_s, 10, points)))) == points_of(frames)


@pytest.mark.parametrize("time_s", [-1, 2**31])
def test_unusual_times_are_left_to_python(time_s):
    """They do not fit into the 31 bits of a pickled integer."""
    assert fast.frames("a", ("b",), "", time_s, bytes(8)) is None
    assert [("a", (time_s, 1.0))] == points_of(
        b"".join(encode.pickle_frames([Batch(time_s, 10, [("a", 1.0)])]))
    )


def test_more_values_than_paths_are_refused():
    """Paths would be read out of bounds."""
    with pytest.raises(ValueError, match="a value for each path"):
        fast.frames("a", ("b",), "", 1, bytes(16))


def test_without_the_part_in_c_python_does_the_same(monkeypatch):
    """The same numbers, and the same points."""
    prefixes = ["# x", "a ", "b "]
    batch = Batch(1, 10, [("a", 1.0), ("b", 2.0)])
    monkeypatch.setattr(fast, "numbers", None)
    monkeypatch.setattr(fast, "frames", None)

    assert [5.0, 6.5] == list(at_once(new_template(prefixes).numbers("# x\na 5\nb 6.5")))
    assert [("a", (1, 1.0)), ("b", (1, 2.0))] == points_of(b"".join(encode.pickle_frames([batch])))
