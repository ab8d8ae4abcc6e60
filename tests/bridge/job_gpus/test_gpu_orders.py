"""Which GPU Slurm's index means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.job_gpus.gpu_orders import AUTO, MINOR, NVML, GPUOrders, orders_of, uuids_of
from fructosa_bridge.job_gpus.machine_page import GPUFigures

from .small_node import BY_MINOR, BY_NVML, four_gpus

AB, CD = frozenset({"GPU-a", "GPU-b"}), frozenset({"GPU-c", "GPU-d"})


def orders_with(configured=AUTO, **nodes):
    """Return the orders of nodes with these GPUs."""
    orders = GPUOrders(configured)
    for node, gpus in nodes.items():
        orders.set_gpus(node, gpus)
    return orders


def test_a_node_has_two_orders():
    """That of NVML, and that of device files."""
    assert {NVML: BY_NVML, MINOR: BY_MINOR} == orders_of(four_gpus())


def test_an_order_in_which_a_gpu_has_no_number_is_none():
    """AMD's GPUs have no minor number; two of one number cannot be told apart."""
    amd = [GPUFigures("x", 0), GPUFigures("y", 1)]

    assert {NVML: ("x", "y")} == orders_of(amd)
    assert {} == orders_of([GPUFigures("x", 0), GPUFigures("y", 0)])
    assert {} == orders_of([])


@given(st.permutations(range(6)), st.sets(st.integers(0, 7)))
def test_indexes_are_positions_in_an_order(minors, indexes):
    """An index that the node does not have makes the whole unknown."""
    gpus = [GPUFigures(f"GPU-{at}", at, minor) for at, minor in enumerate(minors)]

    found = uuids_of(orders_of(gpus)[MINOR], indexes)

    known = {f"GPU-{minors.index(index)}" for index in indexes if index < 6}
    assert found == (None if indexes & {6, 7} else known)


@pytest.mark.parametrize(("configured", "expected"), [(NVML, AB), (MINOR, CD), (AUTO, None)])
def test_the_configured_order_counts(configured, expected):
    """auto does not guess."""
    assert expected == orders_with(configured, n1=four_gpus()).uuids("n1", [0, 1])


def test_where_both_orders_agree_nothing_needs_to_be_decided():
    """All GPUs are all GPUs; and most nodes have the same numbers in both."""
    assert AB | CD == orders_with(n1=four_gpus()).uuids("n1", range(4))
    assert {"GPU-b"} == orders_with(n1=four_gpus(minors=(0, 1, 2, 3))).uuids("n1", [1])


@pytest.mark.parametrize(("seen", "expected"), [("GPU-a", AB), ("GPU-d", CD)])
def test_auto_is_the_order_that_processes_do_not_contradict(seen, expected):
    """Once a job uses a GPU that only one order gives it."""
    orders = orders_with(n1=four_gpus())

    assert orders.see("n1", [0, 1], frozenset({seen}))

    assert expected == orders.uuids("n1", [0, 1])


def test_a_node_without_such_a_job_has_the_order_of_the_others():
    """As long as they agree."""
    orders = orders_with(n1=four_gpus(), n2=four_gpus(), n3=four_gpus())
    orders.see("n1", [0, 1], frozenset({"GPU-c"}))
    assert CD == orders.uuids("n2", [0, 1])

    orders.see("n3", [0, 1], frozenset({"GPU-a"}))

    assert None is orders.uuids("n2", [0, 1])
    assert (CD, AB) == (orders.uuids("n1", [0, 1]), orders.uuids("n3", [0, 1]))


def test_processes_that_contradict_one_another_decide_nothing():
    """One of two jobs uses what it was not given; which, is not known."""
    orders = orders_with(n1=four_gpus())
    assert orders.see("n1", [0, 1], frozenset({"GPU-a"}))

    assert not orders.see("n1", [0, 1], frozenset({"GPU-c"}))

    assert None is orders.uuids("n1", [0, 1])


def test_one_job_that_misbehaves_is_outvoted_at_last():
    """Only the last eight are remembered."""
    orders = orders_with(n1=four_gpus())
    orders.see("n1", [0, 1], frozenset({"GPU-a"}))
    for _ in range(8):
        orders.see("n1", [0, 1], frozenset({"GPU-c"}))

    assert CD == orders.uuids("n1", [0, 1])


@pytest.mark.parametrize("configured", [AUTO, NVML])
def test_what_no_order_gives_is_a_contradiction(configured):
    """It does not decide anything."""
    orders = orders_with(configured, n1=four_gpus())

    assert not orders.see("n1", [0], frozenset({"GPU-b"}))

    assert (None if configured == AUTO else {"GPU-a"}) == orders.uuids("n1", [0])


def test_a_gpu_that_is_lost_still_counts():
    """The indexes of the others stay. If it was never seen, nothing is known."""
    orders, lost = orders_with(NVML, n1=four_gpus()), four_gpus()[:1] + four_gpus()[2:]

    orders.set_gpus("n1", lost)

    assert {"GPU-c"} == orders.uuids("n1", [2])
    assert None is orders_with(NVML, n1=lost).uuids("n1", [2])


def test_if_slurm_counts_another_number_of_gpus_nothing_is_known():
    """One of them may be for a screen only."""
    orders = orders_with(NVML, n1=four_gpus())
    orders.set_configured({"n1": 4, "n2": 8})
    assert {"GPU-c"} == orders.uuids("n1", [2])

    orders.set_configured({"n1": 3})

    assert None is orders.uuids("n1", [2])


def test_other_gpus_are_another_question():
    """A node whose GPUs were exchanged is open again; one that is gone is forgotten."""
    orders = orders_with(n1=four_gpus(), n2=four_gpus())
    orders.see("n1", [0, 1], frozenset({"GPU-a"}))
    orders.set_gpus("n1", four_gpus())
    assert AB == orders.uuids("n1", [0, 1])

    orders.set_gpus("n1", [*four_gpus()[:3], GPUFigures("GPU-e", 3, 1)])
    orders.keep(["n1"])

    assert None is orders.uuids("n1", [0, 1])
    assert (True, False) == (orders.is_known("n1"), orders.is_known("n2"))


@given(st.permutations(range(4)), st.lists(st.sets(st.integers(0, 3), min_size=1), max_size=6))
def test_whatever_jobs_do_auto_finds_no_order_that_is_wrong(minors, jobs):
    """As long as they use only GPUs that they were given."""
    gpus = four_gpus(tuple(minors))
    for truth in (NVML, MINOR):
        orders = orders_with(n1=gpus)
        order = orders_of(gpus)[truth]
        for indexes in jobs:
            given_them = uuids_of(order, indexes)
            assert orders.see("n1", indexes, frozenset(list(given_them)[:1]))
            assert orders.uuids("n1", indexes) in (None, given_them)
