"""Rendering of samples, parsed again by prometheus_client."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from fructosa_exporter.metrics import Family, counter, gauge
from fructosa_exporter.page.exposition import Format, SeriesTemplate, family_lines

LOAD = gauge("fructosa_load", "Load of the node.")
FREE = gauge("fructosa_free_bytes", "Free \\n \\ left\nover.", "mountpoint", "fstype")
WRITES = counter("fructosa_writes_total", "Writes.", "device")
READS = counter("fructosa_reads_total", "Reads.", "device")


def page(samples, wanted=Format.TEXT):
    """Return the lines of samples."""
    template = SeriesTemplate([sample[:2] for sample in samples])
    return template.render(template.validated([sample.value for sample in samples]), wanted)


def test_a_page_is_in_the_text_format():
    """The lines of each metric are together, whatever the order of the samples."""
    text = page([READS.sample(1, "sda"), LOAD.sample(0.5), READS.sample(2**60 + 1, "sdb")])

    expected = (
        "# HELP fructosa_reads_total Reads.\n"
        "# TYPE fructosa_reads_total counter\n"
        'fructosa_reads_total{device="sda"} 1\n'
        'fructosa_reads_total{device="sdb"} 1152921504606846977\n'
        "# HELP fructosa_load Load of the node.\n"
        "# TYPE fructosa_load gauge\n"
        "fructosa_load 0.5\n"
    )
    assert expected == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(math.nan, "NaN"), (math.inf, "+Inf"), (-math.inf, "-Inf"), (1e300, "1e+300")],
)
def test_values_are_formatted_as_the_format_requires(value, text):
    """Those that are not finite as Go does."""
    assert f"fructosa_load {text}\n" in page([LOAD.sample(value)])


values = st.floats(allow_nan=False) | st.integers(-(2**53), 2**53) | st.just(10**300)
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.text('\\"\n{},= é')
names = st.text(st.characters())  # including lone surrogates: Python's form of invalid UTF-8


@given(st.dictionaries(st.tuples(texts, texts), values, max_size=5))
def test_prometheus_client_parses_the_same_samples(series):
    """Whatever the labels and values."""
    text = page([FREE.sample(value, *labels) for labels, value in series.items()])

    found = {
        (sample.labels["mountpoint"], sample.labels["fstype"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }

    assert series == found


def test_help_is_escaped():
    """Backslashes and newlines are kept."""
    (family,) = text_string_to_metric_families(page([FREE.sample(1, "/", "ext4")]))

    assert FREE.help == family.documentation


@given(names)
def test_labels_may_be_any_text(name):
    """Names of mount points and interfaces may be invalid UTF-8; they are escaped."""
    text = page([READS.sample(1, name)])

    text.encode()
    assert len(list(text_string_to_metric_families(text))) == 1


def test_names_that_differ_in_an_invalid_byte_stay_distinct():
    """They are two series."""
    text = page([READS.sample(1, "a\udcff"), READS.sample(1, "a\udcfe")])

    assert r'{device="a\\udcff"} 1' in text
    assert r'{device="a\\udcfe"} 1' in text


def test_duplicate_series_are_rejected():
    """Scrapers would reject the whole page."""
    with pytest.raises(ValueError, match=r'duplicate series fructosa_reads_total\{device="sda"\}'):
        page([READS.sample(1, "sda"), READS.sample(2, "sda")])


def test_percent_signs_are_kept():
    """They have a meaning in templates."""
    metric = gauge("fructosa_share", "In % of %s.", "of")

    assert page([metric.sample(1, "%s%%d")]).endswith('\nfructosa_share{of="%s%%d"} 1\n')


def test_openmetrics_families_have_no_suffix_total():
    """And they have their units."""
    expected = (
        "# TYPE fructosa_reads counter\n"
        "# HELP fructosa_reads Reads.\n"
        'fructosa_reads_total{device="sda"} 1\n'
        "# TYPE fructosa_free_bytes gauge\n"
        "# UNIT fructosa_free_bytes bytes\n"
    )

    text = page([READS.sample(1, "sda"), FREE.sample(1, "/", "ext4")], Format.OPENMETRICS)

    assert text.startswith(expected)


@given(st.dictionaries(st.tuples(texts, texts), values, max_size=5))
def test_the_openmetrics_parser_parses_the_same_samples(series):
    """It is stricter."""
    samples = [FREE.sample(value, *labels) for labels, value in series.items()]
    text = page(samples, Format.OPENMETRICS) + "# EOF\n"

    found = {
        (sample.labels["mountpoint"], sample.labels["fstype"]): sample.value
        for family in openmetrics_families(text)
        for sample in family.samples
    }

    assert series == found


def test_lines_of_families_are_rendered_unchanged():
    """After one HELP and one TYPE."""
    family = Family("jobs", "untyped", "Jobs \\ of\nmine.", ('jobs{a="b"} 1', "jobs 2"))

    expected = '# HELP jobs Jobs \\\\ of\\nmine.\n# TYPE jobs untyped\njobs{a="b"} 1\njobs 2\n'
    assert expected == family_lines([family])


@given(st.lists(st.sampled_from([WRITES, FREE, READS]), max_size=20))
def test_the_lines_of_each_metric_are_together(metrics):
    """Whatever the order of the samples; with one HELP and one TYPE each."""
    samples = [
        metric.sample(1, *(f"{number}" for _ in metric.labels))
        for number, metric in enumerate(metrics)
    ]

    lines = page(samples).splitlines()

    subjects = [
        line.split()[2] if line[0] == "#" else line.split("{")[0].split()[0] for line in lines
    ]
    changes = [one for one, before in zip(subjects, ["", *subjects], strict=False) if one != before]
    assert list(dict.fromkeys(metric.name for metric in metrics)) == changes
    assert 2 * len(set(metrics)) == sum(line.startswith("#") for line in lines)
