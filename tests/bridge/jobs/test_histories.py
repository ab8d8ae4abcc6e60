"""Random histories of jobs, agents, restarts and lost pages, against what is true."""

from math import inf

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .small_world import NODES, World

jobs = st.integers(1, 3)
nodes = st.sampled_from(NODES)
events = st.one_of(
    st.tuples(st.just("start"), jobs, nodes, st.sampled_from([0.0, 0.5, 4.0])),
    st.tuples(st.just("end"), jobs),
    st.tuples(st.just("requeue"), jobs),
    st.tuples(st.just("next_step"), jobs),
    st.tuples(st.just("restart_agent"), nodes),
    st.tuples(st.just("reboot"), nodes),
    st.tuples(st.just("fetch"), nodes),
    st.tuples(st.just("list_jobs")),
    st.tuples(st.just("write"), st.sampled_from([1, 500])),
    st.tuples(st.just("kill")),
    *[st.tuples(st.just("step"))] * 6,
)
# A job that begins, perhaps is listed, ends or is requeued, and is forgotten by Slurm.
gaps = st.builds(
    lambda job, node, is_listed, end, more: [
        *[("start", job, node, 0.5), ("step",), ("fetch", node), *is_listed, ("step",)],
        *[(end, job), ("step",), ("wait",), *more],
    ],
    jobs,
    nodes,
    st.lists(st.just(("list_jobs",)), max_size=1),
    st.sampled_from(["end", "requeue"]),
    st.lists(st.sampled_from([("account",), ("write", 500), ("kill",)]), max_size=3),
)
# A life of a job that was requeued begins soon after the one before it was seen to be over.
begun_anew = [
    [
        *[("start", 2, "n1", 0.5), ("step",), ("fetch", "n1"), ("step",)],
        *[("requeue", 2), ("step",), ("wait",)],
    ],
    [("requeue", 2), ("step",), ("restart_agent", "n1"), ("list_jobs",)],
    [
        *[("start", 1, "n1", 0.5), ("step",), ("fetch", "n1"), ("step",)],
        *[("end", 1), ("step",), ("wait",)],
    ],
]
histories = st.lists(events, max_size=80)
# By so much the clock of slurmctld may be ahead, in seconds.
clocks = st.integers(-8, 8)


def play(history, ahead_s, *, resubmits=False):
    """Return a world in which all that happened, and in which lmaster then learned the rest."""
    world = World(ahead_s, resubmits=resubmits)
    for name, *values in history:
        getattr(world, name)(*values)
    world.waiting = {job_id: (life, inf) for job_id, (life, _) in world.waiting.items()}
    for job_id in range(1, 4):
        world.end(job_id)
    for _ in range(3):
        world.step()
        world.list_jobs()
        for node in NODES:
            world.fetch(node)
            world.fetch(node)
        world.write()
    return world


@settings(max_examples=500)
@given(histories, clocks)
def test_no_run_is_merged_or_doubled_and_what_is_said_is_true(history, ahead_s):
    """Each run that Slurm listed is there once, with no more than it used.

    With a coverage of 1 it has all that it used, but for the seconds by which clocks are apart.
    """
    world = play(history, ahead_s)
    true = {life.key(ahead_s): life for life in world.lives}

    assert world.listed == world.stored.keys()
    for key, said in world.stored.items():
        life = true[key]
        assert (said.cpu_s or 0.0) <= life.cpu_s + 1e-6
        assert (said.memory_peak_bytes or 0.0) <= life.peak + 1e-6
        assert said.nodes == (life.node,)
        if said.coverage == 1.0 and said.cpu_s is not None:
            assert life.cpu_s == pytest.approx(
                said.cpu_s, abs=life.rate * (abs(ahead_s) + 10) + 1e-6
            )
        if said.state not in (None, "REQUEUED"):
            assert said.state == life.state
            assert said.end_s == life.end_s + ahead_s


@settings(max_examples=100)
@given(st.lists(st.tuples(jobs, nodes, st.integers(1, 30)), min_size=1, max_size=12), clocks)
def test_without_failures_all_is_known(runs, ahead_s):
    """Pages every 30 s, lists every 60 s: every run has a coverage of 1 and its exact figures."""
    world = World(ahead_s)
    for one in NODES:
        world.fetch(one)
    for job_id, node, steps in runs:
        world.start(job_id, node, 2.0)
        for number in range(steps):
            world.step()
            if number % 3 == 2:
                for one in NODES:
                    world.fetch(one)
            if number % 6 == 5:
                world.list_jobs()
        world.end(job_id)
        for _ in range(6):
            world.step()
        world.list_jobs()
        for one in NODES:
            world.fetch(one)
        world.write()

    true = {life.key(ahead_s): life for life in world.lives}
    assert true.keys() == world.stored.keys()
    for key, life in true.items():
        assert (life.cpu_s, 1.0) == (world.stored[key].cpu_s, world.stored[key].coverage)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(gaps, gaps, st.lists(events, max_size=20)), min_size=1, max_size=6),
    clocks,
    st.booleans(),
)
@example(history=begun_anew, ahead_s=0, resubmits=False)
def test_accounting_completes_what_is_known_and_contradicts_nothing(history, ahead_s, resubmits):
    """Also where it does not count restarts; what only nodes have told of is of no other run."""
    happened = [event for some in history for event in some]
    world = play([*happened, ("account",)], ahead_s, resubmits=resubmits)
    true = {life.key(ahead_s): life for life in world.lives}
    if resubmits:  # an id that is used again looks like a requeue then
        true = {(*key[:3], 0): life for key, life in true.items()}
        world.listed = {(*key[:3], 0) for key in world.listed}
    said_of = {
        ((*key[:3], 0) if resubmits else tuple(key)): said
        for key, said in world.stored.items()
        if key.submit_s > 0
    }

    assert world.listed == said_of.keys()
    for key, said in said_of.items():
        life = true[key]
        assert (said.cpu_s or 0.0) <= life.cpu_s + 1e-6
        assert (said.state, said.end_s) == (life.state, life.end_s + ahead_s)
    for key, said in world.stored.items():
        if key.submit_s < 0:
            of_job = [life for life in world.lives if life.job_id == key.job_id]
            assert (said.cpu_s or 0) <= max(life.cpu_s for life in of_job)
            assert (said.user, said.state) in ((None, None), ("ada", "REQUEUED"))
            if said.state:
                assert any(life.restart for life in of_job)
