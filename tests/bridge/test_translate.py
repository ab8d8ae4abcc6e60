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

    remembered = (translator._paths, translator._comments, translator._owners)
    assert sum(map(len, remembered)) <= 53


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
        "b",
    ]
)


@given(st.lists(lines, max_size=6), st.lists(lines, max_size=6))
def test_the_look_up_says_what_the_parser_says(before, page):
    """Whatever was seen before, a page gives the samples that strict parsing gives, or neither."""
    translator = Translator()
    for line in before:
        with suppress(PageError):
            translator.points(line, "n", 1000)
    try:
        expected = len(list(parse.samples("\n".join(page))))
    except PageError:
        with pytest.raises(PageError):
            translator.points("\n".join(page), "n", 1000)
    else:
        assert expected == translator.points("\n".join(page), "n", 1000).samples
        last = {
            sample.name + str(sample.labels): sample for sample in parse.samples("\n".join(page))
        }
        values = sorted(sample.value for sample in last.values())
        assert values == sorted(v for _, v in translator.points("\n".join(page), "n", 1000).points)
