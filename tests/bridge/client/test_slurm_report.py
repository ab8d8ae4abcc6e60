"""What lmaster reports of Slurm, as text for a terminal."""

import json
import re
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.client.slurm_report import NOT_CONFIGURED, parse, report
from fructosa_bridge.slurm.summary import summary
from fructosa_service.errors import UsageError
from tests.bridge.slurm.small_cluster import NOW_S, READING, SAMPLES, STATES

EXPECTED = """\
lab (Slurm 22.05.8): slurmctld responds; read 12 s ago in 70 ms

PARTITION  STATE  NODES    CPUS    GPUS  RUNNING  PENDING  OLDEST WAIT
debug      up         4  3 of 8  1 of 4        1       11       60 min
small      down       1  0 of 4  0 of 2        0        0
all                   4  3 of 8  1 of 4        1       11

NODES BY STATE
down     1
drained  1
idle     1
mixed    1

NODES THAT TAKE NO JOBS
down     1  n4               should be up  Not responding
drained  1  n3  since 20:13                bad DIMM

PENDING JOBS BY REASON
JobHeldUser  10
Resources    1

PENDING JOBS THAT COULD START NEED
CPUs   8
nodes  1

RESERVATIONS
weekly  2 nodes  active  22:13 to 23:13  MAINT

LICENSES
matlab  1 of 3 used

JOBS THAT FAILED ON ONE NODE
n4  2

SCHEDULER
main                            last cycle 2 ms
backfill                        began 42 s ago
records for slurmdbd that wait  7"""


def text(problems=(), is_up=True, reading=READING, samples=SAMPLES):
    """Return the report of a small cluster, 12 s after its reading."""
    found = summary(reading, STATES, samples, dict(problems), is_up=is_up)
    return "\n".join(report(parse(json.dumps(found)), NOW_S + 12))


def test_the_report_fits_a_terminal_and_says_what_a_person_looks_for():
    """Partitions, nodes that take no jobs and why, the queue by reason, the scheduler."""
    assert EXPECTED == text()
    assert max(map(len, text().splitlines())) <= 100


def test_what_is_unknown_is_a_question_mark():
    """Zero jobs would be a lie."""
    unknown = text(
        [("squeue", "squeue is denied")],
        reading=replace(READING, jobs=None, nodes=None),
        samples={},
    )

    assert "squeue: squeue is denied" in unknown
    assert ["debug", "up", "?", "?", "?", "?"] == unknown.splitlines()[4].split()


@pytest.mark.parametrize(
    ("is_up", "line"),
    [
        (None, "Slurm: not read yet"),
        (False, "Slurm: slurmctld does not respond"),
    ],
)
def test_before_the_first_reading_there_is_one_line(is_up, line):
    """And the problem, if there is one."""
    assert line == text(is_up=is_up, reading=None)


def test_texts_of_slurm_cannot_control_the_terminal():
    """A reason may hold any character."""
    states = {"n3": STATES["n3"]._replace(reason="a\x1b[31mb\nc")}
    found = summary(READING, states, SAMPLES, {}, is_up=True)

    lines = list(report(parse(json.dumps(found)), NOW_S))

    assert any("a [31mb c" in line for line in lines)
    assert all(line.isprintable() for line in lines)


def test_an_lmaster_that_does_not_read_slurm_says_what_to_add():
    """It is not an error of the response."""
    with pytest.raises(UsageError, match=re.escape(NOT_CONFIGURED)):
        parse('{"is_configured": false}')


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(key=st.sampled_from(sorted(summary(READING, STATES, SAMPLES, {}, is_up=True))), value=_JSON)
def test_a_damaged_response_is_reported_as_such(key, value):
    """No other exception."""
    found = summary(READING, STATES, SAMPLES, {}, is_up=True) | {key: value}

    with suppress(ValueError, UsageError):
        list(report(parse(json.dumps(found)), NOW_S))
