"""A run: what Slurm says of it."""

import pytest

from fructosa_bridge.jobs.names import RunKey
from fructosa_bridge.jobs.runs import JobRun, exit_code, limit_s, memory_bytes

from .known_jobs import T0, record


def run_of(*records):
    """Return a run of which Slurm has said this, one after another."""
    run = JobRun(RunKey("c1", 7, T0, 0))
    for one in records:
        run.take(one)
    return run


def test_what_slurm_does_not_say_is_none():
    """Not its words for nothing."""
    run = run_of(record(account="(null)", qos="N/A", tres="", time_limit="UNLIMITED"))

    assert (None, None, None, None) == (
        *(run.account, run.qos, run.memory_asked_bytes, run.time_limit_s),
    )


def test_a_task_and_a_part_have_ids_as_people_write_them():
    """All pending tasks of an array are no task."""
    assert "20_1" == run_of(record(21, array_job_id=20, array_task_id=1)).id
    assert "31+1" == run_of(record(32, het_job_id=31, het_job_offset=1)).id
    assert "7" == run_of(record(7, array_job_id=20, array_task_id="1-5")).id


def test_nodes_that_are_given_back_belong_to_the_run():
    """While it completes, squeue lists only those that are not done."""
    running = record(nodes="n[1-3]")
    completing = running._replace(state="COMPLETING", nodes="n3")
    resized = running._replace(nodes="n[3-4]")

    assert ("n1", "n2", "n3") == run_of(running, completing).nodes
    assert ("n1", "n2", "n3", "n4") == run_of(running, resized).nodes


def test_the_start_moves_while_nodes_boot():
    """Then Slurm sets it anew; the run is the same."""
    assert T0 + 300 == run_of(record(state="CONFIGURING"), record(start_s=T0 + 300)).start_s


def test_an_end_is_never_before_the_start():
    """Clocks are set."""
    run = run_of(record(7, T0, T0 - 5, "FAILED"))

    assert T0 == run.end_s


def test_a_name_is_cut_and_a_damaged_list_of_nodes_is_ignored():
    """Users write any name."""
    run = run_of(record(name="x" * 10**6), record(nodes="n[1-"))

    assert (1024, ("n1",)) == (len(run_of(record(name="x" * 10**6)).name), run.nodes)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1:00", 60), ("1:00:00", 3600), ("1-02:03:04", 93784), ("UNLIMITED", None), ("", None)],
)
def test_limits_of_time(text, seconds):
    """As squeue writes them."""
    assert seconds == limit_s(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("cpu=1,mem=100M,node=1,billing=1", 100 * 2**20),
        ("mem=1.50G", 3 * 2**29),
        ("cpu=1,mem=7K", 7 * 2**10),
        ("cpu=1", None),
        ("gres/gpumem=5G", None),
        ("", None),
    ],
)
def test_memory_that_was_allotted(text, number):
    """Of the list of TRES; without a unit it is in MiB."""
    assert number == memory_bytes(text)


@pytest.mark.parametrize(
    ("status", "code"), [("0", "0:0"), ("768", "3:0"), ("15", "0:15"), ("137", "0:9"), ("x", None)]
)
def test_exit_codes_are_code_and_signal(status, code):
    """As sacct writes them; 128 is the flag of a core dump."""
    assert code == exit_code(status)


def test_a_run_knows_its_nodes_however_many_they_are():
    """Also if it gets more."""
    few, many = run_of(record(nodes="n[1-3]")), run_of(record(nodes="n[1-5000]"))
    before = many.has_node("n5001")
    many.take(record(nodes="n[1-5001]"))

    assert (True, False) == (few.has_node("n3"), few.has_node("n4"))
    assert (False, True, False) == (before, many.has_node("n5001"), many.has_node("x"))
