"""The rows of the dashboard Node: one in each module of node_rows."""

import pkgutil
from importlib import import_module

import pytest

from fructosa_grafana import node_rows
from fructosa_grafana.dashboards.node import NODE
from fructosa_grafana.panels.dashboard import Row

MODULES = [module.name for module in pkgutil.iter_modules(node_rows.__path__)]
EACH = pytest.mark.parametrize("name", MODULES)


def row(name):
    """Return the row of a module."""
    module = import_module(f"{node_rows.__name__}.{name}")
    (found,) = [value for value in vars(module).values() if isinstance(value, Row)]
    return found


@EACH
def test_each_module_has_a_row_on_the_dashboard(name):
    """A new module is not forgotten."""
    assert row(name) in NODE.rows


@EACH
def test_rows_show_the_selected_node_only(name):
    """Queries over all nodes would be slow here."""
    leaves = [
        leaf
        for panel in row(name).panels
        for query in panel.queries
        for leaf in query.expr.leaves()
    ]

    assert leaves
    assert {"node"} == {leaf.scope for leaf in leaves}


@EACH
def test_legends_have_only_keys_of_their_query(name):
    """Any other would be shown as it is, in braces."""
    for panel in row(name).panels:
        for query in panel.queries:
            filled = query.legend.format(**dict.fromkeys(query.expr.keys, ""))
            assert "{" not in filled
