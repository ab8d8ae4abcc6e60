"""PromQL of expressions."""

import pytest

from fructosa_grafana.queries.expressions import ANY, node, nodes, scrape_metric, slurm
from fructosa_grafana.queries.prometheus import legend, text
from fructosa_service.device_names import RAPL_ZONES

LOAD = nodes("fructosa_load_average", minutes="1")
THREADS = nodes("fructosa_cpu_threads")
RECEIVED = node("fructosa_network_receive_bytes_total", interface=ANY)
ALL = 'cluster=~"$cluster",job=~"$job",group=~"$group"'
ONE = 'cluster=~"$cluster",job=~"$job",instance=~"$node"'


@pytest.mark.parametrize(
    ("expr", "query"),
    [
        (node("fructosa_memory_total_bytes"), f"fructosa_memory_total_bytes{{{ONE}}}"),
        (LOAD, f'fructosa_load_average{{{ALL},minutes="1"}}'),
        (slurm("up"), 'fructosa_slurm_up{cluster=~"$cluster"}'),
        (RECEIVED.rate(), f"rate(fructosa_network_receive_bytes_total{{{ONE}}}[$__rate_interval])"),
        (
            nodes("fructosa_energy_joules_total", zone=ANY, name=RAPL_ZONES).sum("instance"),
            f'sum by (instance) (fructosa_energy_joules_total{{{ALL},name=~"package-.*|dram"}})',
        ),
        (THREADS.sum(), f"sum(fructosa_cpu_threads{{{ALL}}})"),
        (THREADS.count(), f"count(fructosa_cpu_threads{{{ALL}}})"),
        (
            LOAD.sum() / THREADS.sum(),
            f'sum(fructosa_load_average{{{ALL},minutes="1"}}) / sum(fructosa_cpu_threads{{{ALL}}})',
        ),
        (scrape_metric("up").complement().sum(), f"sum(1 - up{{{ALL}}})"),
        (THREADS.top(3) * 2, f"topk(3, fructosa_cpu_threads{{{ALL}}}) * 2"),
        (node("a_b").max() - node("c_d").min(), f"max(a_b{{{ONE}}}) - min(c_d{{{ONE}}})"),
    ],
)
def test_each_operation_has_a_function_or_operator(expr, query):
    """Every selector has the labels that are chosen at the top of the dashboard."""
    assert query == text(expr)


def test_series_are_divided_by_those_of_the_same_node():
    """All labels but the keys are aggregated away, so both sides match."""
    assert (
        f'sum by (instance) (fructosa_load_average{{{ALL},minutes="1"}}) / '
        f"sum by (instance) (fructosa_cpu_threads{{{ALL}}})"
    ) == text(LOAD / THREADS)


def test_an_operand_is_put_in_parentheses_if_precedence_requires_it():
    """So that 1 - a / b is not computed instead of (1 - a) / b."""
    is_down = scrape_metric("up").complement().sum()

    assert f"(sum(1 - up{{{ALL}}}) / sum(up{{{ALL}}})) * 100" == text(
        (is_down / scrape_metric("up").sum()) * 100
    )


def test_a_legend_has_the_braces_of_the_data_source():
    """Which fills in the labels."""
    assert "{{instance}} in" == legend("{instance} in")


def test_what_is_not_an_expression_is_rejected():
    """A new kind of expression needs a rendering."""
    with pytest.raises(TypeError, match="not a known expression"):
        text("up")
