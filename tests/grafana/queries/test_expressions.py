"""One declaration of a query, in the languages of Graphite and of Prometheus."""

import pytest

from fructosa_bridge.naming import graphite_paths
from fructosa_grafana.dashboards import BOARDS
from fructosa_grafana.panels.panel import BACKENDS
from fructosa_grafana.queries import graphite, prometheus
from fructosa_grafana.queries.expressions import ANY, RAPL_WHOLE, Some, node, nodes, own

LOAD = nodes("fructosa_load_average", minutes="1")
THREADS = nodes("fructosa_cpu_threads")
RECEIVED = node("fructosa_network_receive_bytes_total", interface=ANY)
BUSY = node("fructosa_cpu_utilization_ratio", cpu=ANY)
ALL = 'cluster=~"$cluster",job=~"$job",group=~"$group"'
ONE = 'cluster=~"$cluster",job=~"$job",instance=~"$node"'


@pytest.mark.parametrize(
    ("expr", "in_graphite", "in_prometheus"),
    [
        (
            node("fructosa_memory_total_bytes"),
            "${prefix}$node.fructosa_memory_total_bytes",
            f"fructosa_memory_total_bytes{{{ONE}}}",
        ),
        (
            LOAD,
            "${prefix}$nodes.fructosa_load_average.1",
            f'fructosa_load_average{{{ALL},minutes="1"}}',
        ),
        (
            RECEIVED.rate(),
            "perSecond(${prefix}$node.fructosa_network_receive_bytes_total.*)",
            f"rate(fructosa_network_receive_bytes_total{{{ONE}}}[$__rate_interval])",
        ),
        (
            nodes("fructosa_energy_joules_total", zone=ANY, name=RAPL_WHOLE).sum("instance"),
            "groupByNodes("
            "${prefix}$nodes.fructosa_energy_joules_total.*.{package-*,dram}, 'sum', -4)",
            f'sum by (instance) (fructosa_energy_joules_total{{{ALL},name=~"package-.*|dram"}})',
        ),
        (
            THREADS.sum(),
            "sumSeries(${prefix}$nodes.fructosa_cpu_threads)",
            f"sum(fructosa_cpu_threads{{{ALL}}})",
        ),
        (
            THREADS.count(),
            "countSeries(${prefix}$nodes.fructosa_cpu_threads)",
            f"count(fructosa_cpu_threads{{{ALL}}})",
        ),
        (
            LOAD.sum() / THREADS.sum(),
            "divideSeries(sumSeries(${prefix}$nodes.fructosa_load_average.1), "
            "sumSeries(${prefix}$nodes.fructosa_cpu_threads))",
            f'sum(fructosa_load_average{{{ALL},minutes="1"}}) / sum(fructosa_cpu_threads{{{ALL}}})',
        ),
        (
            own("up").complement().sum(),
            "sumSeries(offset(scale(${prefix}$nodes.up.*, -1), 1))",
            f"sum(1 - up{{{ALL}}})",
        ),
        (
            THREADS.top(3) * 2,
            "scale(highestAverage(${prefix}$nodes.fructosa_cpu_threads, 3), 2)",
            f"topk(3, fructosa_cpu_threads{{{ALL}}}) * 2",
        ),
        (
            node("a_b").max() - node("c_d").min(),
            "diffSeries(maxSeries(${prefix}$node.a_b), minSeries(${prefix}$node.c_d))",
            f"max(a_b{{{ONE}}}) - min(c_d{{{ONE}}})",
        ),
    ],
)
def test_a_query_is_said_in_both_languages(expr, in_graphite, in_prometheus):
    """They mean the same series and the same arithmetic."""
    assert in_graphite == graphite.text(expr)
    assert in_prometheus == prometheus.text(expr)


def test_series_are_divided_by_those_of_the_same_node():
    """In Graphite by their names, which are the node's alone; in Prometheus by the labels left."""
    ratio = LOAD / THREADS

    assert (
        "scale(exclude(asPercent("
        "group(alias(constantLine(1), '-'), "
        "groupByNodes(${prefix}$nodes.fructosa_load_average.1, 'sum', -3)), "
        "group(alias(constantLine(1), '-'), "
        "groupByNodes(${prefix}$nodes.fructosa_cpu_threads, 'sum', -2)), -1), "
        r"'\(-[.,]|\(MISSING,|,MISSING\)'), 0.01)"
    ) == graphite.text(ratio)
    assert (
        f'sum by (instance) (fructosa_load_average{{{ALL},minutes="1"}}) / '
        f"sum by (instance) (fructosa_cpu_threads{{{ALL}}})"
    ) == prometheus.text(ratio)


@pytest.mark.parametrize(
    ("expr", "legend", "in_graphite"),
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
def test_series_are_called_by_their_keys(expr, legend, in_graphite):
    """Graphite takes parts of the path, counted from its end, as prefixes differ in length."""
    assert in_graphite.format(graphite.text(expr)) == graphite.aliased(expr, legend)


def test_prometheus_takes_the_same_legend_with_its_own_braces():
    """The data source fills in labels."""
    assert "{{instance}} in" == prometheus.legend("{instance} in")


def test_what_belongs_to_different_series_is_not_divided():
    """A dashboard that would draw nonsense can't be declared."""
    with pytest.raises(ValueError, match="don't belong together"):
        _ = LOAD / RECEIVED


def test_series_are_not_grouped_by_what_they_do_not_have():
    """A wrong name of a label is noticed at once."""
    with pytest.raises(ValueError, match="can't group by"):
        LOAD.sum("minutes")


def test_only_single_series_are_subtracted():
    """Graphite would subtract all from the first."""
    with pytest.raises(ValueError, match="single series"):
        _ = THREADS - THREADS


def test_values_of_labels_stand_in_paths_as_lmaster_writes_them():
    """The bridge's own naming is asked, for all values that dashboards name."""
    leaves = [leaf for board in BOARDS for backend in BACKENDS for leaf in board.leaves(backend)]

    named = [leaf for leaf in leaves if all(isinstance(value, str) for _, value in leaf.labels)]

    assert any(leaf.labels for leaf in named)
    for leaf in named:
        below = graphite.text(leaf).partition(".")[2]
        assert graphite_paths.path(leaf.metric, leaf.labels) == below


def test_globs_and_regular_expressions_of_a_choice_agree(choice_names):
    """What Graphite and Prometheus choose of real names is the same."""
    for some, chosen, left_out in choice_names:
        for name in chosen + left_out:
            assert (name in chosen) == matches_glob(some, name), name
            assert (name in chosen) == matches_regex(some, name), name


@pytest.fixture
def choice_names():
    """Choices with names of devices that they must take, and some that they must not."""
    from fructosa_grafana.queries.expressions import DISKS, GPU_FAULTS, WIRES

    return [
        (WIRES, ["eth0", "eno1", "enp3s0f1", "ib0", "hsn0"], ["lo", "docker0", "bond0", "ifb0"]),
        (
            DISKS,
            ["sda", "sdaa", "vda", "xvdb", "nvme0n1", "nvme10n1"],
            ["sda1", "nvme0n1p1", "dm-0"],
        ),
        (RAPL_WHOLE, ["package-0", "dram"], ["core", "uncore", "psys"]),
        (
            GPU_FAULTS,
            ["hw_slowdown", "hw_thermal", "hw_power_brake", "sw_thermal", "thermal", "board_limit"],
            ["gpu_idle", "applications_clocks", "sw_power_cap", "power", "sync_boost"],
        ),
    ]


def matches_glob(some: Some, name: str) -> bool:
    """Tell what Graphite would: braces are alternatives, the rest is as in a shell."""
    import fnmatch
    import re

    found = re.fullmatch(r"([^{]*)\{([^}]*)\}(.*)", some.glob)
    globs = [f"{found[1]}{one}{found[3]}" for one in found[2].split(",")] if found else [some.glob]
    return any(fnmatch.fnmatchcase(name, glob) for glob in globs)


def matches_regex(some: Some, name: str) -> bool:
    """Tell what Prometheus would: its expressions are anchored."""
    import re

    return re.fullmatch(some.regex, name) is not None
