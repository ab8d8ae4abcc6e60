"""sacct: a record for each run that has ended, whatever users write into it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.jobs.runs import JobRun, RunKey
from fructosa_bridge.model.errors import SlurmError
from fructosa_bridge.slurm_output import squeue
from fructosa_bridge.slurm_output.records import JobRecord
from fructosa_bridge.slurm_output.sacct import FIELDS, MORE_FIELDS, EndedJob, arguments, parse

from .outputs import HERE, MARK, recorded
from .record import EVERY_BYTE

OUTPUT = recorded("sacct")
JOBS = parse(OUTPUT, MARK)
WRITTEN = (HERE / "written" / "25.11" / "sacct").read_text()
free_text = st.text(st.sampled_from("\n\x1f\x1e|,= ax10") | st.characters(codec="utf-8"))
_PLACE = FIELDS.index


def printed(rows):
    """Return what sacct prints of rows of fields."""
    return "".join("".join(f"{value}{MARK}" for value in row) + "\n" for row in rows)


def by_name(name):
    """Return the runs of a job with this name, the first one first."""
    found = [job.record for job in JOBS if job.record.name == name]
    return sorted(found, key=lambda record: int(record.start_time))


def test_all_runs_that_ended_are_asked_for():
    """Of all users, one line each, in fields that are not cut, in seconds and bytes as stored."""
    options = arguments(MARK, 1000.9, 4600.1)

    assert ["-a", "-X", "-D", "-n", "-p", "--noconvert"] == options[:6]
    assert ["-S", "uts1000", "-E", "uts4600"] == options[7:11]
    assert f"--delimiter={MARK}" == options[6]
    assert ",".join(FIELDS) == options[-1]
    more = arguments(MARK, 0, 1, has_more=True)[-1].split(",")
    assert [*MORE_FIELDS, *FIELDS] == more


def test_each_value_is_in_its_field():
    """As squeue prints it."""
    (failed,) = by_name("failed")

    assert ("FAILED", "768", "debug", "root", "0") == (
        *(failed.state, failed.exit_code, failed.partition, failed.user, failed.user_id),
    )
    assert ("cpu1", "1", "100M", "N/A", "N/A") == (
        *(failed.nodes, failed.cpus, failed.min_memory, failed.array_task_id, failed.het_job_id),
    )
    assert int(failed.submit_time) <= int(failed.start_time) <= int(failed.end_time)
    assert ["CANCELLED"] == [job.state for job in by_name("cancelled")]
    array = [(job.array_job_id, job.array_task_id, job.cpus) for job in by_name("array")]
    assert [("5", "1", "2"), ("5", "2", "2"), ("5", "3", "2")] == array
    het = [(job.het_job_id, job.het_job_offset) for job in by_name("het")]
    assert [("11", "0"), ("11", "1")] == het
    assert ["2"] == [str(job.gpus) for job in by_name("typed")]
    assert [""] == [job.nodes for job in by_name("never")]


def test_each_run_of_a_job_is_there():
    """With its own submission; how often it was requeued is not said before 25.11."""
    first, second = by_name("requeued")

    assert first.job_id == second.job_id
    assert ["REQUEUED", "CANCELLED"] == [first.state, second.state]
    assert int(first.submit_time) < int(second.submit_time)
    assert "" == first.restarts


def test_a_run_is_the_same_as_of_squeue():
    """Id, submission, start, end, user and all that is archived of it."""
    of_squeue = {
        (job.job_id, job.submit_time): job
        for job in squeue.parse(recorded("sacct-squeue"), MARK)
        if job.state in ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED") and job.nodes
    }
    of_sacct = {(job.record.job_id, job.record.submit_time): job.record for job in JOBS}

    assert of_squeue
    for key, job in of_squeue.items():
        assert archived(job) == archived(of_sacct[key])


def archived(record):
    """Return what a run takes from a record, but for what Slurm's accounting has otherwise.

    It has no signal of jobs that were cancelled, and no bytes beyond ASCII in names.
    """
    run = JobRun(RunKey("c", 1, 1, 0))
    run.take(record)
    names = set(JobRun.__slots__) - {"reason", "qos", "account"}
    names -= {"exit_code"} if record.state == "CANCELLED" else set()
    names -= {"name"} if "\ufffd" in record.name or "???" in record.name else set()
    return {name: getattr(run, name) for name in sorted(names)}


def test_a_name_may_hold_every_byte():
    """Also newlines, separators, and what looks like the next record.

    The database of slurmdbd has a question mark for each byte that is not ASCII, and other quotes.
    """
    assert by_name(EVERY_BYTE[:127].decode().replace('"', "`") + "?" * 128)
    assert by_name("x\n99999\x1e\x1e\n1\x1f|")
    assert "99999" not in {job.record.job_id for job in JOBS}


def test_newer_versions_have_restarts_and_sluids():
    """Written from public facts: there is no recorded output of them."""
    jobs = parse(WRITTEN.replace("<mark>", MARK), MARK, has_more=True)

    assert [("0", "sEKNKTV3WPV500"), ("1", None)] == [
        (job.record.restarts, job.sluid) for job in jobs
    ]


def test_no_jobs_are_no_records():
    """Nothing ended in that hour."""
    assert [] == parse("", MARK)


@given(st.lists(st.tuples(st.integers(1, 10**8), free_text, free_text), max_size=3))
def test_whatever_users_write_each_run_is_read_as_it_is(rows):
    """No record that is not there, and no field of another."""
    values = [
        [str(number), str(number), *"0" * (len(FIELDS) - 4), account, name]
        for number, account, name in rows
    ]

    found = parse(printed(values), MARK)

    assert [(str(number), account, name) for number, account, name in rows] == [
        (job.record.job_id, job.record.account, job.record.name) for job in found
    ]


@given(st.integers(0, len(OUTPUT) - 1))
def test_output_that_was_cut_is_an_error_or_the_first_runs(end):
    """Never a run with a part of its fields."""
    try:
        found = parse(OUTPUT[:end], MARK)
    except SlurmError:
        return
    assert JOBS[: len(found)] == found


@given(st.integers(0, len(OUTPUT)), st.binary(max_size=20))
def test_inserted_bytes_give_an_error_or_runs(place, inserted):
    """Never another exception."""
    damaged = OUTPUT[:place] + inserted.decode(errors="replace") + OUTPUT[place:]
    try:
        found = parse(damaged, MARK)
    except SlurmError:
        return
    assert all(isinstance(job, EndedJob) and isinstance(job.record, JobRecord) for job in found)


@given(st.text(min_size=1).filter(lambda text: text != "\n"))
def test_any_other_text_is_an_error(text):
    """Warnings in the place of jobs, for instance."""
    with pytest.raises(SlurmError, match="sacct: record 1 is not a valid job"):
        parse(text, MARK)


@pytest.mark.parametrize(
    ("minutes", "limit_s"), [("5", 300), ("1500", 90_000), ("UNLIMITED", None), ("", None)]
)
def test_limits_of_time_are_those_of_squeue(minutes, limit_s):
    """sacct has minutes."""
    row = ["7"] * len(FIELDS)
    row[_PLACE("TimelimitRaw")] = minutes
    (job,) = parse(printed([row]), MARK)
    run = JobRun(RunKey("c", 1, 1, 0))

    run.take(job.record)

    assert limit_s == run.time_limit_s


@pytest.mark.parametrize(
    ("shown", "ids"),
    [
        ("7", ("7", "N/A", "N/A", "N/A")),
        ("5_3", ("5", "3", "N/A", "N/A")),
        ("5_[3-9]", ("5", "[3-9]", "N/A", "N/A")),
        ("5+1", ("7", "N/A", "5", "1")),
    ],
)
def test_tasks_and_parts_have_the_ids_of_squeue(shown, ids):
    """People write the same ones."""
    row = ["7"] * len(FIELDS)
    row[_PLACE("JobID")] = shown
    (job,) = parse(printed([row]), MARK)

    assert ids == job.record[1:5]
