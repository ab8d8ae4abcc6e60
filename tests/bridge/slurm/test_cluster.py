"""From a reading to the samples of the cluster: against values counted by hand."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest

from fructosa_bridge.slurm import cluster
from fructosa_bridge.slurm import metrics as m
from fructosa_bridge.slurm.cluster import samples, unknown_words
from fructosa_bridge.slurm_output import scontrol, sdiag, squeue
from fructosa_bridge.slurm_output.records import (
    LicenseRecord,
    PartitionRecord,
    ReservationRecord,
    SlurmReading,
)
from fructosa_bridge.slurm_states.node_states import USABLE, NodeState, node_state
from fructosa_bridge.web.metrics import registry
from tests.bridge.fake_status import FakeStatus
from tests.bridge.slurm_output.outputs import MARK, recorded

from .small_cluster import NOW_S, job, node

GB = 2**30
PARTITIONS = [PartitionRecord("debug", True, 4), PartitionRecord("gpu", False, 2)]


def of(jobs=None, nodes=None, partitions=PARTITIONS, labels=(), **parts):
    """Return the samples of a reading with these records."""
    reading = SlurmReading(NOW_S, jobs=jobs, nodes=nodes, partitions=partitions, **parts)
    return samples(reading, {one.name: node_state(one, "slurm") for one in nodes or ()}, labels)


def pending(number, waited_s=None, **fields):
    """Return a pending job that has waited so long, or cannot start yet."""
    time = "N/A" if waited_s is None else str(int(NOW_S - waited_s))
    return job(number, "PENDING", **({"eligible_time": time, "reason": "Priority"} | fields))


def above_zero(values):
    """Return the values that are not 0."""
    return {labels: value for labels, value in values.items() if value}


def test_jobs_are_counted_by_partition_and_state_and_once_for_the_cluster():
    """A job that waits in two partitions is in both."""
    found = of(
        [
            job(1, "RUNNING"),
            job(2, "RUNNING", partition="gpu"),
            job(3, "COMPLETED"),
            job(4, "TELEPORTED"),
            pending(5, partition="debug,gpu"),
        ]
    )

    assert {
        ("debug", "running"): 1,
        ("debug", "pending"): 1,
        ("debug", "completed"): 1,
        ("debug", "other"): 1,
        ("gpu", "running"): 1,
        ("gpu", "pending"): 1,
    } == found[m.JOBS]
    assert {("running",): 2, ("pending",): 1, ("completed",): 1, ("other",): 1} == found[
        m.CLUSTER_JOBS
    ]


def test_partitions_without_jobs_have_zeros():
    """Dashboards and alerts need them."""
    found = of([])

    names = [("debug", "pending"), ("debug", "running"), ("gpu", "pending"), ("gpu", "running")]
    assert dict.fromkeys(names, 0) == found[m.JOBS]
    assert {("pending",): 0, ("running",): 0} == found[m.CLUSTER_JOBS]
    assert {("debug",): 0, ("gpu",): 0} == found[m.PENDING_CPUS]
    assert ({}, {}, {(): 0}) == (found[m.WAIT], found[m.OLDEST_WAIT], found[m.WORST_NODE])


def test_each_task_of_a_pending_array_counts():
    """One record may be 10,000 jobs; a task that runs has a record of its own."""
    found = of(
        [
            pending(1, 60, array_task_id="0-9999%4", cpus="2", node_count="1", reason="Resources"),
            job(2, "RUNNING", array_job_id="1", array_task_id="17"),
            pending(3, array_task_id="1-3,7,11-19:4", reason="JobHeldUser"),
        ]
    )

    assert {("pending",): 10_007, ("running",): 1} == found[m.CLUSTER_JOBS]
    assert {("debug", "Resources"): 10_000, ("debug", "JobHeldUser"): 7} == found[m.PENDING_JOBS]
    assert {("debug",): 20_000, ("gpu",): 0} == found[m.PENDING_CPUS]


def test_pending_jobs_are_counted_by_reason():
    """Details are dropped, and unknown reasons are other."""
    found = of(
        [
            pending(1, reason="ReqNodeNotAvail, UnavailableNodes:n1"),
            pending(2, reason="ReqNodeNotAvail", partition="debug,gpu"),
            pending(3, reason="Boredom"),
            job(4, "RUNNING", reason="None"),
        ]
    )

    assert {
        ("debug", "ReqNodeNotAvail"): 2,
        ("debug", "other"): 1,
        ("gpu", "ReqNodeNotAvail"): 1,
    } == found[m.PENDING_JOBS]
    assert {("ReqNodeNotAvail",): 2, ("other",): 1} == found[m.CLUSTER_PENDING_JOBS]


def test_demand_is_what_jobs_ask_for_that_could_start():
    """Not those that are held, wait for others, or begin later."""
    found = of(
        [
            pending(1, 10, cpus="8", node_count="2", tres_per_node="gres:gpu:a100:2"),
            pending(2, 0, cpus="1", partition="debug,gpu", tres_per_job="gres:gpu:3"),
            pending(3, None, cpus="1000", node_count="1000", tres="gres/gpu=1000"),
            pending(4, -60, cpus="1000", node_count="1000", tres="gres/gpu=1000"),
            pending(5, 10, cpus="N/A", node_count="1-2"),
            job(6, "RUNNING", cpus="1000", eligible_time=str(int(NOW_S - 9))),
        ]
    )

    assert {("debug",): 9, ("gpu",): 1} == found[m.PENDING_CPUS]
    assert {("debug",): 7, ("gpu",): 3} == found[m.PENDING_GPUS]
    assert {("debug",): 3, ("gpu",): 1} == found[m.PENDING_NODES]
    assert ({(): 9}, {(): 7}, {(): 3}) == (
        found[m.CLUSTER_PENDING_CPUS],
        found[m.CLUSTER_PENDING_GPUS],
        found[m.CLUSTER_PENDING_NODES],
    )


def test_waits_have_quantiles_in_which_each_task_counts():
    """Nine tasks that wait 100 s, one job that waits an hour; held jobs do not wait."""
    found = of(
        [
            pending(1, 100, array_task_id="1-9"),
            pending(2, 3600),
            pending(3),
            pending(4, -60),
            pending(5, 7, partition="gpu"),
        ]
    )

    assert {
        ("debug", "0.5"): 100,
        ("debug", "0.9"): 100,
        ("gpu", "0.5"): 7,
        ("gpu", "0.9"): 7,
    } == found[m.WAIT]
    assert {("debug",): 3600, ("gpu",): 7} == found[m.OLDEST_WAIT]
    more = of([pending(1, 100, array_task_id="1-8"), pending(2, 3600), pending(3, 3600)])
    assert (100, 3600) == (more[m.WAIT]["debug", "0.5"], more[m.WAIT]["debug", "0.9"])


def test_the_node_on_which_most_jobs_failed_is_counted():
    """Jobs on one node alone, that failed by themselves."""
    failed = [job(n, "FAILED", nodes="n1") for n in range(3)]
    others = [
        job(4, "NODE_FAIL", nodes="n2"),
        job(5, "OUT_OF_MEMORY", nodes="n2"),
        *(job(n, "FAILED", nodes="n[2-3]", node_count="2") for n in range(10, 20)),
        *(job(n, "CANCELLED", nodes="n2") for n in range(20, 30)),
        *(job(n, "FAILED", nodes="") for n in range(30, 40)),
    ]

    assert {(): 3} == of([*failed, *others])[m.WORST_NODE]


def test_users_accounts_and_qos_have_series_on_request():
    """Of running and pending jobs alone."""
    jobs = [
        job(1, "RUNNING", user="ann", account="lab", qos="(null)", cpus="4", tres="gres/gpu=2"),
        job(2, "RUNNING", user="ann", account="", qos="high", cpus="1", tres=""),
        pending(3, 5, user="bob", account="lab", qos="high", array_task_id="1-5", cpus="9"),
        job(4, "FAILED", user="eve", account="lab", qos="high"),
    ]

    found = of(jobs, labels=("users", "accounts", "qos"))

    user_jobs, user_cpus, user_gpus = m.BY_USER
    account_jobs, account_cpus, _ = m.BY_ACCOUNT
    qos_jobs, _, qos_gpus = m.BY_QOS
    assert {("running", "ann"): 2, ("pending", "bob"): 5} == found[user_jobs]
    assert ({("ann",): 5}, {("ann",): 2}) == (found[user_cpus], found[user_gpus])
    assert {("lab", "running"): 1, ("none", "running"): 1, ("lab", "pending"): 5} == found[
        account_jobs
    ]
    assert {("lab",): 4, ("none",): 1} == found[account_cpus]
    assert {("none", "running"): 1, ("high", "running"): 1, ("high", "pending"): 5} == found[
        qos_jobs
    ]
    assert {("none",): 2, ("high",): 0} == found[qos_gpus]
    assert set() == {*m.BY_USER, *m.BY_ACCOUNT, *m.BY_QOS} & of(jobs).keys()


NODES = (
    node(
        "n1", "MIXED", allocated_cpus=3, allocated_memory_bytes=GB // 4, allocated_gpus={"a100": 1}
    ),
    node("n2", "IDLE", partitions=("debug", "gpu"), gpus={"a100": 1, "h100": 4}),
    node("n3", "IDLE", "DRAIN", partitions=("gpu",)),
    node("n4", "MIXED", "DRAIN", allocated_cpus=1, gpus={}, allocated_gpus={"gpu": 0}),
    node("n5", "DOWN", partitions=()),
)


def test_nodes_are_counted_by_state():
    """A node in two partitions is in both, one in none only in the cluster."""
    found = of(nodes=NODES)

    assert {
        ("debug", "mixed"): 1,
        ("debug", "idle"): 1,
        ("debug", "draining"): 1,
        ("gpu", "idle"): 1,
        ("gpu", "drained"): 1,
    } == above_zero(found[m.NODES])
    assert {
        ("mixed",): 1,
        ("idle",): 1,
        ("draining",): 1,
        ("drained",): 1,
        ("down",): 1,
        ("allocated",): 0,
    } == found[m.CLUSTER_NODES]
    assert ("gpu", "down") in found[m.NODES]  # states that alerts need are there, also with 0


def test_resources_are_allocated_idle_or_of_nodes_that_take_no_jobs():
    """What is free on a drained node is not idle."""
    found = of(nodes=NODES)

    assert {
        ("debug", "allocated"): 4,
        ("debug", "idle"): 5,
        ("debug", "other"): 3,
        ("gpu", "allocated"): 0,
        ("gpu", "idle"): 4,
        ("gpu", "other"): 4,
    } == found[m.CPUS]
    assert {("allocated",): 4, ("idle",): 5, ("other",): 11} == found[m.CLUSTER_CPUS]
    assert {("allocated",): GB // 4, ("idle",): 2 * GB - GB // 4, ("other",): 3 * GB} == found[
        m.CLUSTER_MEMORY
    ]
    assert {
        ("allocated", "a100"): 1,
        ("idle", "a100"): 2,
        ("other", "a100"): 4,
        ("idle", "h100"): 4,
    } == above_zero(found[m.CLUSTER_GPUS])
    assert {
        ("debug", "allocated", "a100"): 1,
        ("debug", "idle", "a100"): 2,
        ("debug", "idle", "h100"): 4,
        ("gpu", "idle", "a100"): 1,
        ("gpu", "idle", "h100"): 4,
        ("gpu", "other", "a100"): 2,
    } == above_zero(found[m.GPUS])


def test_what_is_not_there_yet_has_no_processors():
    """FUTURE nodes are counted, their resources are not."""
    found = of(nodes=[node("n1", "FUTURE")])

    assert {("future",): 1} == above_zero(found[m.CLUSTER_NODES])
    assert {} == above_zero(found[m.CLUSTER_CPUS]) == above_zero(found[m.CLUSTER_GPUS])


def test_more_allocated_than_there_is_leaves_nothing_idle():
    """As after slurm.conf was changed."""
    found = of(nodes=[node("n1", "ALLOCATED", allocated_cpus=9)])

    assert {("allocated",): 9, ("idle",): 0, ("other",): 0} == found[m.CLUSTER_CPUS]


def test_partitions_reservations_and_licenses():
    """Reservations count while they are active; more licenses than there are leave none free."""
    found = of(
        reservations=[
            ReservationRecord("now", True, 3, (), None, None),
            ReservationRecord("also", True, 0, (), None, None),
            ReservationRecord("later", False, 9, (), None, None),
        ],
        licenses=[LicenseRecord("a", 10, 3, 2), LicenseRecord("b", 1, 2, 0)],
    )

    assert {("debug",): 1.0, ("gpu",): 0.0} == found[m.PARTITION_UP]
    assert ({(): 2}, {(): 3}) == (found[m.RESERVATIONS], found[m.RESERVED_NODES])
    assert {
        ("a", "used"): 3,
        ("a", "reserved"): 2,
        ("a", "free"): 5,
        ("b", "used"): 2,
        ("b", "reserved"): 0,
        ("b", "free"): 0,
    } == found[m.LICENSES]


def test_the_scheduler_s_figures():
    """As sdiag prints them, in base units."""
    statistics = sdiag.parse(recorded("sdiag"))
    now_s = statistics.values["backfill_last_time_s"] + 12
    found = samples(SlurmReading(now_s, scheduler=statistics), {})

    values = statistics.values
    assert {(): values["dbd_agent_queue_size"]} == found[m.DBD_QUEUE] == found[m.AGENT_QUEUE]
    assert {(): values["server_threads"]} == found[m.SERVER_THREADS]
    assert {(): values["backfilled_jobs"]} == found[m.BACKFILLED]
    assert {(): 12} == found[m.BACKFILL_AGE]
    for metric, name in (
        (m.LAST_CYCLE, "last_cycle_s"),
        (m.MEAN_CYCLE, "mean_cycle_s"),
        (m.MAX_CYCLE, "max_cycle_s"),
        (m.CYCLES, "cycles"),
        (m.QUEUE_LENGTH, "queue_length"),
    ):
        expected = {(one,): values[f"{one}_{name}"] for one in ("main", "backfill")}
        assert expected == found[metric]
    events = ("submitted", "started", "completed", "canceled", "failed")
    assert {(one,): values[f"jobs_{one}"] for one in events} == found[m.EVENTS]
    assert {(one.kind,): one.count for one in statistics.rpcs} == found[m.RPCS]
    assert {(one.kind,): one.total_s for one in statistics.rpcs} == found[m.RPC_SECONDS]


def test_a_part_that_was_not_read_has_no_samples():
    """Rather than zeros; a part of sdiag likewise."""
    assert {} == samples(SlurmReading(NOW_S), {})
    jobs = of([], partitions=None)
    assert {m.JOBS, m.CLUSTER_JOBS} < jobs.keys()
    assert not {m.NODES, m.PARTITION_UP, m.RESERVATIONS, m.LICENSES, m.RPCS} & jobs.keys()


def test_unknown_words_are_named_for_the_log():
    """Those of jobs and of nodes, each once, with controls made visible."""
    reading = SlurmReading(
        NOW_S,
        jobs=[
            *[job(n, "TELE\nPORTED", reason="x") for n in range(3)],
            pending(4, reason="Boredom"),
            job(5, "RUNNING", reason="Anything"),
        ],
        nodes=[node("n1", "WARPED", "DRAIN", "?"), node("n2", "IDLE", "CLOUD")],
    )

    words = [
        "job state 'TELE\\nPORTED'",
        "node flag '?'",
        "node state 'WARPED'",
        "reason 'Boredom'",
    ]
    assert words == unknown_words(reading)


def recorded_reading():
    """Return all that was recorded, as a reading."""
    found = scontrol.parse(recorded("scontrol"))
    return SlurmReading(
        1795989411.0,
        jobs=squeue.parse(recorded("squeue"), MARK),
        scheduler=sdiag.parse(recorded("sdiag")),
        **found._asdict(),
    )


def test_a_recorded_cluster_has_the_figures_that_slurm_counts_itself():
    """sdiag counts pending and running jobs, each task of an array."""
    reading = recorded_reading()
    found = samples(reading, {one.name: node_state(one, "root") for one in reading.nodes})

    by_state = found[m.CLUSTER_JOBS]
    counted = reading.scheduler.values
    assert (counted["jobs_pending"], counted["jobs_running"]) == (
        by_state["pending",],
        by_state["running",],
    )
    assert {("a100",): 2, ("gpu",): 2} == {
        (kind,): sum(value for (_, one), value in found[m.CLUSTER_GPUS].items() if one == kind)
        for kind in ("a100", "gpu")
    }
    assert [] == unknown_words(reading)


names = st.lists(st.sampled_from(["debug", "gpu", "new"]), unique=True, max_size=3)
few = st.integers(0, 5)
random_jobs = st.builds(
    lambda number, state, of, reason, tasks, cpus: job(
        number,
        state,
        partition=",".join(of or ["debug"]),
        reason=reason,
        array_task_id=tasks,
        cpus=str(cpus),
        eligible_time=str(int(NOW_S) - number),
    ),
    *(few, st.sampled_from(["PENDING", "RUNNING", "FAILED", "X"]), names),
    *(st.sampled_from(["Priority", "Y"]), st.sampled_from(["N/A", "1-4", "3"]), few),
)
random_nodes = st.builds(
    lambda state, flag, of, cpus, used, gpus: ("n", state, flag, tuple(of), cpus, used, gpus),
    *(st.sampled_from(["IDLE", "MIXED", "DOWN"]), st.sampled_from(["CLOUD", "DRAIN"]), names),
    *(few, few, st.dictionaries(st.sampled_from(["a", "b"]), few)),
)


@given(st.lists(random_jobs, max_size=8))
def test_the_cluster_counts_each_job_once_and_each_partition_those_in_it(jobs):
    """Compared with counting one by one."""
    found = of(jobs)
    counts = [
        (one, (4 if one.array_task_id == "1-4" else 1) if one.state == "PENDING" else 1)
        for one in jobs
    ]

    for partition in ("debug", "gpu", "new", None):
        here = [(one, n) for one, n in counts if partition is None or partition in one.partitions]
        waiting = [(one, n) for one, n in here if one.state == "PENDING"]
        before = () if partition is None else (partition,)
        by_state, by_reason, cpus = (
            (m.CLUSTER_JOBS, m.CLUSTER_PENDING_JOBS, m.CLUSTER_PENDING_CPUS)
            if partition is None
            else (m.JOBS, m.PENDING_JOBS, m.PENDING_CPUS)
        )
        for state in ("pending", "running", "failed", "other"):
            count = sum(n for one, n in here if cluster.job_state(one.state) == state)
            assert count == found[by_state].get((*before, state), 0)
        for why, label in (("Priority", "Priority"), ("Y", "other")):
            count = sum(n for one, n in waiting if one.reason == why)
            assert count == found[by_reason].get((*before, label), 0)
        demand = sum(int(one.cpus) * n for one, n in waiting)
        assert demand == found[cpus].get(before, 0)


@given(st.lists(random_nodes, max_size=8))
def test_the_cluster_counts_each_node_once_and_each_partition_those_in_it(rows):
    """Compared with counting one by one."""
    nodes = [
        node(
            f"{name}{number}",
            *(state, flag),
            partitions=partitions,
            cpus=cpus,
            allocated_cpus=min(used, cpus),
            gpus=gpus,
            allocated_gpus={kind: min(1, count) for kind, count in gpus.items()},
        )
        for number, (name, state, flag, partitions, cpus, used, gpus) in enumerate(rows)
    ]
    found = of(nodes=nodes)
    states = {one.name: node_state(one, "slurm").state for one in nodes}

    for partition in ("debug", "gpu", "new", None):
        here = [one for one in nodes if partition is None or partition in one.partitions]
        before = () if partition is None else (partition,)
        count_of, cpus_of, gpus_of = (
            (m.CLUSTER_NODES, m.CLUSTER_CPUS, m.CLUSTER_GPUS)
            if partition is None
            else (m.NODES, m.CPUS, m.GPUS)
        )
        for state in {*states.values(), "idle", "down"}:
            count = sum(states[one.name] == state for one in here)
            assert count == found[count_of].get((*before, state), 0)
        free = [one for one in here if states[one.name] in USABLE]
        idle = sum(one.cpus - one.allocated_cpus for one in free)
        used = sum(one.allocated_cpus for one in here)
        total = sum(one.cpus for one in here)
        for use, amount in (("idle", idle), ("allocated", used), ("other", total - idle - used)):
            assert amount == found[cpus_of].get((*before, use), 0)
        for kind in ("a", "b"):
            count = sum(one.gpus.get(kind, 0) for one in here)
            series = found[gpus_of].items()
            assert count == sum(
                value
                for labels, value in series
                if labels[-1] == kind and labels[: len(before)] == before
            )


class FakeSlurm:
    """What /metrics asks of the monitor."""

    def __init__(self, found):
        self.samples = lambda: found


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_no_fault_in_a_page_with_all_series():
    """In names, help texts, types and labels; hostile names are labels like any other."""
    reading = recorded_reading()
    states = {one.name: node_state(one, "root") for one in reading.nodes}
    found = samples(reading, states, ("users", "accounts", "qos"))
    monitor = {
        m.UP: {(): 1.0},
        m.READING_AGE: {(): 1.0},
        m.READING_DURATION: {(): 0.1},
        m.COMMANDS: {("squeue", "ok"): 1.0},
        m.TARGETS: {("compute", "died"): 1.0},
    }
    page = generate_latest(registry(FakeStatus(slurm=FakeSlurm(found | monitor))))

    done = subprocess.run(
        ["promtool", "check", "metrics"], input=page, capture_output=True, check=False, timeout=60
    )
    shown = set(re.findall("^# TYPE (fructosa_slurm_[a-z_]+) ", page.decode(), re.MULTILINE))
    assert {metric.name for metric in m.METRICS} == shown
    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)


def test_states_are_needed_for_each_node_of_a_reading():
    """The monitor gives them, of the same reading."""
    reading = replace(SlurmReading(NOW_S), nodes=[node("n1", "IDLE")])

    assert samples(reading, {"n1": NodeState("idle", True)})[m.CLUSTER_NODES]["idle",] == 1
