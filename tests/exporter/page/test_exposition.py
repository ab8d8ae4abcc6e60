"""Samples into the text format, read back by prometheus_client."""

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
    layout = SeriesTemplate([sample[:2] for sample in samples])
    return layout.text(layout.checked([sample.value for sample in samples]), wanted)


def test_a_page_is_written_as_the_format_says():
    """Lines of one metric together, whatever the order of the samples."""
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
def test_values_that_are_not_finite_have_the_formats_names(value, text):
    """As Go writes them."""
    assert f"fructosa_load {text}\n" in page([LOAD.sample(value)])


values = st.floats(allow_nan=False) | st.integers(-(2**53), 2**53) | st.just(10**300)


texts = st.text(st.characters(exclude_categories=["Cs"])) | st.text('\\"\n{},= é')


names = st.text(st.characters())  # lone surrogates too: that is how Python shows odd bytes


@given(st.dictionaries(st.tuples(texts, texts), values, max_size=5))
def test_what_is_written_is_what_is_read_back(series):
    """Any label values, any value: prometheus_client reads the same."""
    text = page([FREE.sample(value, *labels) for labels, value in series.items()])

    found = {
        (sample.labels["mountpoint"], sample.labels["fstype"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }

    assert series == found


def test_help_survives_backslashes_and_newlines():
    """One line a metric."""
    (family,) = text_string_to_metric_families(page([FREE.sample(1, "/", "ext4")]))

    assert FREE.help == family.documentation


@given(names)
def test_names_that_are_no_unicode_give_a_page_all_the_same(name):
    """Mount points and interfaces are bytes: what is no UTF-8 is written in hexadecimal."""
    text = page([READS.sample(1, name)])

    text.encode()
    assert len(list(text_string_to_metric_families(text))) == 1


def test_bytes_that_are_no_utf8_stay_apart():
    """Two mounts that differ in such a byte stay two series."""
    text = page([READS.sample(1, "a\udcff"), READS.sample(1, "a\udcfe")])

    assert r'{device="a\\udcff"} 1' in text
    assert r'{device="a\\udcfe"} 1' in text


def test_a_series_that_is_told_twice_is_refused():
    """A page with it would not be read by anybody."""
    with pytest.raises(ValueError, match=r'fructosa_reads_total\{device="sda"\} is told twice'):
        page([READS.sample(1, "sda"), READS.sample(2, "sda")])


def test_per_cent_signs_stay_what_they_are():
    """They mean something to what is prepared."""
    metric = gauge("fructosa_share", "In % of %s.", "of")

    assert page([metric.sample(1, "%s%%d")]).endswith('\nfructosa_share{of="%s%%d"} 1\n')


def test_openmetrics_names_families_without_total():
    """With their units, as OpenMetrics wants them."""
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
def test_openmetrics_is_read_back_as_it_was(series):
    """By prometheus_client's strict parser."""
    samples = [FREE.sample(value, *labels) for labels, value in series.items()]
    text = page(samples, Format.OPENMETRICS) + "# EOF\n"

    found = {
        (sample.labels["mountpoint"], sample.labels["fstype"]): sample.value
        for family in openmetrics_families(text)
        for sample in family.samples
    }

    assert series == found


def test_families_of_others_stand_as_they_were():
    """With one head each."""
    family = Family("jobs", "untyped", "Jobs \\ of\nmine.", ('jobs{a="b"} 1', "jobs 2"))

    expected = '# HELP jobs Jobs \\\\ of\\nmine.\n# TYPE jobs untyped\njobs{a="b"} 1\njobs 2\n'
    assert expected == family_lines([family])


@given(st.lists(st.sampled_from([WRITES, FREE, READS]), max_size=20))
def test_each_metrics_lines_stand_together(metrics):
    """Whatever the order in which samples come; with one head each."""
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
