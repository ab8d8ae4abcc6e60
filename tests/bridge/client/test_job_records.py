"""Records of jobs in an answer, which may be of another version, or of another program."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.client import job_report, job_table
from fructosa_bridge.client.job_records import NO_RECORDS, checked
from fructosa_bridge.job_archive.record import record

from ..job_archive.filled import view_of
from ..jobs.known_jobs import T0

RECORD = record(view_of())


def test_records_are_as_they_were_answered():
    """Also with fields that a later lmaster adds."""
    found = [RECORD | {"later": {}}, RECORD]

    assert found == checked(json.loads(json.dumps(found)))


@pytest.mark.parametrize(
    "found",
    [
        None,
        {},
        "[]",
        [None],
        [[]],
        [{}],
        [{name: value for name, value in RECORD.items() if name != "coverage"}],
        [RECORD | {"id": 7}],
        [RECORD | {"start": "soon"}],
        [RECORD | {"end": 5}],
        [RECORD | {"cpus": "4"}],
        [RECORD | {"cpus": 10**400}],
        [RECORD | {"coverage": None}],
        [RECORD | {"cpu_seconds": float("nan")}],
        [RECORD | {"cpu_seconds": float("inf")}],
        [RECORD | {"nodes": None}],
        [RECORD | {"nodes": "n1"}],
        [RECORD | {"notes": [1]}],
        [RECORD | {"gpus": {}}],
    ],
)
def test_anything_else_is_an_error(found):
    """Rather than a failure while it is printed."""
    with pytest.raises(ValueError, match=NO_RECORDS):
        checked(found)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["0001-01-01T00:00:00+23:59", "9999-12-31", "2026-11-03T14:00:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(RECORD)), _JSON, max_size=3))
def test_what_is_not_refused_can_be_shown(changes):
    """In lines that do not control a terminal."""
    found = [RECORD | changes]
    try:
        checked(found)
    except ValueError:
        return

    lines = [*job_table.table(found, T0, 80), *job_report.report(found[0], T0)]
    assert all(map(str.isprintable, lines))
