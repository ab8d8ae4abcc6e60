"""squeue: a record for each job, whatever users write into it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import SlurmError
from fructosa_bridge.slurm_output import squeue
from fructosa_bridge.slurm_output.records import JobRecord
from fructosa_bridge.slurm_output.squeue import FIELDS, SEPARATOR, arguments, parse

from .outputs import MARK, recorded
from .record import EVERY_BYTE

OUTPUT = recorded("squeue")
JOBS = parse(OUTPUT, MARK)
BY_NAME = {job.name: job for job in JOBS}
FREE = ("account", "tres_per_job", "tres_per_node", "tres_per_socket", "tres_per_task", "name")
free_text = st.text(st.sampled_from(f"\n{SEPARATOR}\x1e|,= ax10") | st.characters(codec="utf-8"))


def printed(jobs):
    """Return what squeue prints of jobs."""
    count = len(FREE)
    return "".join(
        SEPARATOR.join(job[:-count])
        + SEPARATOR
        + f"{MARK}{SEPARATOR}".join(job[-count:])
        + f"{MARK}\n"
        for job in jobs
    )


def test_the_recorded_output_has_all_jobs():
    """Pending for ten reasons, and in every state that a job gets by itself."""
    assert {
        *("PENDING", "RUNNING", "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED"),
    } == {job.state for job in JOBS}
    assert {
        *("Resources", "Priority", "Dependency", "DependencyNeverSatisfied", "BeginTime"),
        *("Licenses", "JobHeldUser", "JobHeldAdmin", "JobArrayTaskLimit", "PartitionDown"),
        "ReqNodeNotAvail",
    } == {job.reason.partition(",")[0] for job in JOBS if job.state == "PENDING"}
    assert len(JOBS) == len({job.job_id for job in JOBS}) == OUTPUT.count(f"{MARK}\n")


def test_each_value_is_in_its_field():
    """Times are in seconds since 1970, and nothing is cut."""
    job = BY_NAME["running"]

    assert (job.state, job.reason, job.partition) == ("RUNNING", "None", "debug")
    assert (job.user, job.user_id, job.nodes, job.licenses) == ("root", "0", "cpu2", "solver:3")
    assert (job.cpus, job.node_count, job.tasks, job.min_memory) == ("1", "1", "1", "100M")
    assert int(job.submit_time) <= int(job.start_time) == int(job.end_time) - 3600
    assert (job.het_job_id, job.restarts, job.exit_code) == ("N/A", "0", "0")
    assert BY_NAME["requeued"].restarts == "1"
    assert BY_NAME["ten-thousand"].array_task_id == "0-9999"
    assert (BY_NAME["typed"].tres_per_node, BY_NAME["gpus"].tres_per_job) == (
        "gres:gpu:a100:1",
        "gres:gpu:a100:2",
    )
    het = [job for job in JOBS if job.name == "het"]
    assert [("31", "0"), ("31", "1")] == [(job.het_job_id, job.het_job_offset) for job in het]


def test_a_name_may_hold_every_byte():
    """Also newlines, separators, and what looks like the next record."""
    assert EVERY_BYTE.decode(errors="replace") in BY_NAME
    assert "x\n99999\x1f99999\x1fN/A\x1f\x1e\n1\x1f" in BY_NAME
    assert "99999" not in {job.job_id for job in JOBS}


def test_accounts_and_types_of_gpus_may_hold_every_byte_too():
    """Slurm accepts them: a job must not give itself any number of CPUs with them."""
    assert ("a,b\x1fc\n", "1") == (BY_NAME["\n"].account, BY_NAME["\n"].cpus)
    assert BY_NAME["free-type"].tres_per_node == "gres:gpu:a\x1fb:2"


def test_it_asks_for_all_jobs_of_all_partitions_with_fields_that_cut_nothing():
    """Width 0 is the width of the value."""
    *options, fields = arguments(MARK)

    assert ["-h", "-a", "-t", "all", "-O"] == options
    assert list(FIELDS) == [field.partition(":")[0] for field in fields.split(",")]
    assert all(field.partition(":")[2].startswith("0") for field in fields.split(","))


def test_no_jobs_are_no_records():
    """The reader decides whether to believe it."""
    assert [] == parse("", MARK)


@given(st.lists(st.tuples(st.integers(1, 10**8), *[free_text] * 6), max_size=3))
def test_whatever_users_write_each_job_is_read_as_it_is(rows):
    """No record that is not there, and no field of another."""
    jobs = [
        JOBS[0]._replace(job_id=str(number), **dict(zip(FREE, texts, strict=True)))
        for number, *texts in rows
    ]
    assert jobs == parse(printed(jobs), MARK)


@given(st.integers(0, len(OUTPUT) - 1))
def test_output_that_was_cut_is_an_error_or_the_first_jobs(end):
    """Never a job with a part of its fields."""
    try:
        found = parse(OUTPUT[:end], MARK)
    except SlurmError:
        return
    assert JOBS[: len(found)] == found


@given(st.data())
def test_lost_and_repeated_lines_give_an_error_or_true_records(data):
    """A line is no record: names hold newlines."""
    lines = OUTPUT.splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 1))
    times = data.draw(st.sampled_from([0, 2]))
    damaged = "".join([*lines[:place], *[lines[place]] * times, *lines[place + 1 :]])
    try:
        found = parse(damaged, MARK)
    except SlurmError:
        return
    known = [{job[:-1] for job in JOBS}, {job.name for job in JOBS}]
    unknown = [job for job in found if job[:-1] not in known[0] and job.name not in known[1]]
    assert [] == unknown


@given(st.integers(0, len(OUTPUT)), st.binary(max_size=20))
def test_inserted_bytes_give_an_error_or_jobs(place, inserted):
    """Never another exception."""
    damaged = OUTPUT[:place] + inserted.decode(errors="replace") + OUTPUT[place:]
    try:
        found = parse(damaged, MARK)
    except SlurmError:
        return
    assert all(isinstance(job, JobRecord) and job.job_id.isdecimal() for job in found)
    assert abs(len(found) - len(JOBS)) <= 1


@given(st.text())
def test_any_other_text_is_an_error(text):
    """Warnings in the place of jobs, for instance."""
    with pytest.raises(SlurmError, match="squeue: record 1 is not a valid job"):
        parse(text or "x", MARK)


@pytest.mark.parametrize(
    "record", [f"{SEPARATOR * 200_000}{MARK}\n", f"{MARK}{SEPARATOR}" * 50_000]
)
def test_damage_is_found_in_one_pass(record):
    """Also a record of separators alone."""
    with pytest.raises(SlurmError, match="record 1 is not a valid job"):
        parse(record, MARK)


def test_the_message_says_which_record_and_how_it_begins():
    """But not all of it."""
    text = OUTPUT + "slurm_load_jobs error: " + "x" * 1000

    with pytest.raises(SlurmError) as raised:
        parse(text, MARK)

    begin = repr(("slurm_load_jobs error: " + "x" * 1000)[:80])
    number = len(JOBS) + 1
    assert squeue.INVALID_RECORD.format(number=number, record=begin) == str(raised.value)


def with_sluids(jobs, sluids):
    """Return what squeue prints of jobs with SLUIDs, as Slurm 25.11 does."""
    texts = printed(jobs).split(f"{MARK}\n")[:-1]
    place = FIELDS.index("Account")
    lines = [text.split(SEPARATOR, place) for text in texts]
    return "".join(
        f"{SEPARATOR.join([*line[:place], sluid, *line[place:]])}{MARK}\n"
        for line, sluid in zip(lines, sluids, strict=True)
    )


def test_a_sluid_is_one_more_field():
    """Before what users write."""
    names = arguments(MARK, has_sluids=True)[-1].split(",")

    assert ["SLUID", "Account"] == [name.partition(":")[0] for name in names[26:28]]


@given(st.lists(st.tuples(st.integers(1, 10**8), *[free_text] * 6), max_size=3))
def test_jobs_are_read_with_their_sluids(rows):
    """A job that has none yet is not one of the texts that stand for it."""
    jobs = [
        JOBS[0]._replace(job_id=str(number), **dict(zip(FREE, texts, strict=True)))
        for number, *texts in rows
    ]
    sluids = ["sEKNKTV3WPV500", "None", "(null)"][: len(jobs)]

    found = squeue.parse_with_sluids(with_sluids(jobs, sluids), MARK)

    expected = {job.job_id: "sEKNKTV3WPV500" for job in jobs[:1]}
    assert jobs == found[0]
    assert len({job.job_id for job in jobs}) < len(jobs) or expected == found[1]


def test_a_job_without_a_sluid_is_an_error_where_it_was_asked_for():
    """Its fields would be shifted."""
    with pytest.raises(SlurmError, match="record 1 is not a valid job"):
        squeue.parse_with_sluids(printed(JOBS[:1]), MARK)
