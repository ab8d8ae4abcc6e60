"""Parameters of a request, as a question for the archive."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.job_archive.look_ups import JobQuery
from fructosa_bridge.job_server.queries import (
    MOST_NODES,
    MOST_RUNS,
    NOT_A_NUMBER,
    NOT_A_STATE,
    NOT_A_TIME,
    NOT_KEPT,
    NOT_READ_YET,
    NOT_RUNS,
    TOO_MANY_NODES,
    UNKNOWN,
    every_run,
    job_query,
    next_reading,
)
from fructosa_bridge.slurm_output.vocabulary import JOB_STATES, STATE_CODES

_NAMES = ("user", "account", "state", "node", "partition", "since", "most")


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({}, JobQuery()),
        ({"user": "ada", "account": "physics"}, JobQuery(user="ada", account="physics")),
        ({"node": "n1", "partition": "gpu"}, JobQuery(nodes=("n1",), partition="gpu")),
        ({"node": "n2,n1,n2"}, JobQuery(nodes=("n2", "n1"))),
        ({"node": "n[1-2]"}, JobQuery(nodes=("n[1-2]",))),
        ({"state": "failed"}, JobQuery(states=("FAILED",))),
        ({"state": "F, to,oom,FAILED"}, JobQuery(states=("FAILED", "TIMEOUT", "OUT_OF_MEMORY"))),
        ({"state": "RQ"}, JobQuery(states=("REQUEUED",))),
        ({"since": "1800000000.5"}, JobQuery(since_s=1_800_000_000.5)),
        ({"since": "0"}, JobQuery(since_s=0.0)),
        ({"most": "1"}, JobQuery(most=1)),
        ({"most": "00010000"}, JobQuery(most=MOST_RUNS)),
        ({"user": "a\udcffb"}, JobQuery(user="a?b")),
    ],
)
def test_each_parameter_is_a_condition(parameters, query):
    """Names are as the archive has them, with ? for what is not valid Unicode."""
    assert query == job_query(parameters)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"uid": "0"}, UNKNOWN.format(name="'uid'", names=", ".join(_NAMES))),
        ({"\x1b[2J": ""}, UNKNOWN.format(name="'\\x1b[2J'", names=", ".join(_NAMES))),
        ({"state": "FAILD"}, NOT_A_STATE.format(state="'FAILD'", hint="; did you mean FAILED?")),
        ({"state": "R,X"}, NOT_A_STATE.format(state="'X'", hint="")),
        ({"state": "R,pd"}, NOT_KEPT.format(state="PENDING")),
        ({"state": "REQUEUE_HOLD"}, NOT_KEPT.format(state="REQUEUE_HOLD")),
        (
            {"node": "n," * MOST_NODES},
            "node " + TOO_MANY_NODES.format(count=MOST_NODES + 1, most=MOST_NODES),
        ),
        ({"state": ""}, NOT_A_STATE.format(state="''", hint="")),
        *(({"since": text}, NOT_A_TIME) for text in ("", "-1", "nan", "inf", "1e11", "today")),
        *(
            ({"most": text}, NOT_A_NUMBER.format(most=MOST_RUNS))
            for text in ("", "0", "-1", "1.5", "10001", "٣", "0000100001", "00001" + "0" * 5000)
        ),
    ],
)
def test_anything_else_is_an_error_that_says_what_to_write(parameters, message):
    """In one line without control characters, as it is for a terminal."""
    with pytest.raises(ValueError, match=r".") as error:
        job_query(parameters)

    assert message == str(error.value)
    assert message.isprintable()


_TEXTS = st.text(st.characters(), max_size=20) | st.sampled_from(
    ["FAILED", "running", "1e400", "1_0", "10000", "9" * 5000]
)


@given(st.dictionaries(st.sampled_from(_NAMES) | st.text(max_size=5), _TEXTS, max_size=4))
def test_whatever_is_asked_is_a_bounded_question_or_an_error(parameters):
    """No other exception, and nothing that SQLite cannot take."""
    try:
        query = job_query(parameters)
    except UnicodeError:
        raise
    except ValueError:
        return

    assert 1 <= query.most <= MOST_RUNS
    assert query.uid is None
    for text in (query.user, query.account, *query.states, *query.nodes, query.partition):
        assert text is None or text.encode().decode() == text
    assert query.since_s is None or 0 <= query.since_s < 1e11


@given(st.integers(-(10**6), 10**30))
def test_only_numbers_of_the_range_are_taken(number):
    """At most as many runs as are answered at once."""
    found = None
    with suppress(ValueError):
        found = job_query({"most": str(number)}).most

    assert found == (number if 1 <= number <= MOST_RUNS else None)


@pytest.mark.parametrize(("parameters", "found"), [({}, False), ({"runs": "all"}, True)])
def test_all_runs_of_a_job_may_be_asked_for(parameters, found):
    """Instead of its last one."""
    assert found == every_run(parameters)


def test_no_other_runs_can_be_asked_for():
    """The error says what can."""
    with pytest.raises(ValueError, match=NOT_RUNS.format(text="'2'")):
        every_run({"runs": "2"})


def test_what_is_not_there_may_come_with_the_next_reading_of_slurm():
    """It is said when the last one was."""
    assert next_reading(40.4).endswith("was last read 40 s ago")
    assert NOT_READ_YET == next_reading(None)


def test_the_short_names_of_states_stand_for_states_that_are_known():
    """Each for another one, and none is a state itself."""
    assert len(STATE_CODES) == len(set(STATE_CODES.values()) & JOB_STATES)
    assert set() == STATE_CODES.keys() & JOB_STATES
