"""A run as it is shown."""

from fructosa_bridge.job_archive.views import details, view
from fructosa_bridge.jobs.ledger import JobLedger

from ..jobs.known_jobs import T0, only, record
from ..jobs.pages import ended, page


def run_of(count, **fields):
    """Return a run of so many nodes."""
    ledger = JobLedger("c1")
    ledger.see_jobs([record(7, T0, T0 + 60, "COMPLETED", nodes=f"n[1-{count}]", **fields)], T0 + 60)
    for number in range(1, count + 1):
        one = ended(7, ago_s=10, age_s=70, cpu_s=60.0 * number, own_bytes=1e6 * number)
        ledger.see_page(f"n{number}", page(one, sequence=1), T0 + 70)
    return only(ledger)


def test_curves_of_a_few_nodes_are_those_of_each():
    """CPUs in use, and own memory."""
    found = details(run_of(2), T0 + 100).curves

    assert {"cpu n1", "cpu n2", "memory n1", "memory n2"} == found.keys()
    assert [1.0, 1.0] == [round(value, 6) for value in found["cpu n1"].values[:2]]


def test_curves_of_many_nodes_are_their_minimum_mean_and_maximum():
    """A job of 1,000 nodes takes no more room."""
    found = details(run_of(9), T0 + 100).curves

    assert {f"{of} {join}" for of in ("cpu", "memory") for join in ("min", "mean", "max")} == set(
        found
    )
    assert [1.0, 5.0, 9.0] == [
        round(found[f"cpu {join}"].values[0]) for join in ("min", "mean", "max")
    ]


def test_gpus_are_those_that_were_given_or_else_seen():
    """Without either they are unknown, unless Slurm allotted none."""
    run = run_of(1, tres_per_job="gres:gpu:2")
    unknown = view(run, T0).gpus
    run.parts["n1"].gpus = ("GPU-1",)
    seen = view(run, T0).gpus
    run.gpus = ("GPU-1", "GPU-2")

    assert (None, ("GPU-1",), ("GPU-1", "GPU-2"), ()) == (
        *(unknown, seen, view(run, T0).gpus),
        view(run_of(1), T0).gpus,
    )


def test_a_run_has_its_figures_its_waste_and_its_notes():
    """All as plain values."""
    found = view(run_of(2), T0 + 100)

    assert ("7", ("n1", "n2"), 180.0, 1.0) == (found.id, found.nodes, found.cpu_s, found.coverage)
    assert (4 * 60 - 180) / 3600 == found.wasted_core_hours
    assert [] == list(found.notes)
