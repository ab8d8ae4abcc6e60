"""The page of jobs of an agent."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.jobs import page as pages
from fructosa_bridge.jobs.page import JobPage, JobPageParser, JobReading
from fructosa_bridge.model.errors import PageError

from .pages import SERIES, page, reading, text_of

PARSER = JobPageParser()
TEXT = text_of(
    page(
        reading(7, cpu_s=1.5, peak_bytes=1e9, age_s=60.0, reading_age_s=0.01, stalled_io_s=0.5),
        reading(8, slurmd="n1", restart="2", cpu_s=2.0, gpus=(("GPU-1", 1.0), ("GPU-2", 0.0))),
        reading("sEKNKTV3WPV500", cpu_s=3.0, end_age_s=4.0, end_sequence=9.0),
        sequence=9,
    )
)

ids = st.integers(0, 2**32 - 1).map(str) | st.from_regex(r"\As[0-9A-Z]{13}\Z")
names = st.text(st.sampled_from("abcn0123456789-_."), max_size=12)
restarts = st.integers(1, 99).map(str) | st.just("")
numbers = st.none() | st.floats(0, 1e10) | st.integers(0, 10**10).map(float)
readings = st.builds(
    JobReading,
    ids,
    names,
    restarts,
    **dict.fromkeys(SERIES, numbers),
    gpus=st.dictionaries(st.from_regex(r"\AGPU-[0-9a-f]{4,9}\Z"), st.just(1.0), max_size=3).map(
        lambda found: tuple(found.items())
    ),
).filter(lambda one: any(value is not None for value in one[3:-1]))
all_pages = st.builds(
    JobPage,
    st.from_regex(r"\A[0-9a-f]{16}\Z"),
    st.uuids().map(str),
    *[st.integers(0, 10**9), st.booleans(), *[st.integers(0, 10**9)] * 3],
    st.lists(readings, max_size=5, unique_by=lambda one: one[:3]),
)


def test_each_series_is_in_its_field():
    """What is not there is None, not zero."""
    found = PARSER.parse(TEXT)
    first, second, third = found.readings

    assert ("0123456789abcdef", 9, True) == (found.instance, found.sequence, found.is_watched)
    assert ("7", 1.5, 1e9, 0.5, None) == (
        *(first.job_id, first.cpu_s, first.peak_bytes),
        *(first.stalled_io_s, first.stalled_cpu_s),
    )
    assert ("n1", "2", (("GPU-1", 1.0), ("GPU-2", 0.0))) == second[1:3] + second[-1:]
    assert ("sEKNKTV3WPV500", 4.0, 9.0) == (third.job_id, third.end_age_s, third.end_sequence)


@given(all_pages)
def test_a_page_is_read_as_it_was_written(written):
    """Whatever it holds."""
    found = PARSER.parse(text_of(written))

    assert sorted(written.readings) == sorted(found.readings)
    assert written._replace(readings=()) == found._replace(readings=())


@given(st.data())
def test_a_damaged_page_is_refused_or_read_in_part(data):
    """With one kind of error, and never with a job that is not on it."""
    start = data.draw(st.integers(0, len(TEXT)))
    size = data.draw(st.integers(0, 30))
    new = data.draw(st.text(max_size=5) | st.sampled_from([TEXT, "\n", '"', "}", "e999", "-"]))
    try:
        found = PARSER.parse(TEXT[:start] + new + TEXT[start + size :])
    except PageError:
        return
    assert len(found.readings) <= 4
    assert all(value is None or 0 <= value for one in found.readings for value in one[3:-1])


@pytest.mark.parametrize(
    "line",
    [
        'fructosa_slurm_job_cpus{jobid="7"} 1_0',
        'fructosa_slurm_job_cpus{jobid="7"} NaN',
        'fructosa_slurm_job_cpus{jobid="7"} +Inf',
        'fructosa_slurm_job_cpus{jobid="7"} -1',
        'fructosa_slurm_job_cpus{jobid="7"} 1e999',
        'fructosa_slurm_job_cpus{jobid="7"} 1e30',
        'fructosa_slurm_job_age_seconds{jobid="7",restart="3"} 1e12',
        'fructosa_slurm_job_memory_peak_bytes{jobid="9"} 1e20',
        'fructosa_slurm_job_age_seconds{jobid="9"} -1e20',
        'fructosa_slurm_job_cpus{jobid="7"} 1 1700000000',
        'fructosa_slurm_job_cpus{jobid="7"}',
        'fructosa_slurm_job_cpus{jobid="../7"} 1',
        'fructosa_slurm_job_cpus{jobid=""} 1',
        'fructosa_slurm_job_cpus{job="7"} 1',
        'fructosa_slurm_job_cpus{jobid="7",jobid="8"} 1',
        'fructosa_slurm_job_cpus{jobid="7",restart="x"} 1',
        'fructosa_slurm_job_cpus{jobid="7",resource="io"} 1',
        'fructosa_slurm_job_stalled_seconds_total{jobid="7",resource="disk"} 1',
        'fructosa_slurm_job_stalled_seconds_total{jobid="7"} 1',
        'fructosa_slurm_job_gpu_processes{jobid="7",uuid="a b"} 1',
        "fructosa_slurm_job_cpus 1",
        f'fructosa_slurm_job_cpus{{jobid="{"7" * 11}"}} 1',
    ],
)
def test_an_invalid_line_refuses_the_page(line):
    """A page that is damaged in one place may be damaged in others."""
    with pytest.raises(PageError, match="invalid line"):
        PARSER.parse(f"{TEXT}{line}\n")


def test_a_sample_that_is_there_twice_refuses_the_page():
    """Which of them is true is unknown."""
    with pytest.raises(PageError, match="twice"):
        PARSER.parse(f'{TEXT}fructosa_slurm_job_cpu_seconds_total{{jobid="7"}} 3\n')


def test_series_that_are_not_known_are_ignored():
    """Also those of a later lagent, whatever their labels are."""
    more = (
        'up{a="} "} 1\nfructosa_slurm_job_new{jobid="7",x="}"} 1\n'
        'fructosa_slurm_job_newer{jobid="9"} 1\n# TYPE x counter\n\nfructosa_slurm_jobs_new 1\n'
    )

    assert PARSER.parse(TEXT) == PARSER.parse(TEXT + more)


def test_labels_are_found_in_any_order():
    """Prometheus gives them no order."""
    name, rest = "fructosa_slurm_job_stalled_seconds_total", 'slurmd="n1",jobid="8"'
    lines = (
        f'{name}{{resource="io",restart="2",{rest}}} 7\n'
        f'{name}{{restart="2",resource="cpu",{rest}}} 6\n'
    )

    found = PARSER.parse(TEXT + lines).readings[1]

    assert (8, 7, 6) == (int(found.job_id), found.stalled_io_s, found.stalled_cpu_s)


def test_an_age_below_zero_is_zero():
    """The node's clock was set back by a little between two of its looks."""
    found = PARSER.parse(
        f'{TEXT}fructosa_slurm_job_age_seconds{{jobid="8",slurmd="n1",restart="2"}} -0.2\n'
    )

    assert 0.0 == found.readings[1].age_s


def test_a_page_without_its_first_line_is_none():
    """As of an agent whose sensor is off, or of another exporter."""
    with pytest.raises(PageError, match="not a page of jobs"):
        PARSER.parse("up 1\n")


def test_a_page_that_was_cut_is_refused():
    """In a number it would be another number."""
    with pytest.raises(PageError, match="cut"):
        PARSER.parse(TEXT[:-2])


def test_a_page_has_a_limit_of_jobs_and_of_bytes(monkeypatch):
    """An agent must not fill lmaster's memory."""
    with pytest.raises(PageError, match="more than"):
        PARSER.parse(text_of(page(*[reading(n, cpus=1.0) for n in range(pages.MOST_JOBS + 1)])))
    monkeypatch.setattr(pages, "MOST_BYTES", 100)
    with pytest.raises(PageError, match="larger"):
        PARSER.parse(TEXT)


def test_remembered_labels_are_bounded(monkeypatch):
    """Millions of jobs pass in a year."""
    monkeypatch.setattr(pages, "_MOST_REMEMBERED", 3)
    parser = JobPageParser()

    for number in range(10):
        parser.parse(text_of(page(reading(number, cpus=1.0))))

    assert len(parser._labels) <= 3


@pytest.mark.parametrize("number", ["1e99", "9007199254740993.5", "999999999999999e2"])
def test_a_number_that_nothing_can_store_is_refused(number):
    """It would reach the archive with the agent."""
    text = re.sub("(jobs_sequence) .*", rf"\1 {number}", TEXT)

    with pytest.raises(PageError, match="jobs_sequence"):
        PARSER.parse(text)


def test_endless_labels_are_refused():
    """To take them apart would keep all else waiting."""
    labels = 'a="",' * 100_000

    with pytest.raises(PageError, match="invalid line"):
        PARSER.parse(f"{TEXT}fructosa_slurm_job_cpus{{{labels}}} 1\n")
