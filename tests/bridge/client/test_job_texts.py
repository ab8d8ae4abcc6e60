"""Texts of a record's figures, which the list and the report share."""

import pytest

from fructosa_bridge.client.job_texts import cpu_percent, elapsed, elapsed_s, or_unknown
from fructosa_bridge.job_archive.record import record

from ..job_archive.filled import view_of
from ..jobs.known_jobs import T0

VIEW = view_of()


def test_what_is_unknown_is_a_question_mark():
    """And what is known cannot control the terminal."""
    assert ["?", "0", "a b"] == [or_unknown(value) for value in (None, 0, "a\x1bb")]


@pytest.mark.parametrize(
    ("changes", "found_s"),
    [
        ({}, 100.0),
        ({"end_s": None, "state": "RUNNING"}, 500.0),
        ({"end_s": None, "state": "COMPLETED"}, None),
        ({"start_s": None}, None),
        ({"end_s": T0 - 10.0}, 0.0),
    ],
)
def test_the_time_of_a_run_goes_on_while_it_does(changes, found_s):
    """Of one whose end is not known it is unknown, and never below zero."""
    one = record(VIEW._replace(**changes))

    assert found_s == elapsed_s(one, T0 + 500.0)
    assert (found_s is None) == (elapsed(one, T0 + 500.0) == "?")


@pytest.mark.parametrize(
    ("changes", "percent"),
    [({}, "25"), ({"coverage": 0.5}, "50"), ({"coverage": 0.0}, None), ({"cpus": None}, None)],
)
def test_the_share_of_cpus_is_that_of_the_known_time(changes, percent):
    """100 s of 4 CPUs in 100 s are a quarter."""
    assert percent == cpu_percent(record(VIEW._replace(**changes)), T0 + 500.0)
