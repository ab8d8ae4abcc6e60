"""The GPUs and the energy of runs."""

import pytest

from fructosa_bridge.job_gpus.job_devices import (
    ESTIMATE,
    HAD_PARTS,
    NO_ORDER,
    NO_TOTALS,
    NOT_GIVEN,
    NOT_ORDERED,
    NOT_TOLD,
    OF_ANOTHER,
    TOO_LITTLE,
    WITHOUT_CPUS,
)
from fructosa_bridge.slurm_output.gpu_indexes import GPUUse

from ..jobs.known_jobs import T0, record
from ..jobs.pages import page
from ..slurm_output.test_gpu_indexes import use
from .small_node import SmallNode, gpu_job

FIRST = ("GPU-a", "GPU-b")


def node_with_a_job(order="nvml", pages=20, seen=(), indexes=(0, 1), **node):
    """Return a node on which a job has run for ten minutes with the first two GPUs half busy."""
    made = SmallNode(order, **node)
    made.busy |= {"GPU-a": 0.5, "GPU-c": 1.0}
    made.fetch()
    made.slurm(gpu_job(7), gpus={7: use(*indexes)})
    made.run_for(pages, (7, 2.0, seen))
    return made


def test_busy_seconds_are_those_of_its_gpus_in_its_time():
    """Of GPUs by Slurm's index, whatever processes are seen: also idle ones are its own."""
    found = node_with_a_job().use_of()

    assert (FIRST, 300.0) == (found.uuids, found.busy_s)
    assert pytest.approx(600 * (2 * 100 + 400)) == found.joules
    assert ([], 1.0) == (found.notes, found.coverage)


def test_the_order_of_device_files_means_other_gpus():
    """The first two device files are the last two GPUs of NVML."""
    found = node_with_a_job("minor").use_of()

    assert (("GPU-c", "GPU-d"), 600.0) == (found.uuids, found.busy_s)


def test_auto_waits_for_a_process():
    """Until then it is said that the order is not certain."""
    assert (NOT_ORDERED.format(node="n1"),) == tuple(node_with_a_job("auto").use_of().notes)

    for seen, busy_s in (("GPU-a", 300.0), ("GPU-d", 600.0)):
        node = node_with_a_job("auto", seen=(seen,))

        assert (busy_s, []) == (node.use_of().busy_s, node.use_of().notes)
        assert 0 == node.devices.contradictions


def test_a_process_on_a_gpu_of_another_job_is_a_contradiction():
    """Of both jobs nothing is stated, and their notes say why; it is counted once."""
    node = SmallNode("nvml")
    node.fetch()
    node.slurm(gpu_job(7), gpu_job(8), gpus={7: use(0, 1), 8: use(2, 3)})

    node.run_for(20, (7, 1.0, ["GPU-a"]), (8, 1.0, ["GPU-b", "GPU-c"]))

    of_one, of_other = node.use_of(7), node.use_of(8)
    assert OF_ANOTHER.format(uuid="GPU-b", node="n1") in of_one.notes
    assert NOT_GIVEN.format(uuid="GPU-b", node="n1") in of_other.notes
    assert [(None, None)] * 2 == [(one.uuids, one.busy_s) for one in (of_one, of_other)]
    assert 2 == node.devices.contradictions


def test_processes_that_fit_no_order_decide_none():
    """auto then says so."""
    node = node_with_a_job("auto", seen=("GPU-a", "GPU-d"))

    assert (None, (NO_ORDER.format(node="n1"),)) == (
        node.use_of().uuids,
        tuple(node.use_of().notes),
    )


def test_a_wrong_order_is_found_out():
    """As configured, all jobs use GPUs of others."""
    node = node_with_a_job("minor", seen=FIRST)

    notes = {NOT_GIVEN.format(uuid=uuid, node="n1") for uuid in FIRST}
    assert (None, notes) == (node.use_of().busy_s, set(node.use_of().notes))


def test_shards_and_instances_are_not_attributed():
    """Their GPU is busy for others, too."""
    shard = SmallNode("nvml")
    shard.fetch()
    shard.slurm(gpu_job(7), gpus={7: GPUUse(1, frozenset({0}), True)})
    shard.run_for(20, (7, 1.0, []))
    mig = SmallNode("nvml")
    mig.is_divided = True
    mig.fetch()
    mig.slurm(gpu_job(7), gpus={7: use(0, 1)})
    mig.run_for(20, (7, 1.0, []))

    for node in (shard, mig):
        assert (None, None) == (node.use_of().uuids, node.use_of().busy_s)
        assert HAD_PARTS in node.use_of().notes


def test_gpus_that_slurm_does_not_tell_are_unknown():
    """Also if it tells those of some nodes only."""
    node = SmallNode("nvml")
    node.fetch()
    node.slurm(gpu_job(7), gpus={7: GPUUse(2, None, False)})
    node.run_for(20, (7, 1.0, []))
    assert NOT_TOLD in node.use_of().notes

    node.slurm(gpu_job(7, nodes="n[1-2]", node_count=2), gpus={7: use(0, 1)})

    assert NOT_TOLD in node.use_of().notes


def test_of_a_short_job_nothing_is_stated():
    """What was busy between two fetches may have been of another job."""
    node = node_with_a_job(pages=0)
    node.advance(40)

    node.fetch(node.job(7, 1.0, start_s=T0 + 25))

    assert (FIRST, None) == (node.use_of().uuids, node.use_of().busy_s)
    assert TOO_LITTLE in node.use_of().notes


def test_a_job_that_ends_has_what_was_used_until_then():
    """The last interval counts by the share of it in which the job ran."""
    node = node_with_a_job()
    node.advance()
    ended = {"end_age_s": 15.0, "end_sequence": 1.0}

    node.fetch(node.job(7, 1220.0, **ended))
    node.advance()
    node.fetch()

    assert 307.5 == pytest.approx(node.use_of().busy_s)


def test_a_restart_of_the_agent_costs_one_interval():
    """Totals begin anew, and never fall. Wasted GPU-hours are of the time that is known."""
    node = node_with_a_job(pages=20)
    node.advance()
    node.restart_agent()
    node.advance(1)
    node.fetch(node.job(7, 1300.0))
    for _ in range(20):
        node.advance()
        node.fetch(node.job(7, 2.0 * (node.now_s - T0)))

    found = node.use_of()

    assert (600.0, pytest.approx(1200 / 1231)) == (found.busy_s, found.coverage)


def test_too_many_gaps_leave_it_unknown():
    """Rather than a figure of half the time."""
    node = node_with_a_job(pages=10)
    node.advance(400)
    node.fetch(node.job(7, 1300.0))

    assert (None, (TOO_LITTLE,)) == (node.use_of().busy_s, tuple(node.use_of().notes))


def test_energy_of_a_shared_node_is_an_estimate_by_cpu_time():
    """And is called so."""
    node = SmallNode()
    node.fetch()
    node.slurm(record(7), record(8))

    node.run_for(20, (7, 3.0, []), (8, 1.0, []))

    assert pytest.approx(0.75 * 600 * 400) == node.use_of(7).joules
    assert pytest.approx(0.25 * 600 * 400) == node.use_of(8).joules
    assert [ESTIMATE] == node.use_of(8).notes


def test_without_energy_of_processors_that_of_gpus_is_said_to_be_all():
    """Reading it needs a right."""
    node = SmallNode("nvml")
    node.node_watts = None
    node.fetch()
    node.slurm(gpu_job(7), record(8), gpus={7: use(0, 1)})

    node.run_for(20, (7, 1.0, []), (8, 1.0, []))

    assert (pytest.approx(600 * 200), [WITHOUT_CPUS]) == (
        node.use_of(7).joules,
        node.use_of(7).notes,
    )
    assert (None, []) == (node.use_of(8).joules, list(node.use_of(8).notes))


def test_the_node_whose_gpus_do_not_tell_how_long_they_were_busy_is_named():
    """Not another one of the job."""
    node, other = SmallNode("nvml"), SmallNode("nvml")
    other.ledger, other.devices, other.counts_busy = node.ledger, node.devices, False
    node.ledger.see_jobs([gpu_job(7, nodes="n[1-2]")], node.now_s)
    node.devices.see_allotments(
        {"7": {"n1": use(0, 1), "n2": use(0, 1)}}, node.ledger.current, node.ledger.runs
    )
    for _ in range(20):
        for one, name in ((node, "n1"), (other, "n2")):
            one.advance()
            one.fetch(one.job(7, 1.0), node=name)

    found = node.use_of()

    assert (None, (NO_TOTALS.format(node="n2"),)) == (found.busy_s, tuple(found.notes))


def test_several_slurmd_on_a_machine_leave_its_gpus_unknown():
    """Each counts some of them from zero."""
    node = SmallNode("nvml")
    node.fetch()
    node.slurm(gpu_job(7, nodes="n2"), gpus={})
    node.devices.see_allotments({"7": {"n2": use(0, 1)}}, node.ledger.current, node.ledger.runs)
    for _ in range(20):
        node.advance()
        node.fetch(node.job(7, 1.0, slurmd="n2"))

    assert None is node.use_of().busy_s


def test_a_page_without_gpus_does_not_change_which_gpu_is_which():
    """The driver hung for a while, for example."""
    node = node_with_a_job("auto", seen=("GPU-a",))

    node.devices.see_page("n1", page(), None, node.ledger.parts_on("n1"), node.now_s + 30)

    assert FIRST == node.use_of().uuids


def test_gpus_that_were_exchanged_are_compared_again():
    """The job that runs tells their order."""
    node = node_with_a_job("auto", seen=("GPU-a",))
    node._minors = (1, 2, 3, 0)

    node.run_for(1, (7, 2.0, ("GPU-a",)))
    node.run_for(1, (7, 2.0, ("GPU-a", "GPU-b")))

    assert FIRST == node.use_of().uuids


def test_runs_that_are_gone_are_forgotten():
    """So that memory is bounded by the runs of the ledger."""
    node = node_with_a_job()
    assert node.devices._allotted

    node.devices.see_allotments({}, node.ledger.current, [])
    node.devices.keep_nodes([])

    assert not node.devices._allotted
    assert not node.devices._orders.is_known("n1")


def test_what_was_known_before_lmaster_was_started_stays():
    """An ended run is not asked about again."""
    node = node_with_a_job()
    run = node.ledger.current("7")
    run.gpus, run.gpu_busy_s = FIRST, 12.0
    node.devices.see_allotments({}, node.ledger.current, [])

    assert None is node.use_of()
