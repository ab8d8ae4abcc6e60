"""The rows of the dashboard Slurm: one in each module of slurm_rows."""

import pkgutil
from importlib import import_module

import pytest

from fructosa_grafana import slurm_rows
from fructosa_grafana.dashboards.cluster import CLUSTER
from fructosa_grafana.dashboards.slurm import SLURM
from fructosa_grafana.panels.dashboard import COLLAPSED, Row
from fructosa_grafana.panels.panel import Bars, Stat
from fructosa_grafana.queries.expressions import ANY
from fructosa_grafana.slurm_rows.series import each, each_rate

MODULES = [module.name for module in pkgutil.iter_modules(slurm_rows.__path__)]
PANELS = SLURM.panels


def rows(name):
    """Return the rows of a module."""
    module = import_module(f"{slurm_rows.__name__}.{name}")
    return [value for value in vars(module).values() if isinstance(value, Row)]


@pytest.mark.parametrize("name", sorted({*MODULES} - {"series"}))
def test_each_module_has_a_row_on_the_dashboard(name):
    """A new module is not forgotten."""
    (row,) = rows(name)

    assert row in SLURM.rows


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_panels_show_what_slurm_reports_and_nothing_of_nodes(panel):
    """The dashboard costs the same with ten nodes and with ten thousand."""
    assert {"slurm"} == {leaf.scope for query in panel.queries for leaf in query.expr.leaves()}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_the_present_state_is_that_of_the_last_minutes(panel):
    """An old value must not look like a present one, nor a state that has ended like one."""
    assert isinstance(panel, Stat | Bars) == bool(panel.only_last)


def test_both_lmasters_of_a_hot_pair_count_once():
    """They report the same; in Graphite they even write the same series."""
    assert (("state",), "max") == (
        (one := each("nodes", partition="a", state=ANY)).by,
        one.function,
    )
    assert (("kind",), "max") == ((one := each_rate("rpcs_total", kind=ANY)).by, one.function)


def test_names_of_people_are_in_a_row_that_must_be_opened():
    """They are there on request only."""
    (row,) = rows("sharers")

    assert COLLAPSED == row.collapsed_in
    assert "Jobs by user" in {panel.title for panel in row.panels}


def test_the_cluster_dashboard_has_the_states_of_nodes_and_the_queue():
    """Collapsed, since not every cluster has Slurm."""
    (row,) = [row for row in CLUSTER.rows if row.title == "Slurm"]

    assert COLLAPSED == row.collapsed_in
    assert set(row.panels) < set(PANELS)
