"""What totals of a node grew by while a job ran."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.job_gpus.machine_page import GPUFigures, MachineFigures
from fructosa_bridge.job_gpus.meters import NodeMeters, PartMeter
from fructosa_bridge.jobs.node_parts import JobAgent, NodePart

AGENT = ("i", "b")


def part(began_s=0.0, end_s=None, cpu_s=0.0):
    """Return a part of a run on a node."""
    made = NodePart("n1", JobAgent("n1", *AGENT, 0.0, 0.0), "", 30.0)
    made.began_s, made.end_s, made.totals = began_s, end_s, (cpu_s, None, None, None, None)
    return made


def figures(busy_s=None, joules=None, node_joules=None):
    """Return totals of a node with one GPU."""
    return MachineFigures([GPUFigures("a", 0, 0, False, busy_s, joules)], node_joules)


def add(meters, time_s, found, *parts, agent=AGENT):
    """Let a page be read."""
    meters.add("n1", found, parts, agent, time_s)


def test_differences_between_two_pages_are_added():
    """The first page has nothing to be compared with."""
    meters, one = NodeMeters(), part()
    add(meters, 0.0, figures(100.0, 5.0, 7.0), one)
    add(meters, 30.0, figures(120.0, 905.0, 3007.0), one)

    assert {"a": (20.0, 900.0)} == one.meter.gpus
    assert (3000.0, 30.0, 0.0) == (one.meter.joules, one.meter.gpu_s, one.meter.at_edges_s)


def test_a_job_that_begins_between_two_pages_has_a_share():
    """And it is known for how much of its time it is an estimate."""
    meters, one = NodeMeters(), part(began_s=20.0)
    add(meters, 0.0, figures(0.0))
    add(meters, 30.0, figures(15.0), one)

    assert ({"a": (5.0, None)}, 10.0) == (one.meter.gpus, one.meter.at_edges_s)


def test_a_total_that_fell_or_jumped_is_unknown_from_then_on():
    """A driver that was loaded again, or a value that no GPU can reach."""
    for busy_s in (3.0, 1e6):
        meters, one = NodeMeters(), part()
        for at, total in enumerate((10.0, 20.0, busy_s, busy_s + 5)):
            add(meters, 30.0 * at, figures(total), one)

        assert {"a": (None, None)} == one.meter.gpus


def test_nothing_is_compared_with_another_start_of_the_agent():
    """Nor over five minutes."""
    meters, one = NodeMeters(), part()
    add(meters, 0.0, figures(10.0), one)
    add(meters, 30.0, figures(15.0), one, agent=("other", "b"))
    add(meters, 500.0, figures(16.0), one, agent=("other", "b"))

    assert ({}, 0.0) == (one.meter.gpus, one.meter.gpu_s)


def test_a_page_without_totals_ends_the_comparison():
    """The next one is a first one."""
    meters, one = NodeMeters(), part()
    add(meters, 0.0, figures(10.0), one)
    add(meters, 30.0, None, one)
    add(meters, 60.0, figures(15.0), one)

    assert 0.0 == one.meter.gpu_s


def test_the_time_after_its_end_is_not_its_own():
    """However often the end is on a page."""
    meters, one = NodeMeters(), part(end_s=10.0)
    for at in range(4):
        add(meters, 30.0 * at, figures(30.0 * at), one)

    assert (10.0, 10.0) == (pytest.approx(one.meter.gpus["a"][0]), one.meter.gpu_s)


def test_jobs_one_after_the_other_share_the_energy_by_time():
    """Each had the node for itself: that is no estimate by CPU time."""
    meters, one, other = NodeMeters(), part(end_s=10.0, cpu_s=9.0), part(began_s=20.0)
    add(meters, 0.0, figures(node_joules=0.0))
    add(meters, 30.0, figures(node_joules=300.0), one, other)

    assert [100.0, 100.0] == pytest.approx([one.meter.joules, other.meter.joules])
    assert [False, False] == [one.meter.is_estimate, other.meter.is_estimate]


def test_a_meter_survives_a_restart_of_lmaster():
    """As plain values."""
    meters, one = NodeMeters(), part(cpu_s=3.0)
    add(meters, 0.0, figures(0.0, node_joules=0.0), one)
    add(meters, 30.0, figures(15.0, node_joules=9.0), one)

    values = one.meter.values()

    assert values == PartMeter.of_values(values).values()


def test_nodes_that_are_gone_are_forgotten():
    """Their totals are not kept."""
    meters = NodeMeters()
    add(meters, 0.0, figures(0.0))

    meters.keep([])

    assert not meters._pages


JOBS = st.lists(
    st.tuples(st.floats(0, 300), st.floats(0, 300), st.floats(0, 8)), min_size=1, max_size=4
)


@given(JOBS, st.lists(st.floats(0, 1), min_size=2, max_size=10))
def test_energy_is_never_shared_out_twice_and_busy_time_is_bounded(jobs, shares):
    """Whatever jobs come and go: their energy is at most the node's, busy at most their time."""
    meters, busy_s, joules = NodeMeters(), 0.0, 0.0
    parts = [part(began_s, began_s + length_s) for began_s, length_s, _ in jobs]
    for at, share in enumerate(shares):
        now_s = 30.0 * at
        busy_s, joules = busy_s + 30 * share * (at > 0), joules + 9000.0 * (at > 0)
        there = []
        for one, (began_s, length_s, cpus) in zip(parts, jobs, strict=True):
            if began_s <= now_s:
                ends_s = min(now_s, began_s + length_s)
                one.end_s = began_s + length_s if began_s + length_s <= now_s else None
                one.totals = (cpus * (ends_s - began_s), None, None, None, None)
                there.append(one)
        add(meters, now_s, figures(busy_s, node_joules=joules), *there)

    known = [one.meter for one in parts if one.meter is not None]
    assert sum(meter.joules for meter in known) <= joules * 1.002
    for meter, (_, length_s, _) in zip(known, jobs, strict=False):
        assert all(busy[0] <= meter.gpu_s + 1e-6 for busy in meter.gpus.values())
        assert 0 <= meter.at_edges_s <= meter.gpu_s + 1e-6 <= max(300.0, length_s) + 1e-3
