"""Query expressions: their keys, their leaves, and what cannot be declared."""

import fnmatch
import re

import pytest

from fructosa_grafana.queries.expressions import (
    ANY,
    GPU_FAULTS,
    cluster_total,
    node,
    nodes,
    scrape_metric,
    slurm,
)
from fructosa_service.device_names import DISKS, NETWORK_INTERFACES, RAPL_ZONES

LOAD = nodes("fructosa_load_average", minutes="1")
THREADS = nodes("fructosa_cpu_threads")
RECEIVED = node("fructosa_network_receive_bytes_total", interface=ANY)


@pytest.mark.parametrize(
    ("expr", "keys"),
    [
        (RECEIVED, ("interface",)),
        (nodes("a", disk=NETWORK_INTERFACES, mode="idle"), ("instance", "disk")),
        (nodes("a", disk=ANY).rate().top(3) * 2, ("instance", "disk")),
        (nodes("a", disk=ANY).max("instance"), ("instance",)),
        (LOAD / THREADS, ("instance",)),
        (THREADS.sum() - LOAD.sum(), ()),
        (scrape_metric("up"), ("instance", "group")),
        (slurm("nodes", partition=ANY, state="idle"), ("partition",)),
    ],
)
def test_keys_are_the_node_and_the_labels_without_a_fixed_value(expr, keys):
    """The series of one node have no node among their keys."""
    assert keys == expr.keys


def test_leaves_are_the_series_that_an_expression_reads():
    """Those of both sides, from left to right."""
    assert [LOAD, THREADS] == list((LOAD.sum() / THREADS.sum()).leaves())


def test_a_cluster_total_adds_up_the_sections_of_lmaster():
    """Lmaster exposes one series per section of its configuration."""
    (leaf,) = cluster_total("cpu_threads").leaves()

    assert ("fructosa_cluster_cpu_threads", "master") == (leaf.metric, leaf.scope)
    assert (("section", ANY),) == leaf.labels


def test_slurm_is_there_once_whichever_lmaster_reads_it():
    """Its metrics have a name in common."""
    (leaf,) = slurm("jobs", partition=ANY, state="pending").leaves()

    assert ("fructosa_slurm_jobs", "slurm") == (leaf.metric, leaf.scope)


def test_series_with_different_keys_cannot_be_divided():
    """A panel that makes no sense cannot be declared."""
    with pytest.raises(ValueError, match="cannot match series"):
        _ = LOAD / RECEIVED


def test_series_cannot_be_grouped_by_unknown_keys():
    """A misspelled label is found when the module is imported."""
    with pytest.raises(ValueError, match="cannot group by"):
        LOAD.sum("minutes")


def test_only_single_series_can_be_subtracted():
    """Graphite would subtract all series from the first one."""
    with pytest.raises(ValueError, match="single series"):
        _ = THREADS - THREADS


@pytest.mark.parametrize(
    ("some", "chosen", "left_out"),
    [
        (
            NETWORK_INTERFACES,
            ["eth0", "eno1", "enp3s0f1", "ib0", "hsn0"],
            ["lo", "docker0", "bond0", "ifb0"],
        ),
        (
            DISKS,
            ["sda", "sdaa", "vda", "xvdb", "nvme0n1", "nvme10n1"],
            ["sda1", "nvme0n1p1", "dm-0"],
        ),
        (RAPL_ZONES, ["package-0", "dram"], ["core", "uncore", "psys"]),
        (
            GPU_FAULTS,
            ["hw_slowdown", "hw_thermal", "hw_power_brake", "sw_thermal", "thermal", "board_limit"],
            ["gpu_idle", "applications_clocks", "sw_power_cap", "power", "sync_boost"],
        ),
    ],
)
def test_glob_and_regular_expression_match_the_same_values(some, chosen, left_out):
    """So Graphite and Prometheus select the same series."""
    values = chosen + left_out

    assert chosen == [value for value in values if matches_glob(some.glob, value)]
    assert chosen == [value for value in values if re.fullmatch(some.regex, value)]


def matches_glob(glob, value):
    """Return whether Graphite's glob matches: with alternatives in braces, else as in a shell."""
    found = re.fullmatch(r"([^{]*)\{([^}]*)\}(.*)", glob)
    globs = [f"{found[1]}{one}{found[3]}" for one in found[2].split(",")] if found else [glob]
    return any(fnmatch.fnmatchcase(value, one) for one in globs)
