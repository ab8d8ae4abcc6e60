"""Pages into points."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge import parse
from fructosa_bridge.errors import PageError
from fructosa_bridge.translate import Translator


def points(page, translator=None, most_samples=1000):
    """Return what a translator makes of a page, as a dictionary."""
    translator = translator or Translator()
    return dict(translator.points(page, "cluster.n1", most_samples).points)


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

    found = translator.points(PAGE.replace("0.5", "0.75"), "cluster.n2", 1000)

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
    found = Translator().points("a NaN\nb +Inf\nc -Inf\nd 1\n", "n", 1000)

    assert [("n.d", 1.0)] == found.points
    assert (4, 3) == (found.samples, found.not_finite)


def test_a_series_that_stands_twice_counts_as_repeated():
    """The last one is taken."""
    found = Translator().points('a{x="1"} 1\na{x="1",y=""} 2\n', "n", 1000)

    assert [("n.a.1", 2.0)] == found.points
    assert found.repeated == 1


def test_series_that_differ_in_label_names_alone_do_not_share_a_path():
    """The later one says the names of its labels."""
    page = 'a{x="1"} 1\na{y="1"} 2\na{x="1",z="2"} 3\na{z="1",x="2"} 4\n'
    expected = {
        "cluster.n1.a.1": 1.0,
        "cluster.n1.a.y=1": 2.0,
        "cluster.n1.a.1.2": 3.0,
        "cluster.n1.a.z=1.x=2": 4.0,
    }

    assert expected == points(page)


def test_too_many_samples_refuse_the_page():
    """The message tells both numbers."""
    with pytest.raises(PageError, match="3 samples, more than the 2"):
        points(PAGE, most_samples=2)


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
    return len(set(translator._last.values())), translator._layouts.blocks


def test_targets_that_say_the_same_share_a_layout():
    """A hundred nodes cost the memory of one."""
    translator = Translator()

    for number in range(100):
        translator.points(said(range(500)), f"n{number}", 1000)

    assert shared(translator)[0] == 1


def test_targets_that_differ_in_a_line_share_most_blocks():
    """A node that tells its name, or has a line more, does not cost a layout of its own."""
    translator = Translator()
    translator.points(said(range(3000)), "n", 10**4)
    blocks = shared(translator)[1]

    for number in range(10):
        page = said(range(3000)).replace("load{", f'host{{name="n{number}"}} 1\nload{{', 1)
        translator.points(page, f"n{number}", 10**4)

    assert blocks > 30
    assert shared(translator)[1] <= blocks + 10 * 3


def test_what_no_target_says_any_more_is_forgotten():
    """The layout of a page goes with the last target that had it; so does that of one that left."""
    translator = Translator()
    for name in ("a", "b", "c"):
        translator.points(said(range(500), name), "n", 1000, target="one")
    translator.points(said(range(500)), "n", 1000, target="two")

    translator.forget("two")

    assert shared(translator)[0] == 1


def test_two_targets_of_a_node_do_not_disturb_each_other():
    """A node may be asked for two pages; each is matched against its own."""
    translator = Translator()

    for _ in range(2):
        for name in ("a", "b"):
            found = translator.points(said([1], name), "n", 10, target=name)

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
    translator.points("# x\na 1\nb 2\n", "n", 10)

    try:
        found = dict(translator.points(page, "n", 10).points)
    except PageError:
        found = None

    assert expected == found


@pytest.mark.parametrize("is_openmetrics", [False, True])
def test_a_comment_that_goes_on_is_looked_at_again(is_openmetrics):
    """A type that is none is refused, however well the page fits otherwise."""
    translator = Translator()
    page = "# TYPE a gauge\na 1\n# EOF\n"
    translator.points(page, "n", 10, is_openmetrics=is_openmetrics)

    with pytest.raises(PageError, match="no type of a metric"):
        translator.points(page.replace("gauge", "gauges"), "n", 10, is_openmetrics=is_openmetrics)


def test_a_known_layout_tells_of_what_graphite_cannot_hold():
    """The counts are those of the first time."""
    page = 'a NaN\nb 1\nc -Inf\nc +Inf\na{x=""} 1\na 2\nd 1e308\ne 1e308\n'
    translator = Translator()

    first, second = (translator.points(page, "n", 10) for _ in range(2))

    assert first == second
    assert (8, 3, 1) == (second.samples, second.not_finite, second.repeated)
    assert {"n.a": 2.0, "n.b": 1.0, "n.d": 1e308, "n.e": 1e308} == dict(second.points)


def test_a_known_layout_may_have_too_many_samples_when_the_limit_is_lowered():
    """It is looked at each time."""
    translator = Translator()
    points(PAGE, translator)

    with pytest.raises(PageError, match="3 samples, more than the 2"):
        points(PAGE, translator, most_samples=2)


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

        found = translator.points(page, "n", 10, is_openmetrics=True)

        assert [("n.a_total", 1.0)] == found.points


def test_a_known_page_of_openmetrics_that_is_cut_off_is_refused():
    """At any place, also amid its end."""
    page = "# TYPE a gauge\na 12\n# EOF\n"
    translator = Translator()
    translator.points(page, "n", 10, is_openmetrics=True)

    for length in range(len(page) - 1):
        with pytest.raises(PageError):
            translator.points(page[:length], "n", 10, is_openmetrics=True)


def test_a_family_in_two_places_is_refused_also_when_all_its_lines_are_known():
    """Order matters in OpenMetrics, and lines are remembered without it."""
    translator = Translator()
    translator.points("a 1\nb 1\n# EOF\n", "n", 10, is_openmetrics=True)

    with pytest.raises(PageError, match="a stands in two places"):
        translator.points("a 1\nb 1\na 1\n# EOF\n", "n", 10, is_openmetrics=True)


def test_what_is_learnt_of_one_format_is_not_believed_of_the_other():
    """OpenMetrics has no blanks in braces."""
    translator = Translator()
    page = 'a{ x="1" } 1\n# EOF\n'
    translator.points(page, "n", 10)

    with pytest.raises(PageError):
        translator.points(page, "n", 10, is_openmetrics=True)


def test_bytes_that_are_no_utf_8_keep_series_apart():
    """A mount point in an old encoding does not cost the page, and its bytes are in its path."""
    page = b'a{x="\xe9"} 1\na{x="\xe8"} 2\n'.decode("utf-8", "surrogateescape")

    assert {"cluster.n1.a.#e9": 1.0, "cluster.n1.a.#e8": 2.0} == points(page)


def test_paths_of_a_page_stay_distinct_when_the_memory_is_cleared():
    """It is never cleared amid a page."""
    translator = Translator(most_remembered=5)
    page = "".join(f'a{{x{number}="1"}} {number}\n' for number in range(20))

    for _ in range(3):
        found = translator.points(f"{page}# remark\n", "n", 100)

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
            translator.points(known, "n", 1000)
    try:
        samples = list(parse.samples("\n".join(page)))
    except PageError:
        with pytest.raises(PageError):
            translator.points("\n".join(page), "n", 1000)
    else:
        found = translator.points("\n".join(page), "n", 1000)

        last = {sample.name + str(sample.labels): sample.value for sample in samples}
        assert len(samples) == found.samples
        assert sorted(last.values()) == sorted(value for _, value in found.points)
