"""The words that become labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.slurm_output import scontrol, squeue, vocabulary
from fructosa_bridge.slurm_output.vocabulary import (
    ENDED,
    FAILED,
    JOB_STATES,
    NODE_BASE_STATES,
    NODE_FLAGS,
    OTHER,
    job_state,
    reason,
)

from .outputs import MARK, WRITTEN, recorded


def test_states_are_in_lower_case_and_unknown_ones_are_other():
    """Also states of the future, and what is no state at all."""
    assert {state.lower() for state in JOB_STATES} == {job_state(state) for state in JOB_STATES}
    assert {OTHER} == {job_state(text) for text in ("", "RUNNING ", "running", "TELEPORTED")}


def test_what_failed_has_ended():
    """And what has ended is a state."""
    assert FAILED < ENDED < JOB_STATES
    assert "CANCELLED" not in FAILED


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("Priority", "Priority"),
        ("ReqNodeNotAvail, UnavailableNodes:n[1-3]", "ReqNodeNotAvail"),
        ("Resources,Priority", "Resources"),
        ("Nodes required for job are DOWN, DRAINED or reserved", "ReqNodeNotAvail"),
        ("launch failed requeued held", "JobHeldAdmin"),
        ("job requeued in held state", "JobHeldUser"),
        ("AssocGrpCpuLimit", "AssocGrpCpuLimit"),
        ("AssocGrpCPURunMinutesLimit", "AssocGrpCPURunMinutesLimit"),
        ("QOSMaxGRESPerUser", "QOSMaxGRESPerUser"),
        ("QOSMaxJobsPerUserLimit", "QOSMaxJobsPerUserLimit"),
        ("QOSMinCpuNotSatisfied", "QOSMinCpuNotSatisfied"),
        ("MaxCpuPerAccount", "MaxCpuPerAccount"),
        ("QOSMaxBeerPerUser", OTHER),
        ("priority", OTHER),
        ("Priority2", OTHER),
        ("", OTHER),
    ],
)
def test_a_reason_is_the_first_word_that_slurm_gives(text, known):
    """Without details, which would be a series each; unknown ones are other."""
    assert known == reason(text)


@given(st.text())
def test_whatever_slurm_prints_the_vocabulary_is_bounded(text):
    """A text becomes a label only if it is one of the known words."""
    assert job_state(text) in {state.lower() for state in JOB_STATES} | {OTHER}
    found = reason(text)
    assert found == OTHER or found in vocabulary._REASONS or vocabulary._LIMIT.fullmatch(found)


@pytest.mark.parametrize("length", [1_000, 100_000])
def test_a_long_reason_is_looked_at_once(length):
    """No pattern looks at it again and again: this would take minutes."""
    assert OTHER == reason("QOSMax" + "CpuPerUser" * length)
    assert OTHER == reason("AssocGrp" * length)


def test_all_words_of_recorded_and_written_outputs_are_known():
    """Of Slurm 22.05 to 25.11."""
    jobs = squeue.parse(recorded("squeue"), MARK)
    pages = [recorded("scontrol"), *((folder / "scontrol").read_text() for folder in WRITTEN)]
    nodes = [node for page in pages for node in scontrol.parse(page).nodes]

    assert set() == {job.state for job in jobs if job_state(job.state) == OTHER}
    assert set() == {job.reason for job in jobs if reason(job.reason) == OTHER}
    assert {node.base_state for node in nodes} <= NODE_BASE_STATES
    assert {"?"} == {flag for node in nodes for flag in node.flags} - NODE_FLAGS
