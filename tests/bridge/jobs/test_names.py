"""Job ids as people write them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.jobs.names import JobName, job_name, written
from fructosa_bridge.model.errors import JobNameError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("123", JobName(123)),
        (" 123\n", JobName(123)),
        ("123_4", JobName(123, task=4)),
        ("123+1", JobName(123, offset=1)),
        ("123.0", JobName(123)),
        ("123.batch", JobName(123)),
        ("123_4.extern", JobName(123, task=4)),
        ("123+0.0", JobName(123, offset=0)),
        ("sEKNKTV3WPV500", JobName(sluid="sEKNKTV3WPV500")),
        ("sEKNKTV3WPV500.0", JobName(sluid="sEKNKTV3WPV500")),
    ],
)
def test_a_job_has_several_names(text, name):
    """A step stands for its job."""
    assert name == job_name(text)


@pytest.mark.parametrize(
    "text", ["", "abc", "123_", "_4", "123_4+1", "123.", "-1", "123 4", "12345678901", "١٢٣", "s"]
)
def test_anything_else_is_an_error_that_says_what_to_write(text):
    """Rather than a job that was not meant."""
    with pytest.raises(JobNameError, match="write its id"):
        job_name(text)


@given(st.text(max_size=20))
def test_no_text_fails_otherwise(text):
    """Whatever is typed."""
    with suppress(JobNameError):
        job_name(text)


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ((5, 5, None, None, None), "5"),
        ((5, 3, 0, None, None), "3_0"),
        ((6, 6, None, 5, 1), "5+1"),
    ],
)
def test_ids_are_written_as_slurm_writes_them(ids, text):
    """And are read back as that job."""
    assert text == written(*ids)
    assert job_name(text)
