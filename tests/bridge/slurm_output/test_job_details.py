"""The GPUs of jobs, as scontrol show job -d prints them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import SlurmError
from fructosa_bridge.slurm_output.job_details import parse

from .outputs import recorded
from .record_gpus import HOSTILE_NAME
from .test_gpu_indexes import use

OUTPUT = recorded("gpu-jobs")
KEYS = "JobId=7 JobName={name} UserId=ada(1) NumNodes=1 CoreSpec=* JOB_GRES=gpu:1  {nodes} {rest}"
REST = "MinCPUsNode=1 MinMemoryNode=100M Features=(null) Command=(null) WorkDir=/ "
NODES = " Nodes=n1 CPU_IDs=0-1 Mem=100 GRES=gpu:1(IDX:2)"


def line(name="x", nodes=NODES, rest=REST):
    """Return the record of a job."""
    return KEYS.format(name=name, nodes=nodes, rest=rest) + "\n"


def test_jobs_of_all_kinds_are_read():
    """Tasks of an array and parts of a heterogeneous job have ids of their own."""
    found = parse(OUTPUT)

    by_name = {}
    for job_id, name in re.findall(r"^JobId=(\d+) .*?JobName=(\S+) ", OUTPUT, re.MULTILINE):
        by_name.setdefault(name, []).append(found.get(job_id))
    assert [{"n1": use(2)}, {"n1": use(3)}] == sorted(
        by_name["array"], key=lambda one: sorted(one["n1"].indexes)
    )
    assert [{"n2": use(0, 1), "n3": use(0, 1)}] == by_name["two-nodes"]
    assert [{"n2": use(2, 3), "n3": use(2)}] == by_name["uneven"]
    assert [{"n4": use(0)}, {"n4": use(1)}] == by_name["untyped"]
    assert [{"n5": use(1)}] == by_name["second-type"]
    assert [{"n1": use(0)}, {"n2": use()}] == by_name["het"]
    assert [{"n3": use()}] == by_name["without"]


def test_shards_are_parts_of_gpus():
    """A whole GPU beside them is one."""
    found = parse(OUTPUT)

    ids = dict(re.findall(r"^JobId=(\d+) JobName=(\S+) ", OUTPUT, re.MULTILINE))
    by_name = {name: found[job_id] for job_id, name in ids.items() if job_id in found}
    assert {"n6": use(has_parts=True)} == by_name["shard"]
    assert {"n6": use(1)} == by_name["beside-a-shard"]


def test_a_job_that_has_ended_has_no_gpus():
    """Though it is listed with its nodes."""
    assert {"n1": use()} == parse(OUTPUT)["1"]


def test_a_name_that_looks_like_details_makes_only_its_job_unknown():
    """The recorded job has such a name."""
    assert f"JobName={HOSTILE_NAME} " in OUTPUT
    assert "2" not in parse(OUTPUT)


def test_a_record_that_is_there_twice_is_not_known():
    """A name with a newline can make one."""
    assert {} == parse(line() + line(nodes=NODES.replace("2)", "0)")))


def test_a_node_that_is_there_twice_is_not_known():
    """Which of both is right is not said."""
    assert {} == parse(line(nodes=NODES + NODES))


def test_output_that_was_cut_is_refused():
    """The last record would be half of one."""
    with pytest.raises(SlurmError, match="ends in the middle"):
        parse(line()[:-1])


def test_a_cluster_without_jobs_has_none():
    """What scontrol then prints is no record."""
    assert {} == parse("No jobs in the system\n")
    assert {} == parse("")


@given(st.text(max_size=60), st.text(max_size=60))
def test_free_texts_give_no_job_what_it_does_not_have(name, command):
    """Whatever they hold, the details are those of Slurm, or unknown."""
    text = line(name=name, rest=REST + command)

    found = parse(text)

    assert found.get("7", {"n1": use(2)}) == {"n1": use(2)}


@given(st.text("JobId= Nodes=CPU_IDsMemGRES():\n0123456789,-", max_size=300))
def test_any_text_is_read_without_an_error(text):
    """All that is known of a job is by node."""
    found = parse(text + "\n")

    assert all(isinstance(by_node, dict) for by_node in found.values())
