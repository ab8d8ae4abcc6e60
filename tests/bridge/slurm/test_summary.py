"""The state of the cluster as plain values."""

import json
from dataclasses import replace

from fructosa_bridge.slurm.summary import summary

from .small_cluster import NOW_S, READING, SAMPLES, STATES


def summarized(reading=READING, samples=SAMPLES, problems=(), is_up=True):
    """Return a summary as a client gets it."""
    return json.loads(json.dumps(summary(reading, STATES, samples, dict(problems), is_up=is_up)))


def test_nodes_that_take_no_jobs_are_grouped_by_state_and_reason():
    """With since when, and whether they should be up."""
    groups = summarized()["nodes"]

    assert [
        ("down", True, "Not responding", None, "n4"),
        ("drained", False, "bad DIMM", NOW_S - 7200, "n3"),
    ] == [
        (one["state"], one["is_expected"], one["reason"], one["since_s"], one["nodes"])
        for one in groups
    ]


def test_each_partition_has_its_own_numbers_and_the_cluster_counts_each_once():
    """n2 is in both partitions."""
    found = summarized()
    debug, small = found["partitions"]

    assert (4, 1, 4) == tuple(sum(one["nodes"].values()) for one in (debug, small, found["total"]))
    assert {"allocated": 3, "idle": 5, "other": 8} == debug["cpus"] == found["total"]["cpus"]
    assert {"a100": {"allocated": 1, "idle": 3, "other": 4}} == debug["gpus"]
    assert (1, 11) == (debug["jobs"]["running"], debug["jobs"]["pending"])
    assert {"Resources": 1, "JobHeldUser": 10} == debug["pending_by_reason"]
    assert (8, 3600) == (debug["pending_cpus"], debug["oldest_wait_s"])
    assert small["oldest_wait_s"] is None


def test_nodes_on_which_jobs_fail_are_named():
    """Those with most first."""
    assert [{"node": "n4", "jobs": 2}] == summarized()["failed_jobs"]


def test_what_was_not_read_is_null_rather_than_zero():
    """Of jobs that PrivateData hides, nothing is known."""
    reading = replace(READING, jobs=None, nodes=None)

    found = summarized(reading, {}, {"squeue": "hidden"}.items())

    assert (None, None) == (found["nodes"], found["failed_jobs"])
    assert (None, None) == (found["total"]["jobs"], found["total"]["cpus"])
    assert {"squeue": "hidden"} == found["problems"]


def test_before_the_first_reading_there_is_only_the_state():
    """A problem may be known already."""
    assert {"is_configured": True, "is_up": None, "problems": {}} == summarized(None, is_up=None)
