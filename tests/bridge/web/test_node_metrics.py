"""/metrics/nodes: what Slurm says of each node, for Prometheus."""

import re

from prometheus_client.parser import text_string_to_metric_families

from fructosa_bridge.web.node_metrics import nodes_page

from ..fake_status import down, many, up
from ..known_slurm import failed_job, many_nodes, node, slurm


def samples(states, known=None):
    """Return the samples of the page: their values by name and labels."""
    families = text_string_to_metric_families(nodes_page(states, known))
    return {
        (one.name.removeprefix("fructosa_"), *one.labels.values()): one.value
        for family in families
        for one in family.samples
    }


def test_each_node_is_expected_unless_slurm_says_otherwise():
    """With the name that its paths in Graphite have, and the instance that Prometheus has."""
    known = slurm(node("n1", "IDLE+DRAIN"), node("n2", "DOWN"))

    found = samples([down("n1"), down("n2"), up("login")], known)

    assert {
        ("node_expected", "n1", "n1:9888"): 0,
        ("node_expected", "n2", "n2:9888"): 1,
        ("node_expected", "login", "login:9888"): 1,
        ("slurm_node_state", "n1", "drained"): 1,
        ("slurm_node_state", "n2", "down"): 1,
    } == found


def test_without_slurm_all_nodes_are_expected():
    """So that a rule need not care whether there is a Slurm."""
    assert {("node_expected", "n1", "n1:9888"): 1} == samples([down("n1")])


def test_a_node_in_several_sections_is_there_once():
    """Prometheus would refuse the page."""
    found = nodes_page([up("n1", "fast"), up("n1", "slow")], slurm(node("n1")))

    lines = re.findall("^[^#].*", found, re.MULTILINE)
    assert 2 == len(lines) == len(set(lines))


def test_jobs_that_failed_on_a_node_are_counted_by_its_name_as_a_target():
    """Nodes without any are left out."""
    jobs = [failed_job("n1"), failed_job("n1"), failed_job("elsewhere")]
    known = slurm(node("n1", address="10.0.0.1"), node("n2"), jobs=jobs)

    found = samples([up("10.0.0.1"), up("n2")], known)

    failed = {key: value for key, value in found.items() if "failed_jobs" in key[0]}
    assert {("slurm_node_failed_jobs", "1"): 2} == failed


def test_names_are_escaped():
    """A host name cannot have these characters, but a page must never be broken."""
    hostile = up('a"b\\c\nd')

    found = samples([hostile])

    (key,) = found
    assert 'a"b\\c\nd:9888' == key[2]


def test_ten_thousand_nodes_fit_into_the_limit_that_the_documentation_recommends():
    """sample_limit and body_size_limit of the job lmaster-nodes in docs/prometheus.md."""
    page = nodes_page(many(10_000), slurm(*many_nodes(10_000)))

    assert len(page) < 16 * 2**20
    assert 20_000 == len(re.findall("^[^#]", page, re.MULTILINE))
