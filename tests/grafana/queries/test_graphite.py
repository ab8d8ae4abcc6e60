"""Graphite targets of expressions, for the paths of ``naming = plain``."""

import pytest

from fructosa_bridge.naming.schemes import SCHEMES
from fructosa_grafana.dashboards import DASHBOARDS
from fructosa_grafana.panels.panel import BACKENDS
from fructosa_grafana.queries.expressions import ANY, node, nodes, scrape_metric, slurm
from fructosa_grafana.queries.graphite import aliased, text
from fructosa_service.device_names import RAPL_ZONES

LOAD = nodes("fructosa_load_average", minutes="1")
THREADS = nodes("fructosa_cpu_threads")
RECEIVED = node("fructosa_network_receive_bytes_total", interface=ANY)
BUSY = node("fructosa_cpu_utilization_ratio", cpu=ANY)


@pytest.mark.parametrize(
    ("expr", "target"),
    [
        (node("fructosa_memory_total_bytes"), "${prefix}$node.fructosa_memory_total_bytes"),
        (LOAD, "${prefix}$nodes.fructosa_load_average.1"),
        (slurm("up"), "${prefix}slurm.fructosa_slurm_up"),
        (
            slurm("nodes", partition=ANY, state="idle").max("partition"),
            "groupByNodes(${prefix}slurm.fructosa_slurm_nodes.*.idle, 'max', -2)",
        ),
        (RECEIVED.rate(), "perSecond(${prefix}$node.fructosa_network_receive_bytes_total.*)"),
        (
            nodes("fructosa_energy_joules_total", zone=ANY, name=RAPL_ZONES).sum("instance"),
            "groupByNodes("
            "${prefix}$nodes.fructosa_energy_joules_total.*.{package-*,dram}, 'sum', -4)",
        ),
        (THREADS.sum(), "sumSeries(${prefix}$nodes.fructosa_cpu_threads)"),
        (THREADS.count(), "countSeries(${prefix}$nodes.fructosa_cpu_threads)"),
        (
            LOAD.sum() / THREADS.sum(),
            "divideSeries(sumSeries(${prefix}$nodes.fructosa_load_average.1), "
            "sumSeries(${prefix}$nodes.fructosa_cpu_threads))",
        ),
        (
            scrape_metric("up").complement().sum(),
            "sumSeries(offset(scale(${prefix}$nodes.up.*, -1), 1))",
        ),
        (THREADS.top(3) * 2, "scale(highestAverage(${prefix}$nodes.fructosa_cpu_threads, 3), 2)"),
        (
            node("a_b").max() - node("c_d").min(),
            "diffSeries(maxSeries(${prefix}$node.a_b), minSeries(${prefix}$node.c_d))",
        ),
    ],
)
def test_each_operation_has_a_graphite_function(expr, target):
    """Nodes and labels are path components, counted from the end."""
    assert target == text(expr)


def test_series_are_divided_by_those_of_the_same_node():
    """Graphite matches them by name, which has only the node left."""
    assert (
        "scale(exclude(asPercent("
        "group(alias(constantLine(1), '-'), "
        "groupByNodes(${prefix}$nodes.fructosa_load_average.1, 'sum', -3)), "
        "group(alias(constantLine(1), '-'), "
        "groupByNodes(${prefix}$nodes.fructosa_cpu_threads, 'sum', -2)), -1), "
        r"'\(-[.,]|\(MISSING,|,MISSING\)'), 0.01)"
    ) == text(LOAD / THREADS)


@pytest.mark.parametrize(
    ("expr", "legend", "target"),
    [
        (THREADS.sum(), "all", "alias({}, 'all')"),
        (BUSY, "{cpu}", "aliasByNode({}, -1)"),
        (BUSY, "CPU {cpu}", r"aliasSub(aliasByNode({}, -1), '^(.+)$', 'CPU \1')"),
        (
            RECEIVED,
            "{interface}",
            "aliasSub(aliasSub(aliasByNode({}, -1), '#2e', '.'), '#3a', ':')",
        ),
        (THREADS, "{instance}", "aliasByNode({}, -2)"),
        (THREADS.max("instance"), "{instance}", "aliasByNode({}, -1)"),
        (
            nodes("fructosa_filesystem_free_bytes", mountpoint=ANY),
            "{instance} {mountpoint}",
            r"aliasSub(aliasSub(aliasSub(aliasByNode({}, -3, -1), "
            r"'^(.+?)\.(.+)$', '\1 \2'), ':', '/'), '#2e', '.')",
        ),
    ],
)
def test_series_are_named_by_the_legend(expr, legend, target):
    """Label values come from the path, with encoded characters decoded."""
    assert target.format(text(expr)) == aliased(expr, legend)


def test_a_legend_has_no_apostrophe():
    """Graphite cannot escape it."""
    with pytest.raises(ValueError, match="apostrophe"):
        aliased(THREADS, "node's")


def test_fixed_label_values_are_encoded_as_in_the_paths_of_lmaster():
    """For all fixed values in the dashboards."""
    leaves = [
        leaf for board in DASHBOARDS for backend in BACKENDS for leaf in board.leaves(backend)
    ]

    fixed = [leaf for leaf in leaves if all(isinstance(value, str) for _, value in leaf.labels)]

    assert any(leaf.labels for leaf in fixed)
    for leaf in fixed:
        below = text(leaf).partition(".")[2]
        if not leaf.is_from_scraper:
            assert SCHEMES["plain"].path(leaf.metric, leaf.labels).path == below


def test_what_is_not_an_expression_is_rejected():
    """A new kind of expression needs a rendering."""
    with pytest.raises(TypeError, match="not a known expression"):
        text("up")
