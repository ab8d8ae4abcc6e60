"""Pages into points."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import PageError
from fructosa_bridge.model.selection import SELECTOR, LabelLimits, MetricSelection
from fructosa_bridge.naming.schemes import SCHEMES
from fructosa_bridge.translate import text_format
from fructosa_bridge.translate.translator import TranslationRules, Translator


def points(page, translator=None, sample_limit=1000):
    """Return what a translator makes of a page, as a dictionary."""
    translator = translator or Translator()
    return dict(translator.translate(page, "cluster.n1.", sample_limit).points)


PAGE = """\
# HELP load Load.
# TYPE load gauge
load 0.5
disk_free_bytes{mountpoint="/"} 10
disk_free_bytes{mountpoint="/home"} 20
"""


def test_every_sample_becomes_a_point_below_its_node():
    """Comments give none."""
    expected = {
        "cluster.n1.load": 0.5,
        "cluster.n1.disk_free_bytes.:": 10.0,
        "cluster.n1.disk_free_bytes.:home": 20.0,
    }

    assert expected == points(PAGE)


def test_a_page_seen_again_gives_its_new_values():
    """Also for another node, and through the look-up rather than the parser."""
    translator = Translator()
    points(PAGE, translator)

    found = translator.translate(PAGE.replace("0.5", "0.75"), "cluster.n2.", 1000)

    assert dict(found.points)["cluster.n2.load"] == 0.75
    assert (3, 0, 0) == (found.samples, found.not_finite, found.repeated)


@pytest.mark.parametrize(
    "broken", ["load", "load x", "load 1_0", "load ١", "load 1 2 3", "load{ 1"]
)
def test_a_wrong_line_refuses_the_page_also_when_the_series_is_known(broken):
    """Nothing of such a page is used."""
    translator = Translator()
    points(PAGE, translator)

    with pytest.raises(PageError):
        points(f"{PAGE}{broken}\n", translator)


def test_times_of_the_page_do_not_confuse_the_look_up():
    """A line with a time is read whole, each time; the point has the scrape's time."""
    translator = Translator()

    first = points("load 1 1700000000000\n", translator)
    second = points("load 2 1700000010000\n", translator)
    third = points("load 3\n", translator)

    assert [{"cluster.n1.load": value} for value in (1.0, 2.0, 3.0)] == [first, second, third]


def test_what_graphite_cannot_hold_is_counted():
    """NaN and infinities give no point."""
    found = Translator().translate("a NaN\nb +Inf\nc -Inf\nd 1\n", "n.", 1000)

    assert [("n.d", 1.0)] == found.points
    assert (4, 3) == (found.samples, found.not_finite)


def test_a_series_that_stands_twice_counts_as_repeated():
    """The last one is taken."""
    found = Translator().translate('a{x="1"} 1\na{x="1",y=""} 2\n', "n.", 1000)

    assert [("n.a.1", 2.0)] == found.points
    assert found.repeated == 1


def test_series_that_differ_in_label_names_alone_do_not_share_a_path():
    """The later one says the names of its labels."""
    page = 'a{x="1"} 1\na{y="1"} 2\na{x="1",z="2"} 3\na{z="1",x="2"} 4\n'
    expected = {
        "cluster.n1.a.1": 1.0,
        "cluster.n1.a.y#:1": 2.0,
        "cluster.n1.a.1.2": 3.0,
        "cluster.n1.a.z#:1.x#:2": 4.0,
    }

    assert expected == points(page)


def test_too_many_samples_refuse_the_page():
    """The message tells both numbers."""
    with pytest.raises(PageError, match="3 samples, more than the 2"):
        points(PAGE, sample_limit=2)


@pytest.mark.parametrize("time", ["", " 1700000000000"])
def test_memory_stays_bounded_when_series_churn(time):
    """A thousand pages with new series each leave no more than the bound, with times or without."""
    translator = Translator(most_remembered=50)
    for number in range(1000):
        points(f'job{{id="{number}"}} 1{time}\n# remark {number}\n', translator)

    assert translator.remembered <= 53


def said(values, name="load"):
    """Return a page of many series with these values."""
    return "# HELP load Load.\n" + "".join(
        f'{name}{{cpu="{number}"}} {value}\n' for number, value in enumerate(values)
    )


def shared(translator):
    """Return how many layouts and blocks a translator holds."""
    return len(set(translator._last.values())), translator._templates.blocks


def test_targets_that_say_the_same_share_a_layout():
    """A hundred nodes cost the memory of one."""
    translator = Translator()

    for number in range(100):
        translator.translate(said(range(500)), f"n{number}.", 1000)

    assert shared(translator)[0] == 1


def test_targets_that_differ_in_a_line_share_most_blocks():
    """A node that tells its name, or has a line more, does not cost a layout of its own."""
    translator = Translator()
    translator.translate(said(range(3000)), "n.", 10**4)
    blocks = shared(translator)[1]

    for number in range(10):
        page = said(range(3000)).replace("load{", f'host{{name="n{number}"}} 1\nload{{', 1)
        translator.translate(page, f"n{number}.", 10**4)

    assert blocks > 30
    assert shared(translator)[1] <= blocks + 10 * 3


def test_what_no_target_says_any_more_is_forgotten():
    """The layout of a page goes with the last target that had it; so does that of one that left."""
    translator = Translator()
    for name in ("a", "b", "c"):
        translator.translate(said(range(500), name), "n.", 1000, target="one")
    translator.translate(said(range(500)), "n.", 1000, target="two")

    translator.forget("two")

    assert shared(translator)[0] == 1


def test_two_targets_of_a_node_do_not_disturb_each_other():
    """A node may be asked for two pages; each is matched against its own."""
    translator = Translator()

    for _ in range(2):
        for name in ("a", "b"):
            found = translator.translate(said([1], name), "n.", 10, target=name)

            assert [(f"n.{name}.0", 1.0)] == found.points
    assert shared(translator)[0] == 2


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("# x\na 5\nb 6\n", {"n.a": 5.0, "n.b": 6.0}),
        ("# x\na  5\nb 6\n", {"n.a": 5.0, "n.b": 6.0}),
        ("# x\r\na 5\r\nb 6\r\n", {"n.a": 5.0, "n.b": 6.0}),
        ("# x5\na 5\nb 6\n", {"n.a": 5.0, "n.b": 6.0}),
        ("# x\nb 6\na 5\n", {"n.a": 5.0, "n.b": 6.0}),
        ("# x\na 5\nb 6", {"n.a": 5.0, "n.b": 6.0}),
        ("# x\na 5\nb 6 7\n", {"n.a": 5.0, "n.b": 6.0}),
        ("# x\na 5\nb Nan\n", {"n.a": 5.0}),
        ("# x\na 5\na 7\n", {"n.a": 7.0}),
        ("# x5\na \nb 6\n", None),
        ("# x\na \nb 6\n", None),
        ("# x\n5\nb 6\n", None),
        ("# x\na 5_0\nb 6\n", None),
        ("# x\na 5\x0b\nb 6\n", None),
        ("# x\na \x1f5\nb 6\n", None),
        ("# x\na \u00a05\nb 6\n", None),
        ("# x\na \u0665\nb 6\n", None),
        ("x#x\na 5\nb 6\n", None),
    ],
)
def test_a_page_that_nearly_fits_its_layout_is_read_as_if_it_were_new(page, expected):
    """What float() takes, and the format does not, is refused also by the short way."""
    translator = Translator()
    translator.translate("# x\na 1\nb 2\n", "n.", 10)

    try:
        found = dict(translator.translate(page, "n.", 10).points)
    except PageError:
        found = None

    assert expected == found


@pytest.mark.parametrize("is_openmetrics", [False, True])
def test_a_comment_that_goes_on_is_looked_at_again(is_openmetrics):
    """A type that is none is refused, however well the page fits otherwise."""
    translator = Translator()
    page = "# TYPE a gauge\na 1\n# EOF\n"
    translator.translate(page, "n.", 10, is_openmetrics=is_openmetrics)

    with pytest.raises(PageError, match="invalid metric type"):
        translator.translate(
            page.replace("gauge", "gauges"), "n.", 10, is_openmetrics=is_openmetrics
        )


def test_a_known_layout_tells_of_what_graphite_cannot_hold():
    """The counts are those of the first time."""
    page = 'a NaN\nb 1\nc -Inf\nc +Inf\na{x=""} 1\na 2\nd 1e308\ne 1e308\n'
    translator = Translator()

    first, second = (translator.translate(page, "n.", 10) for _ in range(2))

    assert first == second
    assert (8, 3, 1) == (second.samples, second.not_finite, second.repeated)
    assert {"n.a": 2.0, "n.b": 1.0, "n.d": 1e308, "n.e": 1e308} == dict(second.points)


def test_a_known_layout_may_have_too_many_samples_when_the_limit_is_lowered():
    """It is looked at each time."""
    translator = Translator()
    points(PAGE, translator)

    with pytest.raises(PageError, match="3 samples, more than the 2"):
        points(PAGE, translator, sample_limit=2)


def test_a_blank_in_a_label_does_not_end_the_series():
    """Where no blank is before the number, the last one of the line may be in a label."""
    translator = Translator()
    assert {"cluster.n1.a.1#202": 3.0} == points('a{x="1 2"}3\n', translator)

    with pytest.raises(PageError):
        points('a{x="1 7\n', translator)


def test_a_page_with_times_has_no_layout():
    """Its lines change in two places; to keep them would keep the whole page."""
    translator = Translator()

    points("a 1 1700000000000\nb 2\n", translator)

    assert (0, 0) == shared(translator)


def test_an_exemplar_is_not_taken_for_the_value():
    """However often the line is seen, and with whatever number at its end."""
    translator = Translator()
    for number in ("1", "2", "2"):
        page = f'# TYPE a counter\na_total 1 # {{x="y"}} {number}\n# EOF\n'

        found = translator.translate(page, "n.", 10, is_openmetrics=True)

        assert [("n.a_total", 1.0)] == found.points


def test_a_known_page_of_openmetrics_that_is_cut_off_is_refused():
    """At any place, also amid its end."""
    page = "# TYPE a gauge\na 12\n# EOF\n"
    translator = Translator()
    translator.translate(page, "n.", 10, is_openmetrics=True)

    for length in range(len(page) - 1):
        with pytest.raises(PageError):
            translator.translate(page[:length], "n.", 10, is_openmetrics=True)


def test_a_family_in_two_places_is_refused_also_when_all_its_lines_are_known():
    """Order matters in OpenMetrics, and lines are remembered without it."""
    translator = Translator()
    translator.translate("a 1\nb 1\n# EOF\n", "n.", 10, is_openmetrics=True)

    with pytest.raises(PageError, match="a is in two places"):
        translator.translate("a 1\nb 1\na 1\n# EOF\n", "n.", 10, is_openmetrics=True)


def test_what_is_learnt_of_one_format_is_not_believed_of_the_other():
    """OpenMetrics has no blanks in braces."""
    translator = Translator()
    page = 'a{ x="1" } 1\n# EOF\n'
    translator.translate(page, "n.", 10)

    with pytest.raises(PageError):
        translator.translate(page, "n.", 10, is_openmetrics=True)


def test_bytes_that_are_no_utf_8_keep_series_apart():
    """A mount point in an old encoding does not cost the page, and its bytes are in its path."""
    page = b'a{x="\xe9"} 1\na{x="\xe8"} 2\n'.decode("utf-8", "surrogateescape")

    assert {"cluster.n1.a.#e9": 1.0, "cluster.n1.a.#e8": 2.0} == points(page)


def test_paths_of_a_page_stay_distinct_when_the_memory_is_cleared():
    """It is never cleared amid a page."""
    translator = Translator(most_remembered=5)
    page = "".join(f'a{{x{number}="1"}} {number}\n' for number in range(20))

    for _ in range(3):
        found = translator.translate(f"{page}# remark\n", "n.", 100)

        assert (20, 0) == (len(found.points), found.repeated)


lines = st.sampled_from(
    [
        "a 1",
        "a  2",
        " a 3",
        "a 4 ",
        "a 5 6",
        "a\t7",
        "# a 8",
        "a{} 9",
        'a{x="a 1"} 2',
        "a\t1 2",
        'a{x="1 2"}3',
        'a{x="1 7',
        "b",
    ]
)


@given(st.lists(lines, max_size=6), st.lists(lines, max_size=6))
def test_the_look_up_says_what_the_parser_says(before, page):
    """Whatever was seen before, a page gives the samples that strict parsing gives, or neither."""
    translator = Translator()
    for known in (*before, "\n".join(before), "\n".join(page)):
        with suppress(PageError):
            translator.translate(known, "n.", 1000)
    try:
        samples = list(text_format.samples("\n".join(page)))
    except PageError:
        with pytest.raises(PageError):
            translator.translate("\n".join(page), "n.", 1000)
    else:
        found = translator.translate("\n".join(page), "n.", 1000)

        last = {sample.name + str(sample.labels): sample.value for sample in samples}
        assert len(samples) == found.samples
        assert sorted(last.values()) == sorted(value for _, value in found.points)


# Rules: a scheme, a choice, limits.


def ruled(scheme="plain", keep="", drop="", **limits):
    """Return a translator with such rules."""
    chosen = [
        tuple(SELECTOR.parse(text) for text in texts.split(",") if text) for texts in (keep, drop)
    ]
    return Translator(
        TranslationRules(SCHEMES[scheme], MetricSelection(*chosen), LabelLimits(**limits))
    )


LAGENT = """\
fructosa_memory_free_bytes 100
fructosa_cpu_load_ratio{a="b"} 0.5
fructosa_disk_reads_total{device="sda"} 5
fructosa_disk_reads_total{device="sdb"} 7
fructosa_disk_reads_total{device="sdb1"} 6
fructosa_filesystem_utilization_ratio{mountpoint="/"} 0.25
fructosa_cpu_mode_ratio{cpu="0",mode="user"} 0.5
fructosa_cpu_mode_ratio{cpu="1",mode="user"} 0.25
"""


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("plain", {"n.fructosa_disk_reads_total.sda.x": 5.0}),
        ("tagged", {"n.fructosa_disk_reads_total;device=sda.x": 5.0}),
        (
            "fructosa",
            {
                "n.fructosa_disk_reads_total.sda.x": 5.0,
                "n.DiskIOCounters.read_count.x": 12.0,
                "n.DiskUsage.percent.x": 25.0,
                "n.CPUTimesPercent.user.x": 37.5,
            },
        ),
    ],
)
def test_series_are_called_as_the_scheme_wants_it(scheme, expected):
    """At first sight, and when the layout is known: paths, factors, totals."""
    translator = ruled(scheme)

    for _ in range(3):
        found = dict(translator.translate(LAGENT, "n.", 100, after=".x").points)

        assert expected == {path: found[path] for path in expected}


def test_a_known_layout_of_fructosa_works_its_totals_out_anew():
    """With the numbers of this page, not those of the first."""
    translator = ruled("fructosa")
    points(LAGENT, translator)

    found = points(LAGENT.replace('sda"} 5', 'sda"} 1000'), translator)

    assert 1007.0 == found["cluster.n1.DiskIOCounters.read_count"]


def test_a_dropped_disk_is_in_no_total():
    """What is not kept is not known."""
    translator = ruled("fructosa", drop='fructosa_disk_*{device="sda"}')

    for _ in range(2):
        found = points(LAGENT, translator)

        assert 7.0 == found["cluster.n1.DiskIOCounters.read_count"]
        assert "cluster.n1.fructosa_disk_reads_total.sda" not in found


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("how", "kept"),
    [
        ({"keep": "disk_*"}, 2),
        ({"drop": "disk_*"}, 1),
        ({"keep": "disk_*", "drop": 'disk_*{mountpoint="/home"}'}, 1),
        ({"drop": "*"}, 0),
    ],
)
def test_series_that_are_not_wanted_give_no_points_and_are_samples_all_the_same(scheme, how, kept):
    """What the target said is not what is kept of it."""
    translator = ruled(scheme, **how)

    for _ in range(2):
        found = translator.translate(PAGE, "n.", 100)

        assert (kept, 3) == (len(found.points), found.samples)


@pytest.mark.parametrize("number", ["7", "-0.5e-3", "NaN", "+Inf", "1e999"])
def test_the_number_of_a_dropped_series_may_change(number):
    """The page is matched all the same, whatever it is; only a number must it be."""
    translator = ruled(drop="secret")
    page = "a 1\nsecret 5\nb 2\n"
    translator.translate(page, "n.", 10)
    layouts = list(translator._last.values())

    found = translator.translate(page.replace("5", number), "n.", 10)

    assert [("n.a", 1.0), ("n.b", 2.0)] == found.points
    assert (3, 0, 0) == (found.samples, found.not_finite, found.repeated)
    assert layouts == list(translator._last.values())
    assert layouts[0].numbers(page.replace("5", number)) is not None
    with pytest.raises(PageError):
        translator.translate(page.replace("5", "x"), "n.", 10)


def test_limits_hold_for_what_is_kept():
    """One series that has more refuses the page, until it is dropped."""
    page = 'a{x="1",y="2"} 1\nb 2\n'

    with pytest.raises(PageError, match="a has 2 labels, more than the 1"):
        ruled(label_limit=1).translate(page, "n.", 10)
    with pytest.raises(PageError, match="has a name of 1 bytes, more than the 0"):
        ruled(label_length_limit=0).translate(page, "n.", 10)
    for translator in (ruled(label_limit=2, label_length_limit=1), ruled(drop="a", label_limit=1)):
        assert 2 == translator.translate(page, "n.", 10).samples


def test_a_limit_is_broken_again_and_again():
    """A page that was refused leaves nothing behind that would let it pass."""
    translator = ruled(label_limit=1)
    for _ in range(3):
        with pytest.raises(PageError):
            translator.translate('b 2\na{x="1",y="2"} 1\n', "n.", 10)

    assert [("n.b", 2.0)] == translator.translate("b 2\n", "n.", 10).points


# What numbers look like: as the formats have them, as JSON has, and as neither.
right_numbers = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.integers(2**53, 2**64 + 9).map(str),
    st.from_regex(r"[-+]?[0-9]{0,20}\.?[0-9]{1,20}([eE][-+]?[0-9]{1,3})?", fullmatch=True),
)
ODD = [
    *["-0", "-0.0", "1e999", "-1e999", "1e-999", "01", "+1", "1.", ".5", ".", "-", "+", "e5", "1e"],
    *["0x1", "1_0", "NaN", "nan", "-nan", "+Inf", "-Infinity", "infin", "null", "true", "false"],
    *["[1]", "{}", '{"a":1}', "1,2", "1]", "]", "[", ",", '"1"', "1}", "1#", "1 # {} 2", "9" * 400],
    *["١", "²", "1\xa0", "1\x0b", "1\x1f", "1\x00", "1\ufeff", "", " ", "1 ", " 1", "1\t", "1\r"],
    *["1 2", "1\n", "\n1", "18446744073709551616", "-9223372036854775809", "5e-324", "1E+5"],
]
odd_numbers = st.sampled_from(ODD)
SERIES = (
    "# é {}",
    "load {}",
    'fructosa_disk_reads_total{{device="sda"}} {}',
    'fructosa_disk_reads_total{{device="sdb"}} {}',
    "",
    'fructosa_filesystem_utilization_ratio{{mountpoint="/"}} {}',
    'load{{x=""}} {}',
    'dropped{{x="é"}} {}',
    "# HELP load Load.",
)
# Mostly right ones, as one that is odd refuses the page.
texts = st.builds(
    lambda right, odd: [odd.get(place, text) for place, text in enumerate(right)],
    st.lists(right_numbers, min_size=len(SERIES), max_size=len(SERIES)),
    st.dictionaries(st.integers(0, len(SERIES) - 1), odd_numbers, max_size=2),
)


def told(translator, page):
    """Return all that a translator tells of a page, in a form that compares; None if refused."""
    try:
        found = translator.translate(page, "n.", 100)
    except PageError:
        return None
    pairs = sorted((path, repr(value + 0.0)) for path, value in found.points)
    return pairs, found.samples, found.not_finite, found.repeated


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("count", [2, len(SERIES)])
@given(numbers=texts)
def test_a_page_whose_layout_is_known_is_read_as_if_it_were_new(scheme, count, numbers):
    """Whatever stands where its numbers stood: the short ways refuse what strict parsing does."""
    page = "\n".join(
        line.format(number) for line, number in zip(SERIES[:count], numbers, strict=False)
    )
    known, new = (ruled(scheme, drop="dropped") for _ in range(2))
    known.translate("\n".join(line.format(1) for line in SERIES[:count]), "n.", 100)

    assert told(new, page) == told(known, page)


@given(texts)
def test_each_short_way_says_what_the_parser_says_or_nothing(numbers):
    """That in C, where it could be built, and that in Python."""
    _compare_ways(numbers)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("place", [1, len(SERIES) - 2])
def test_an_odd_number_is_read_or_refused_alike_by_all_ways(odd, place):
    """In the first sample of a page, and in the last."""
    numbers = ["1"] * len(SERIES)
    numbers[place] = odd

    _compare_ways(numbers)


def _compare_ways(numbers):
    """Match a page with these numbers by each short way; what comes of it is what it says."""
    translator = Translator()
    translator.translate("\n".join(line.format(1) for line in SERIES), "n.", 100)
    (layout,) = translator._last.values()
    page = "\n".join(line.format(number) for line, number in zip(SERIES, numbers, strict=True))
    for short in (layout.numbers, layout._numbers):
        found = short(page)
        if found is not None:
            expected = [sample.value for sample in text_format.samples(page)]
            assert list(map(_bits, expected)) == list(map(_bits, found))


def _bits(value):
    """Return a number that compares, also NaN; JSON has no -0."""
    return "nan" if math.isnan(value) else float(value) + 0.0


def test_a_comment_that_goes_on_does_not_make_up_for_a_missing_number():
    """On a page of one sample."""
    translator = Translator()
    translator.translate("# x\na 1\n", "n.", 10)

    with pytest.raises(PageError):
        translator.translate("# x5\na \n", "n.", 10)
