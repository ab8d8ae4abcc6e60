"""Runs as rows, and back."""

from fructosa_bridge.job_archive.rows import node_view, rows_of, run_view
from fructosa_bridge.job_archive.views import details, view
from fructosa_bridge.jobs.ledger import JobLedger

from ..jobs.known_jobs import T0, only, record
from ..jobs.pages import ended, page, running


def ledger_with_a_run(name="a name"):
    """Return a ledger with one run that has ended."""
    ledger = JobLedger("c1")
    ledger.see_jobs([record(7, T0, T0 + 60, "COMPLETED", name=name)], T0 + 60)
    one = ended(7, ago_s=10, age_s=70, own_max_bytes=5e5, gpus=(("GPU-1", 2.0),))
    ledger.see_page("n1", page(one, sequence=1), T0 + 70)
    return ledger


def test_a_run_is_read_as_it_was_written():
    """But for digits that nobody needs."""
    ledger = ledger_with_a_run()
    shown, more = view(only(ledger), T0 + 100), details(only(ledger), T0 + 100)
    (row,) = rows_of(ledger.batch(T0 + 100), T0 + 100).runs

    names = ("wasted_core_hours", "wasted_gb_hours")
    rounded = {name: round(getattr(shown, name), 5) for name in names}
    assert shown._replace(notes=(), **rounded) == run_view(row.columns[:-1])
    assert more.nodes[0] == node_view(row.nodes[0])
    assert T0 == row.columns[-1]


def test_nodes_and_curves_of_an_open_run_are_in_its_state_only():
    """It is written often, and read seldom."""
    ledger = JobLedger("c1")
    ledger.see_jobs([record(7)], T0)
    ledger.see_page("n1", page(running(7)), T0 + 60)
    (row,) = rows_of(ledger.batch(T0 + 60), T0 + 60).runs

    assert ([], None, True) == (row.nodes, row.curves, row.has_figures)


def test_any_name_can_be_stored():
    """SQLite takes no half characters."""
    ledger = ledger_with_a_run("caf\udce9 \0 x")
    (row,) = rows_of(ledger.batch(T0 + 100), T0 + 100).runs

    assert "caf? ? x" == run_view(row.columns[:-1]).name


def test_no_gpus_are_not_unknown_gpus():
    """An empty list says that the job had none."""
    none, unknown = ledger_with_a_run(), JobLedger("c1")
    only(none).parts["n1"].gpus = ()
    unknown.see_jobs([record(8, tres_per_job="gres:gpu:2")], T0)

    found = [
        run_view(rows_of(of.batch(T0), T0).runs[0].columns[:-1]).gpus for of in (none, unknown)
    ]

    assert [(), None] == found


def test_agents_are_plain_values():
    """A thread writes them while the ledger goes on."""
    ledger = ledger_with_a_run()

    assert [("n1", 1)] == [(row[0], row[-1]) for row in rows_of(ledger.batch(T0), T0).agents]
