"""Records of jobs as text for a terminal."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.client.job_records import checked
from fructosa_bridge.client.job_report import MORE_RUNS, NOT_KNOWN, report
from fructosa_bridge.client.job_table import table
from fructosa_bridge.job_archive.record import record
from fructosa_bridge.job_archive.views import RunView
from fructosa_bridge.slurm_output.vocabulary import JOB_STATES

from ..job_archive.filled import view_of
from ..jobs.known_jobs import T0

DOCS = Path(__file__).parents[3] / "docs" / "jobs.md"
VIEW = view_of()
LATER_S = T0 + 40 * 86400
UUIDS = tuple(f"GPU-5e8b1d0c-0000-4000-8000-00000000000{n}" for n in (1, 2))
NOTHING = VIEW._replace(
    **dict.fromkeys(
        (
            *("user", "account", "partition", "name", "state", "exit_code", "reason", "gpus"),
            *("start_s", "end_s", "cpus", "cpu_s", "memory_limit_bytes", "energy_joules"),
            *("memory_own_max_bytes", "memory_peak_bytes"),
        )
    ),
    nodes=(),
    coverage=0.0,
)

FAILED = """\
Job 7 of c1, run 2: FAILED, exit code 1:0 (NonZeroExitCode)
name       job
user       ada (account physics)
partition  batch
nodes      n[1-3]
time       100 s, from 15 Jan 08:00:00 to 08:01:40
CPU        4 CPUs, 100 s of CPU time, 25% of what it had
memory     at least 2.8 GiB and at most 3.7 GiB; limit 7.5 GiB
GPUs       GPU-5e8b1d0c-0000-4000-8000-000000000001
           GPU-5e8b1d0c-0000-4000-8000-000000000002
energy     1 kWh
runs       2 are known; --all shows all
coverage   100% of its time is known
notes      n2 was last read 30 s before the end
           n3: the kernel killed 2 processes as the job's memory was full"""

UNKNOWN = f"""\
Job 7 of c1: state unknown
name       ?
user       ?
partition  ?
nodes      ?
time       ?
CPU        ? CPUs; {NOT_KNOWN}
memory     {NOT_KNOWN}
GPUs       ?
energy     ?
coverage   0% of its time is known"""


def report_of(view, runs=1, now_s=LATER_S):
    """Return the report on a run."""
    return "\n".join(report(record(view, runs), now_s))


def line(label, view, now_s=LATER_S):
    """Return what the report says in the line with this label, None if it has none."""
    lines = [one for one in report(record(view), now_s) if one.startswith(label)]
    return lines[0].removeprefix(label).strip() if lines else None


def test_the_report_says_what_a_job_had_and_used():
    """Numbers as people read them; what is not known of it at the end."""
    run = VIEW._replace(
        restart=1,
        state="FAILED",
        exit_code="1:0",
        reason="NonZeroExitCode",
        nodes=("n1", "n2", "n3"),
        gpus=UUIDS,
        energy_joules=3.6e6,
        notes=(
            "n2 was last read 30 s before the end",
            "n3: the kernel killed 2 processes as the job's memory was full",
        ),
    )

    assert FAILED == report_of(run, runs=2)


def test_the_example_in_the_docs_is_a_report():
    """What people read there is what they get."""
    run = VIEW._replace(
        cluster="hpc",
        job_id=4711,
        name="train.sh",
        user="alice",
        account="lab",
        partition="gpu",
        state="FAILED",
        exit_code="3:0",
        reason="NonZeroExitCode",
        nodes=("node007", "node008"),
        start_s=T0 + 36_000.0,
        end_s=T0 + 43_200.0,
        cpus=32,
        cpu_s=184_320.0,
        memory_own_max_bytes=41 * 2**30,
        memory_peak_bytes=44 * 2**30,
        memory_limit_bytes=128 * 2**30,
        gpus=UUIDS,
        energy_joules=7.2e6,
    )

    assert f"# lmaster job 4711\n{report_of(run)}\n```" in DOCS.read_text()


def test_energy_is_shown_of_jobs_without_gpus_where_nodes_measure_it():
    """It is that of processors then."""
    assert "1 kWh" == line("energy", VIEW._replace(gpus=(), energy_joules=3.6e6))


def test_what_is_not_known_is_a_question_mark_or_said():
    """It is never left out."""
    assert UNKNOWN == report_of(NOTHING)


@pytest.mark.parametrize(
    ("restart", "runs", "text"),
    [
        (0, 1, "Job 7 of c1: "),
        (0, None, "Job 7 of c1: "),
        (0, 3, "Job 7 of c1, run 1: "),
        (2, 3, "Job 7 of c1, run 3: "),
        (2, 2, "Job 7 of c1, run 3 (1 earlier run is not known): "),
        (3, 2, "Job 7 of c1, run 4 (2 earlier runs are not known): "),
        (1, None, "Job 7 of c1, run 2 (run 1 is not known): "),
    ],
)
def test_of_a_requeued_job_it_says_which_run_it_is(restart, runs, text):
    """And how many before it are not known: they may have expired."""
    assert report_of(VIEW._replace(restart=restart), runs).startswith(text)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"state": "RUNNING", "end_s": None}, "2 h, from 15 Jan 08:00"),
        ({"state": "RUNNING", "end_s": None, "start_s": T0 + 9000.0}, "0 s, from 15 Jan 10:30:00"),
        ({"state": None, "end_s": None}, "?, from 15 Jan 08:00:00"),
        ({"state": "REQUEUED", "end_s": None}, "?, from 15 Jan 08:00:00"),
        ({"state": "COMPLETED", "end_s": None}, "?, from 15 Jan 08:00:00"),
        ({"state": None}, "100 s, from 15 Jan 08:00:00 to 08:01:40"),
        ({"start_s": None}, "?"),
    ],
)
def test_only_of_a_run_that_goes_on_the_time_goes_on(changes, text):
    """If its end is not known, neither is its time."""
    assert text == line("time", VIEW._replace(**changes), T0 + 7200)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "4 CPUs, 100 s of CPU time, 25% of what it had"),
        ({"coverage": 0.5}, "4 CPUs, 100 s of CPU time, 50% of what it had"),
        ({"coverage": 0.0}, "4 CPUs, 100 s of CPU time"),
        ({"cpus": 1}, "1 CPU, 100 s of CPU time, 100% of what it had"),
        ({"cpus": None}, "? CPUs, 100 s of CPU time"),
        ({"cpu_s": None}, f"4 CPUs; {NOT_KNOWN}"),
        ({"cpu_s": 0.0}, "4 CPUs, 0 s of CPU time, 0% of what it had"),
    ],
)
def test_the_share_of_cpus_is_that_of_the_known_time(changes, text):
    """What is not known of it is not said."""
    assert text == line("CPU", VIEW._replace(**changes))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"memory_own_max_bytes": None}, "at most 3.7 GiB; limit 7.5 GiB"),
        ({"memory_peak_bytes": None, "memory_limit_bytes": None}, "at least 2.8 GiB"),
        (
            {"memory_peak_bytes": None, "memory_own_max_bytes": None},
            f"{NOT_KNOWN}; limit 7.5 GiB",
        ),
    ],
)
def test_memory_has_bounds(changes, text):
    """The kernel's peak has the page cache in it."""
    assert text == line("memory", VIEW._replace(**changes))


def test_a_job_without_gpus_has_no_lines_about_them():
    """One whose GPUs are not known has."""
    none, unknown = VIEW._replace(gpus=()), VIEW._replace(gpus=None)

    assert [None, None, "?", "?"] == [
        line(label, view) for view in (none, unknown) for label in ("GPUs", "energy")
    ]


def test_only_the_last_of_several_runs_says_how_all_are_shown():
    """If all are shown, nobody needs to know."""
    view = VIEW._replace(restart=1)
    line = f"runs       {MORE_RUNS.format(runs=2)}"

    texts = [
        report_of(view, 2),
        report_of(view, 1),
        "\n".join(report(record(view, 2), T0, of_all=True)),
    ]

    assert [True, False, False] == [line in text for text in texts]


def test_a_state_that_is_not_known_is_said():
    """Whether it has ended may be known."""
    texts = [report_of(VIEW._replace(state=None, end_s=end)) for end in (None, T0)]

    assert ["Job 7 of c1: state unknown", "Job 7 of c1: ended, state unknown"] == [
        text.partition("\n")[0] for text in texts
    ]


def test_long_texts_are_wrapped_at_80_columns():
    """Node sets at commas; nothing is left out."""
    nodes = tuple(f"node{number:03}" for number in range(1, 400, 7))
    long = VIEW._replace(
        nodes=nodes, name="a long name " * 20, reason="x" * 200, notes=("many words " * 20,)
    )

    text = report_of(long)
    lines = text.splitlines()
    at = [number for number, one in enumerate(lines) if one.startswith(("nodes", "time"))]

    assert max(map(len, lines)) <= 80
    assert 200 == text.count("x")
    sets = "".join(one[11:] for one in lines[at[0] : at[1]])
    assert f"node[{','.join(name[4:] for name in nodes)}]" == sets


def test_texts_cannot_control_the_terminal_or_break_the_table():
    """Users write any name, Slurm cuts none."""
    evil = "a\x1b[2J\r\n\x9b\u202eb\ud800" + "x" * 2000
    run = VIEW._replace(name=evil, user=evil, partition=evil, state=evil, notes=(evil,))

    lines = [*table([record(run)], T0), *report(record(run), T0)]

    assert all(map(str.isprintable, lines))
    assert max(map(len, lines)) <= 185
    assert "a [2J" in lines[1]


_TEXT = st.text(st.characters(), max_size=40) | st.just("x" * 1024)
_TIMES = st.none() | st.integers(0, 10**18).map(float) | st.integers(T0, T0 + 10**6).map(float)
_FLOATS = st.none() | st.floats(0, allow_nan=False)
_COUNTS = st.none() | st.integers(0, 10**18)
_FIELDS = {
    **dict.fromkeys(("cluster",), _TEXT),
    **dict.fromkeys(
        ("user", "account", "partition", "qos", "name", "exit_code", "reason", "sluid"),
        st.none() | _TEXT,
    ),
    **dict.fromkeys(("job_id", "restart"), st.integers(0, 2**32)),
    **dict.fromkeys(("array_job_id", "array_task", "het_job_id", "het_offset"), _COUNTS),
    **dict.fromkeys(("uid", "cpus", "gpu_count", "memory_asked_bytes"), _COUNTS),
    **dict.fromkeys(("start_s", "end_s", "time_limit_s"), _TIMES),
    "submit_s": st.integers(-1, 10**18),
    "state": st.none() | st.sampled_from(sorted(JOB_STATES)) | _TEXT,
    "nodes": st.lists(st.from_regex(r"[\w.-]{0,8}[0-9]{0,3}") | _TEXT, max_size=5).map(tuple),
    "notes": st.lists(_TEXT, max_size=3).map(tuple),
    "gpus": st.none() | st.lists(_TEXT, max_size=3).map(tuple),
    "is_over": st.booleans(),
    "coverage": st.floats(0, 1),
}
_VIEWS = st.builds(RunView, **{name: _FIELDS.get(name, _FLOATS) for name in RunView._fields})


@given(view=_VIEWS, runs=st.none() | st.integers(1, 10_000), width=st.none() | st.integers(1, 200))
def test_every_record_that_lmaster_makes_can_be_shown(view, runs, width):
    """Whatever Slurm, nodes and users have written into it."""
    made = checked([record(view, runs)])

    lines = [*report(made[0], T0), *table(made, T0, width)]

    assert all(map(str.isprintable, lines))
    assert not any(one.endswith(" ") for one in lines)
