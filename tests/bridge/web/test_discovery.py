"""Targets for Prometheus's service discovery."""

import re

from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.targets import section_targets
from fructosa_bridge.nodes.hosts import parse_hosts
from fructosa_bridge.web.discovery import NODES_JOB, NODES_PATH, nodes_page_group, target_groups

from ..slurm_nodes import node_list, record

_LABEL = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")


def groups(has_slurm=False, **sections):
    """Return the target groups of sections."""
    return target_groups(section_targets(sections, "hpc"), has_slurm=has_slurm)


def test_a_section_is_a_group_of_targets():
    """With its label, interval and timeout; defaults are left out."""
    found = groups(compute=NodesSettings(hosts=("n1", "::1"), interval_s=30))

    labels = {"group": "compute", "__scrape_interval__": "30s", "__scrape_timeout__": "5s"}
    assert [{"targets": ["n1:9888", "[::1]:9888"], "labels": labels}] == found


def test_a_node_with_another_address_is_scraped_there_and_keeps_its_name():
    """As the label instance, which would be the address."""
    section = NodesSettings(hosts=parse_hosts("@slurm"))
    listed = node_list(record("n1", address="10.0.0.1"), record("n2"))

    one, two = target_groups(section_targets({"a": section}, None, slurm=listed))

    assert (["10.0.0.1:9888"], "n1:9888") == (one["targets"], one["labels"]["instance"])
    assert ["n2:9888"] == two["targets"]
    assert "instance" not in two["labels"]


def test_scheme_path_and_parameters_are_labels():
    """Unless they are the defaults; a fraction of a second is written in milliseconds."""
    (found,) = groups(
        gpu=NodesSettings(hosts=("n1",), tls=True, path="/probe?module=a&b[]=1&c=", timeout_s=0.25)
    )

    assert {
        "group": "gpu",
        "__scheme__": "https",
        "__metrics_path__": "/probe",
        "__param_module": "a",
        "__param_c": "",
        "__scrape_interval__": "10s",
        "__scrape_timeout__": "250ms",
    } == found["labels"]


def test_sensors_are_a_label_for_relabelling_only():
    """Prometheus would reject a list with a label for ``collect[]``."""
    (found,) = groups(fast=NodesSettings(hosts=("n1",), sensors=("CPUPercent", "Users")))

    assert "CPUPercent,Users" == found["labels"]["__meta_fructosa_sensors"]


def test_with_slurm_each_target_has_the_name_of_its_node():
    """As in its paths in Graphite, and as on the page of nodes."""
    found = groups(has_slurm=True, gpu=NodesSettings(hosts=("n1.cluster", "10.0.0.2")))

    assert ["n1", "10-0-0-2"] == [group["labels"]["node"] for group in found]


def test_the_page_of_nodes_has_a_job_of_its_own():
    """A Prometheus takes a series for gone after five minutes: Slurm may be read less often."""
    often, seldom = (
        nodes_page_group("head:9889", "https", interval_s) for interval_s in (30, 3600)
    )

    assert ["head:9889"] == often["targets"]
    assert {
        "job": NODES_JOB,
        "__metrics_path__": NODES_PATH,
        "__scheme__": "https",
        "__scrape_interval__": "30s",
        "__scrape_timeout__": "10s",
    } == often["labels"]
    assert "60s" == seldom["labels"]["__scrape_interval__"]


@given(
    st.text("abc&=[]%1_.", max_size=12),
    st.floats(0.05, 5, allow_nan=False),
    st.integers(5, 86400),
)
def test_label_names_and_durations_are_valid(query, timeout_s, interval_s):
    """Whatever query the path has; label values are strings, durations never zero."""
    page = NodesSettings(
        hosts=("n1",), path=f"/a?{query}", timeout_s=timeout_s, interval_s=interval_s
    )

    (found,) = groups(one=page)

    assert all(_LABEL.fullmatch(name) for name in found["labels"])
    assert all(isinstance(value, str) for value in found["labels"].values())
    assert re.fullmatch("[1-9][0-9]*m?s", found["labels"]["__scrape_timeout__"])
