"""The template of a page: matching pages, and sharing lines among targets."""

import gc
import math

import pytest
from hypothesis import given

from fructosa_bridge.naming.schemes import SeriesPath
from fructosa_bridge.translate import text_format
from fructosa_bridge.translate.cluster_totals import addend
from fructosa_bridge.translate.page_template import TemplateLine
from fructosa_bridge.translate.steps import at_once

from .number_texts import ODD, number_texts
from .templates import new_template, new_templates, page_of, template_lines

PREFIXES = ["# é 1", "a ", 'b{c="d"} ', "", 'f{g="é"} ', "# y"]
PAGE = page_of(PREFIXES, ["1", "2.5", "-3e0"])


def test_the_numbers_of_a_page_are_in_the_order_of_its_lines():
    """Comments have none."""
    template = new_template(PREFIXES)

    assert [1.0, 2.5, -3.0] == list(at_once(template.numbers(PAGE)))
    assert 3 == template.samples


@pytest.mark.parametrize(
    "page",
    [
        PAGE.replace('"d"', '"e"'),
        PAGE.replace("a 1\nb", "b 1\na"),
        PAGE.replace("# y", "# z"),
        PAGE.replace("\n# y", ""),
        PAGE + "\n",
        PAGE.replace("a 1", "a "),
        PAGE.replace("a 1", "a x"),
        "",
    ],
)
def test_a_page_with_another_template_has_no_numbers(page):
    """Another label, order, comment or line; a number that is missing or invalid."""
    template = new_template(PREFIXES)

    assert at_once(template.numbers(page)) is None
    assert template._numbers(page) is None


def test_equal_pages_have_one_template():
    """A hundred nodes need the memory of one."""
    templates = new_templates()

    first, second = (at_once(templates.template(template_lines(PREFIXES))) for _ in range(2))

    assert first is second
    assert 1 == len(templates)


def test_pages_that_differ_in_a_line_share_most_blocks():
    """A line with the name of the node, or an additional line, does not double the memory."""
    templates = new_templates()
    lines = template_lines([f'load{{cpu="{number}"}} ' for number in range(3000)])
    kept = [at_once(templates.template(lines))]
    blocks = templates.blocks

    for number in range(10):
        line = TemplateLine(f'host{{name="n{number}"}} ', has_number=True)
        kept.append(at_once(templates.template([line, *lines])))

    assert blocks > 30
    assert templates.blocks <= blocks + 10 * 3
    assert 11 == len(templates)


def test_an_unused_template_is_freed_with_its_blocks():
    """Series that come and go leave nothing behind."""
    templates = new_templates()
    template = at_once(templates.template(template_lines(PREFIXES)))
    assert (1, True) == (len(templates), templates.blocks > 0)

    del template
    gc.collect()

    assert (0, 0) == (len(templates), templates.blocks)


def test_a_template_knows_where_the_addends_of_cluster_totals_are():
    """Their indexes are among the numbers, not the lines."""
    threads = addend("fructosa_cpu_threads", ())
    lines = [
        TemplateLine("# x", has_number=False),
        TemplateLine("a ", has_number=True, series=SeriesPath("a")),
        TemplateLine("fructosa_cpu_threads ", has_number=True, addend=threads),
    ]

    template = at_once(new_templates().template(lines))

    assert (threads,) == template.addends.addends
    assert [8.0] == list(template.addends.values([1.0, 8.0]).values)
    assert new_template(PREFIXES).addends is None


@given(number_texts(3))
def test_each_way_to_match_a_page_agrees_with_the_parser(numbers):
    """The way in C, if it was built, and the way in Python."""
    _compare_with_parser(numbers)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("index", [0, 2])
def test_an_odd_number_is_read_or_refused_as_by_the_parser(odd, index):
    """In the first sample of a page, and in the last."""
    numbers = ["1"] * 3
    numbers[index] = odd

    _compare_with_parser(numbers)


def _compare_with_parser(numbers):
    """Match a page with these numbers in each way; if there is a result, the parser agrees."""
    template, page = new_template(PREFIXES), page_of(PREFIXES, numbers)
    for match in (lambda page: at_once(template.numbers(page)), template._numbers):
        result = match(page)
        if result is not None:
            expected = [sample.value for sample in text_format.samples(page)]
            assert list(map(_comparable, expected)) == list(map(_comparable, result))


def _comparable(value):
    """Return a number that compares, also NaN; JSON has no -0."""
    return "nan" if math.isnan(value) else float(value) + 0.0
