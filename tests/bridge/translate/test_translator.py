"""Pages into points."""

import json
import os
import re
import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import PageError
from fructosa_bridge.model.selection import (
    SELECTOR,
    TOO_LONG_LABEL,
    TOO_MANY_LABELS,
    LabelLimits,
    MetricSelection,
)
from fructosa_bridge.naming.schemes import SCHEMES, Plain
from fructosa_bridge.translate import fast, openmetrics, text_format
from fructosa_bridge.translate.memory import Memory
from fructosa_bridge.translate.page_template import LINE_BYTES
from fructosa_bridge.translate.sample_lines import INVALID_TYPE
from fructosa_bridge.translate.steps import ahead, at_once
from fructosa_bridge.translate.translator import (
    TOO_MANY_LINES,
    TOO_MANY_SAMPLES,
    TranslationRules,
    Translator,
)

from .number_texts import number_texts


def points(page, translator=None, sample_limit=1000):
    """Return the points that a translator makes of a page, as a dictionary."""
    translator = translator or Translator()
    return dict(translator.translate(page, "cluster.n1.", sample_limit).points)


PAGE = """\
# HELP load Load.
# TYPE load gauge
load 0.5
disk_free_bytes{mountpoint="/"} 10
disk_free_bytes{mountpoint="/home"} 20
"""


def test_every_sample_becomes_a_point_below_the_path_of_its_node():
    """Comments become none."""
    expected = {
        "cluster.n1.load": 0.5,
        "cluster.n1.disk_free_bytes.mountpoint.:": 10.0,
        "cluster.n1.disk_free_bytes.mountpoint.:home": 20.0,
    }

    assert expected == points(PAGE)


def test_a_known_page_with_new_values_gives_new_points():
    """Also for another node, and without the parser."""
    translator = Translator()
    points(PAGE, translator)

    translation = translator.translate(PAGE.replace("0.5", "0.75"), "cluster.n2.", 1000)

    assert dict(translation.points)["cluster.n2.load"] == 0.75
    assert (3, 0, 0) == (translation.samples, translation.not_finite, translation.repeated)


@given(pages=st.permutations(['m{a="0",b="1"} 1\n', 'm{b="1",c="0"} 1\n', "m 1\n"]))
def test_a_node_can_not_change_the_paths_of_another(pages):
    """Whatever labels it gives to the same metrics, before or after."""
    alone = [Translator().translate(page, "n.", 9).points.paths.each for page in pages]
    shared = Translator()

    together = [
        shared.translate(page, f"n{number}.", 9, target=f"n{number}").points.paths.each
        for number, page in enumerate(pages)
    ]

    assert alone == together


@pytest.mark.parametrize(
    "invalid", ["load", "load x", "load 1_0", "load ١", "load 1 2 3", "load{ 1"]
)
def test_an_invalid_line_refuses_the_page_even_if_its_series_is_known(invalid):
    """Nothing of such a page is used."""
    translator = Translator()
    points(PAGE, translator)

    with pytest.raises(PageError):
        points(f"{PAGE}{invalid}\n", translator)


def test_time_stamps_on_the_page_are_ignored():
    """The point has the time of the scrape."""
    translator = Translator()

    first = points("load 1 1700000000000\n", translator)
    second = points("load 2 1700000010000\n", translator)
    third = points("load 3\n", translator)

    assert [{"cluster.n1.load": value} for value in (1.0, 2.0, 3.0)] == [first, second, third]


def test_values_that_graphite_cannot_store_are_counted():
    """NaN and infinities become no points."""
    translation = Translator().translate("a NaN\nb +Inf\nc -Inf\nd 1\n", "n.", 1000)

    assert [("n.d", 1.0)] == translation.points
    assert (4, 3) == (translation.samples, translation.not_finite)


def test_a_repeated_series_is_counted():
    """Its first value is stored, as in Prometheus."""
    translation = Translator().translate('a{x="1"} 1\na{x="1",y=""} 2\n', "n.", 1000)

    assert [("n.a.x.1", 1.0)] == translation.points
    assert translation.repeated == 1


def test_series_that_differ_only_in_label_names_have_distinct_paths():
    """The order of their labels does not matter."""
    page = 'a{x="1"} 1\na{y="1"} 2\na{x="1",z="2"} 3\na{z="1",x="2"} 4\n'
    expected = {
        "cluster.n1.a.x.1": 1.0,
        "cluster.n1.a.y.1": 2.0,
        "cluster.n1.a.x.1.z.2": 3.0,
        "cluster.n1.a.x.2.z.1": 4.0,
    }

    assert expected == points(page)


def test_a_node_never_changes_the_path_of_another():
    """Whichever comes first."""
    page = 'node_cpu_seconds_total{cpu="0",mode="idle"} 5\n'
    other = 'node_cpu_seconds_total{a="0",b="idle"} 1\n'
    translator = Translator()
    translator.translate(other, "other.", 10)

    assert points(page, translator) == points(page)


LABEL_NAMES = st.sampled_from(["a", "b", "cpu", "mode", "device", "le", "quantile", "name"])
ODD_VALUES = ("", "a", "A", "b", "cpu", "0", "a.b", "a_b", "a/b", "a b", "%", "#", "/", "ü", '"')
LABEL_VALUES = st.sampled_from([*ODD_VALUES, "x" * 1000, "x" * 999 + "y"]) | st.text(max_size=3)
DECLARED_AND_NOT = (
    "fructosa_cpu_seconds_total",
    "fructosa_disk_reads_total",
    "fructosa_memory_used_bytes",
    "fructosa_slurm_gpus",
    *("m", "M", "m_bucket", "up", "CPUTimes"),
)
SERIES = st.tuples(
    st.sampled_from(DECLARED_AND_NOT), st.dictionaries(LABEL_NAMES, LABEL_VALUES, max_size=4)
)
PAGES_OF_SERIES = st.lists(
    SERIES,
    max_size=8,
    unique_by=lambda one: (one[0], frozenset(pair for pair in one[1].items() if pair[1])),
)
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def line(metric, labels, value):
    """Return the line of a sample."""
    inside = ",".join(f'{name}="{text.translate(_ESCAPES)}"' for name, text in labels)
    return f"{metric}{{{inside}}} {value}\n"


@pytest.fixture(scope="module")
def veteran():
    """A function that translates pages in another process, which has translated all before."""
    code = (
        "import json, sys\n"
        "from fructosa_bridge.naming.schemes import SCHEMES\n"
        "from fructosa_bridge.translate.translator import TranslationRules, Translator\n"
        "known = {name: Translator(TranslationRules(each)) for name, each in SCHEMES.items()}\n"
        "for text in sys.stdin:\n"
        "    scheme, page = json.loads(text)\n"
        "    points = known[scheme].translate(page, 'n.', 1000, after='.x').points\n"
        "    print(json.dumps(list(points)), flush=True)\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def translate(scheme, page):
            process.stdin.write(f"{json.dumps([scheme, page])}\n")
            process.stdin.flush()
            return dict(json.loads(process.stdout.readline()))

        yield translate
        process.stdin.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@given(series=PAGES_OF_SERIES, shuffled=st.randoms(use_true_random=False))
def test_the_path_of_a_series_depends_on_the_series_alone(veteran, scheme, series, shuffled):
    """Not on the order of labels and lines, on other pages, on nodes before, or on the process."""
    alone = [
        SCHEMES[scheme].path(metric, tuple(sorted(labels.items()))) for metric, labels in series
    ]
    lines = [
        line(metric, shuffled.sample([*labels.items()], len(labels)), number)
        for number, (metric, labels) in enumerate(series)
    ]
    expected = {f"n.{one.path}.x": one.factor * at for at, one in enumerate(alone)}
    assert len(series) == len(expected)

    for translate in (veteran, points_of):
        found = translate(scheme, "".join(shuffled.sample(lines, len(lines))))

        assert expected == {path: found[path] for path in expected}


def points_of(scheme, page):
    """Return the points that a translator makes of the first page that it sees."""
    return dict(translator_with(scheme).translate(page, "n.", 1000, after=".x").points)


def test_a_page_with_too_many_samples_is_refused():
    """The message has both numbers."""
    with pytest.raises(PageError) as caught:
        points(PAGE, sample_limit=2)

    assert TOO_MANY_SAMPLES.format(samples=3, limit=2) == str(caught.value)


@pytest.mark.parametrize("time", ["", " 1700000000000"])
def test_memory_is_limited_while_series_keep_changing(time):
    """A thousand pages, each with new series, with time stamps and without."""
    translator = Translator(memory=Memory(100_000))
    for number in range(1000):
        points(f'job{{id="{number}"}} 1{time}\n# comment {number}\n', translator)

    assert 30 <= translator.remembered <= 100_000 / 2 / LINE_BYTES + 3


def test_a_node_whose_labels_change_displaces_no_lines_of_others():
    """Lines that are seen again stay: they are not parsed again."""
    memory = Memory(200_000)
    translator, scheme = Translator(TranslationRules(CountingScheme()), memory), CountingScheme.seen
    lines = [f'load{{cpu="{number}"}} 1' for number in range(20)]
    for number in range(200):
        lines.append(lines.pop(0))  # so its template does not match
        translator.translate("\n".join(lines), "honest.", 100)
        translator.translate(f'a{{x="{number}{"y" * 900}"}} 1\n', "hostile.", 100)

    assert 20 == sum(path.startswith("load") for path in scheme)
    assert 200 == sum(path.startswith("a.") for path in scheme)


class CountingScheme(Plain):
    """The scheme plain; it notes for which series it was asked."""

    seen = []

    def path(self, metric, labels):
        found = super().path(metric, labels)
        self.seen.append(found.path)
        return found


@pytest.mark.parametrize("count", [1, 40])
def test_templates_are_bounded_and_the_largest_go_first(count):
    """Whether one node has a page that changes, or many have large ones; small ones stay."""
    memory = Memory(200_000)
    translator = Translator(memory=memory)
    translator.translate(page_of(range(50)), "honest.", 1000, target="honest")
    kept = translator._last["honest", False]

    for number in range(50):
        page = "".join(f'a{number}{{x="{at}{"y" * 200}"}} 1\n' for at in range(60))
        translator.translate(page, "n.", 1000, target=f"hostile {number % count}")

    assert kept is translator._last["honest", False]
    assert kept.weight < memory.template_bytes <= 100_000
    for target in ("honest", *(f"hostile {number}" for number in range(count))):
        translator.forget(target)
    del kept
    assert 0 == memory.template_bytes


def test_translators_share_their_memory():
    """Sections with rules of their own do not multiply it."""
    memory = Memory(100_000)
    translators = [Translator(TranslationRules(), memory) for _ in range(10)]
    for translator in translators:
        for number in range(3):
            points(page_of(range(50), f"m{number}"), translator)

    lines = sum(translator.remembered for translator in translators)
    assert lines <= 50_000 / LINE_BYTES + 51
    assert memory.template_bytes <= 50_000


def test_a_page_with_nothing_but_comments_is_refused():
    """It costs as much as a page with as many samples."""
    error = TOO_MANY_LINES.format(lines=5001, limit=1400, samples=100)

    with pytest.raises(PageError, match=re.escape(error)):
        points("#\n" * 5000, sample_limit=100)


@pytest.mark.parametrize("is_openmetrics", [False, True])
@pytest.mark.parametrize(
    "line", ['a{x="{}"} 1', "a{} 1", "# {}", "a 1{}", "{}"], ids=lambda line: line[:5]
)
@pytest.mark.parametrize("length", [1100, 100_000])
def test_a_page_with_a_line_that_is_too_long_is_refused(line, length, is_openmetrics):
    """Whatever is in it."""
    translator = translator_with(line_limit=1000)
    page = f"b 1\n{line.replace('{}', 'x' * length, 1)}\n# EOF\n"

    with pytest.raises(PageError, match="line limit"):
        translator.translate(page, "n.", 1000, is_openmetrics=is_openmetrics)


def test_a_line_with_line_feeds_is_limited_too():
    """Where the quotes of a value are not closed, all that follows is in it."""
    with pytest.raises(PageError, match="line limit"):
        translator_with(line_limit=1000).translate('a{x="' + "\n" * 5000, "n.", 10_000)


def test_the_limit_of_a_line_is_in_bytes():
    """As those of labels."""
    translator = translator_with(line_limit=100)

    assert 1 == translator.translate('a{x="' + "é" * 45 + '"} 1\n', "n.", 10).samples
    with pytest.raises(PageError, match="line limit"):
        translator.translate('a{x="' + "é" * 46 + '"} 1\n', "n.", 10)


@pytest.mark.parametrize("is_openmetrics", [False, True])
def test_a_large_page_is_translated_in_steps(is_openmetrics):
    """When it is new, when it is known, when a line is added: each step is a small part of it."""
    page, translator = page_of(range(6_000)) + "# EOF\n", Translator()

    for text in (f"another 1\n{page}", page, page):
        work, steps = translator.steps(text, "n.", 30_000, is_openmetrics=is_openmetrics), 0
        with suppress(PageError):
            while ahead(work, 1)[0] is None:
                steps += 1

        assert steps >= (1 if text is page else 20)


def page_of(values, name="load"):
    """Return a page with a series for each of these values."""
    return "# HELP load Load.\n" + "".join(
        f'{name}{{cpu="{number}"}} {value}\n' for number, value in enumerate(values)
    )


def templates_and_blocks(translator):
    """Return how many templates and blocks a translator has."""
    return len(set(translator._last.values())), translator._templates.blocks


def test_targets_with_equal_pages_share_a_template():
    """A hundred nodes need the memory of one."""
    translator = Translator()

    for number in range(100):
        translator.translate(page_of(range(500)), f"n{number}.", 1000)

    assert templates_and_blocks(translator)[0] == 1


def test_a_template_that_no_target_uses_is_forgotten():
    """A page may change, and a target may be removed."""
    translator = Translator()
    for name in ("a", "b", "c"):
        translator.translate(page_of(range(500), name), "n.", 1000, target="one")
    translator.translate(page_of(range(500)), "n.", 1000, target="two")

    translator.forget("two")

    assert templates_and_blocks(translator)[0] == 1


def test_each_target_of_a_node_has_its_own_last_page():
    """A node may serve two pages, whose series have the same path before them."""
    translator = Translator()

    for _ in range(2):
        for name in ("a", "b"):
            translation = translator.translate(page_of([1], name), "n.", 10, target=name)

            assert [(f"n.{name}.cpu.0", 1.0)] == translation.points
    assert templates_and_blocks(translator)[0] == 2


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
        ("# x\na 5\na 7\n", {"n.a": 5.0}),
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
def test_a_page_that_differs_a_little_from_its_template_is_read_as_a_new_one(page, expected):
    """Text that float() accepts and the format does not is refused here as well."""
    translator = Translator()
    translator.translate("# x\na 1\nb 2\n", "n.", 10)

    try:
        result = dict(translator.translate(page, "n.", 10).points)
    except PageError:
        result = None

    assert expected == result


@pytest.mark.parametrize("is_openmetrics", [False, True])
def test_a_comment_that_got_longer_is_parsed_again(is_openmetrics):
    """An invalid type is refused even if the page matches its template otherwise."""
    translator = Translator()
    page = "# TYPE a gauge\na 1\n# EOF\n"
    translator.translate(page, "n.", 10, is_openmetrics=is_openmetrics)

    error = re.escape(INVALID_TYPE.format(line="'# TYPE a gauges'"))
    with pytest.raises(PageError, match=error):
        translator.translate(
            page.replace("gauge", "gauges"), "n.", 10, is_openmetrics=is_openmetrics
        )


def test_values_that_graphite_cannot_store_are_counted_on_a_known_page():
    """The counts are the same as at the first scrape."""
    page = 'a NaN\nb 1\nc -Inf\nc +Inf\na{x=""} 1\na 2\nd 1e308\ne 1e308\n'
    translator = Translator()

    first, second = (translator.translate(page, "n.", 10) for _ in range(2))

    assert first == second
    assert (8, 2, 3) == (second.samples, second.not_finite, second.repeated)
    assert {"n.b": 1.0, "n.d": 1e308, "n.e": 1e308} == dict(second.points)


def test_a_lowered_sample_limit_holds_for_a_known_page():
    """It is checked at each scrape."""
    translator = Translator()
    points(PAGE, translator)

    with pytest.raises(PageError, match=re.escape(TOO_MANY_SAMPLES.format(samples=3, limit=2))):
        points(PAGE, translator, sample_limit=2)


def test_a_space_in_a_label_does_not_end_the_series():
    """Without a space before the number, the last space of the line may be in a label."""
    translator = Translator()
    assert {"cluster.n1.a.x.1#202": 3.0} == points('a{x="1 2"}3\n', translator)

    with pytest.raises(PageError):
        points('a{x="1 7\n', translator)


@pytest.mark.parametrize("is_in_c", [True, False])
@pytest.mark.parametrize(
    ("before", "after", "is_openmetrics"),
    [
        ("a 1 1700000000000\nb 2\n", "a 3 1700000010000\nb 4\n", False),
        ("a 1\nb 2\n", "a 3 1700000010000\nb 4 1700000010000\n", False),
        ("a\t1\n  b   2\t\n", "a\t3 \n  b   4 5\t\n", False),
        ('a{x="1\n2"}1\nb 2\n', 'a{x="1\n2"}3\nb 4\n', False),
        ('{"a.b"} 1\n{c="","d"} 2\n', '{"a.b"} 3\n{c="","d"} 4\n', False),
        ("a NaN\nb -Inf\n", "a 3\nb 4\n", False),
        ("# x\r\na 1\r\nb 2\r\n", "# x\r\na 3 \r\nb 4 17\r\n", False),
        ("a 1 1.5\nb 2\n# EOF\n", "a 3 11.5\nb 4\n# EOF\n", True),
        ("a 1\nb 2\n# EOF\n", 'a 3 # {x="y"} 9\nb 4 1 # {} 5 6\n# EOF\n', True),
    ],
)
def test_an_odd_line_does_not_cost_the_page_its_template(
    monkeypatch, is_in_c, before, after, is_openmetrics
):
    """Times, exemplars, blanks, odd numbers: the page is matched at once, with C and without."""
    if not is_in_c:
        monkeypatch.setattr(fast, "numbers", None)
    translator = Translator()
    translator.translate(before, "n.", 10, is_openmetrics=is_openmetrics)
    templates = list(translator._last.values())

    translation = translator.translate(after, "n.", 10, is_openmetrics=is_openmetrics)

    assert [3.0, 4.0] == [value for _, value in translation.points]
    assert templates == list(translator._last.values())
    assert [3.0, 4.0] == list(at_once(templates[0].numbers(after, is_openmetrics=is_openmetrics)))


def test_an_exemplar_is_not_the_value():
    """However often the line was seen, and whatever number is at its end."""
    translator = Translator()
    for number in ("1", "2", "2"):
        page = f'# TYPE a counter\na_total 1 # {{x="y"}} {number}\n# EOF\n'

        translation = translator.translate(page, "n.", 10, is_openmetrics=True)

        assert [("n.a_total", 1.0)] == translation.points


def test_a_known_page_of_openmetrics_that_is_truncated_is_refused():
    """Wherever it is truncated, also within its last line."""
    page = "# TYPE a gauge\na 12\n# EOF\n"
    translator = Translator()
    translator.translate(page, "n.", 10, is_openmetrics=True)

    for length in range(len(page) - 1):
        with pytest.raises(PageError):
            translator.translate(page[:length], "n.", 10, is_openmetrics=True)


def test_an_end_within_the_page_is_refused_even_if_all_lines_are_known():
    """In OpenMetrics the place of a line may matter; known lines have none."""
    translator = Translator()
    translator.translate("a 1\nb 1\n# EOF\n", "n.", 10, is_openmetrics=True)

    with pytest.raises(PageError, match=re.escape(openmetrics.AFTER_THE_END)):
        translator.translate("a 1\n# EOF\nb 1\n# EOF\n", "n.", 10, is_openmetrics=True)


def test_a_line_that_is_known_in_one_format_is_not_known_in_the_other():
    """OpenMetrics has no spaces in braces."""
    translator = Translator()
    page = 'a{ x="1" } 1\n# EOF\n'
    translator.translate(page, "n.", 10)

    with pytest.raises(PageError):
        translator.translate(page, "n.", 10, is_openmetrics=True)


@pytest.mark.parametrize(
    ("scheme", "path"),
    [
        ("plain", "n.disk#2eused.a#3bb.1.dev.sda"),
        ("tagged", "n.disk.used;a#3bb=1;dev=sda"),
        ("fructosa", "n.disk#2eused.a#3bb.1.dev.sda"),
    ],
)
def test_names_in_quotes_have_paths_as_any_other_text(scheme, path):
    """Nothing of them leaves its place in a path."""
    translator = translator_with(scheme)

    for value in (1.0, 2.0):
        page = f'{{"disk.used",dev="sda","a;b"="1"}} {value}\n'
        assert [(path, value)] == translator.translate(page, "n.", 10).points


def test_invalid_utf_8_keeps_series_apart():
    """A mount point in an old encoding does not refuse the page; its path has the bytes."""
    page = b'a{x="\xe9"} 1\na{x="\xe8"} 2\n'.decode("utf-8", "surrogateescape")

    assert {"cluster.n1.a.x.#e9": 1.0, "cluster.n1.a.x.#e8": 2.0} == points(page)


def test_paths_stay_the_same_when_the_memory_is_full():
    """All lines are then learned again."""
    translator = Translator(memory=Memory(5_000))
    page = "".join(f'a{{x{number}="1"}} {number}\n' for number in range(20))

    for _ in range(3):
        translation = translator.translate(f"{page}# comment\n", "n.", 100)

        assert (20, 0) == (len(translation.points), translation.repeated)


LINES = st.sampled_from(
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


@given(st.lists(LINES, max_size=6), st.lists(LINES, max_size=6))
def test_known_lines_are_read_as_the_parser_reads_them(before, page):
    """Whatever was seen before, a page gives the samples of the parser, or is refused by both."""
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
        translation = translator.translate("\n".join(page), "n.", 1000)

        first = {sample.name + str(sample.labels): sample.value for sample in reversed(samples)}
        assert len(samples) == translation.samples
        assert sorted(first.values()) == sorted(value for _, value in translation.points)


def translator_with(scheme="plain", keep="", drop="", **limits):
    """Return a translator with these rules."""
    selectors = [
        tuple(SELECTOR.parse(text) for text in texts.split(",") if text) for texts in (keep, drop)
    ]
    return Translator(
        TranslationRules(SCHEMES[scheme], MetricSelection(*selectors), LabelLimits(**limits))
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
def test_series_have_the_paths_of_their_scheme(scheme, expected):
    """At the first scrape and later: paths, factors and totals."""
    translator = translator_with(scheme)

    for _ in range(3):
        result = dict(translator.translate(LAGENT, "n.", 100, after=".x").points)

        assert expected == {path: result[path] for path in expected}


def test_totals_of_a_known_page_are_computed_from_its_own_numbers():
    """Not from those of the first page."""
    translator = translator_with("fructosa")
    points(LAGENT, translator)

    result = points(LAGENT.replace('sda"} 5', 'sda"} 1000'), translator)

    assert 1007.0 == result["cluster.n1.DiskIOCounters.read_count"]


def test_a_dropped_series_is_not_a_part_of_a_total():
    """Only series that are kept are added."""
    translator = translator_with("fructosa", drop='fructosa_disk_*{device="sda"}')

    for _ in range(2):
        result = points(LAGENT, translator)

        assert 7.0 == result["cluster.n1.DiskIOCounters.read_count"]
        assert "cluster.n1.fructosa_disk_reads_total.sda" not in result


def test_a_dropped_metric_does_not_look_like_zero():
    """FrUCToSA 0.3 had zeros where lagent has no value; this page has one."""
    page = "fructosa_swap_total_bytes 9\nfructosa_swap_utilization_ratio 0.5\n"

    dropped = points(page, translator_with("fructosa", drop="fructosa_swap_utilization_*"))

    below = {path.removeprefix("cluster.n1.SwapMemory."): value for path, value in dropped.items()}
    assert {"total": 9, "sin": 0, "sout": 0} == below


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        ({"keep": "disk_*"}, 2),
        ({"drop": "disk_*"}, 1),
        ({"keep": "disk_*", "drop": 'disk_*{mountpoint="/home"}'}, 1),
        ({"drop": "*"}, 0),
    ],
)
def test_dropped_series_are_samples_but_not_points(scheme, selection, kept):
    """The number of samples is that of the page."""
    translator = translator_with(scheme, **selection)

    for _ in range(2):
        translation = translator.translate(PAGE, "n.", 100)

        assert (kept, 3) == (len(translation.points), translation.samples)


@pytest.mark.parametrize("number", ["7", "-0.5e-3", "NaN", "+Inf", "1e999"])
def test_the_value_of_a_dropped_series_may_change(number):
    """The page still matches its template; only an invalid number is refused."""
    translator = translator_with(drop="secret")
    page = "a 1\nsecret 5\nb 2\n"
    translator.translate(page, "n.", 10)
    templates = list(translator._last.values())

    translation = translator.translate(page.replace("5", number), "n.", 10)

    assert [("n.a", 1.0), ("n.b", 2.0)] == translation.points
    assert (3, 0, 0) == (translation.samples, translation.not_finite, translation.repeated)
    assert templates == list(translator._last.values())
    assert at_once(templates[0].numbers(page.replace("5", number))) is not None
    with pytest.raises(PageError):
        translator.translate(page.replace("5", "x"), "n.", 10)


def test_label_limits_hold_for_the_series_that_are_kept():
    """A series that exceeds them refuses the page unless it is dropped."""
    page = 'a{x="1",y="2"} 1\nb 2\n'

    too_many = TOO_MANY_LABELS.format(metric="a", labels=2, limit=1)
    too_long = TOO_LONG_LABEL.format(label="x", metric="a", part="name", length=1, limit=0)
    with pytest.raises(PageError, match=re.escape(too_many)):
        translator_with(label_limit=1).translate(page, "n.", 10)
    with pytest.raises(PageError, match=re.escape(too_long)):
        translator_with(label_length_limit=0).translate(page, "n.", 10)
    for translator in (
        translator_with(label_limit=2, label_length_limit=1),
        translator_with(drop="a", label_limit=1),
    ):
        assert 2 == translator.translate(page, "n.", 10).samples


def test_a_page_that_exceeds_a_limit_is_refused_every_time():
    """It leaves nothing behind that would let it pass."""
    translator = translator_with(label_limit=1)
    for _ in range(3):
        with pytest.raises(PageError):
            translator.translate('b 2\na{x="1",y="2"} 1\n', "n.", 10)

    assert [("n.b", 2.0)] == translator.translate("b 2\n", "n.", 10).points


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


def outcome(translator, page):
    """Return the translation of a page in a form that compares; None if the page is refused."""
    try:
        translation = translator.translate(page, "n.", 100)
    except PageError:
        return None
    pairs = sorted((path, repr(value + 0.0)) for path, value in translation.points)
    return pairs, translation.samples, translation.not_finite, translation.repeated


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("count", [2, len(SERIES)])
@given(numbers=number_texts(len(SERIES)))
def test_a_known_page_is_read_as_a_new_one(scheme, count, numbers):
    """Whatever the text of its numbers is."""
    page = "\n".join(line.format(text) for line, text in zip(SERIES[:count], numbers, strict=False))
    known, new = (translator_with(scheme, drop="dropped") for _ in range(2))
    known.translate("\n".join(line.format(1) for line in SERIES[:count]), "n.", 100)

    assert outcome(new, page) == outcome(known, page)


def test_a_longer_comment_does_not_replace_a_missing_number():
    """On a page with one sample."""
    translator = Translator()
    translator.translate("# x\na 1\n", "n.", 10)

    with pytest.raises(PageError):
        translator.translate("# x5\na \n", "n.", 10)
