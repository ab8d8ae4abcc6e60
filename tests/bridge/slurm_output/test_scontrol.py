"""scontrol: nodes, partitions, reservations, licenses and the configuration."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import SlurmError
from fructosa_bridge.slurm_output.records import (
    LicenseRecord,
    PartitionRecord,
    ReservationRecord,
    SlurmConfig,
)
from fructosa_bridge.slurm_output.scontrol import INVALID_RECORD, parse, parse_config

from .outputs import HERE, WRITTEN, recorded
from .record import FORGED_NODE, HOSTILE_REASON

OUTPUT = recorded("scontrol")
FOUND = parse(OUTPUT)
NODES = {node.name: node for node in FOUND.nodes}
NODE = next(line for line in OUTPUT.splitlines() if line.startswith("NodeName=cpu2 "))
TIME_S = NODES["cpu1"].reason_time_s
MB = 2**20
pieces = st.sampled_from(
    [*" =[]@09,", "Reason", "NodeName", "State", " [a@1]", " [b@2] ", " Partitions=x", " Extra="]
)
free_text = st.lists(pieces | st.characters(codec="utf-8", exclude_characters="\n")).map("".join)


def written(version):
    """Return the records that are written for a version."""
    return parse((HERE / "written" / version / "scontrol").read_text())


def test_all_nodes_are_read_also_future_ones():
    """A powered-down CLOUD node is in no output, unless slurm.conf has PrivateData = cloud."""
    assert {
        *("cpu1", "cpu2", "cpu3", "cpu4", "dead1", "spare1", "typed1", "plain1", "later1"),
    } == NODES.keys()
    assert ("FUTURE", None) == (NODES["later1"].base_state, NODES["later1"].boot_time_s)


def test_each_value_of_a_node_is_in_its_field():
    """In base units."""
    node = NODES["cpu2"]

    assert ("127.0.0.1", "head") == (node.address, node.host_name)
    assert ("MIXED", frozenset(), ("debug", "everything")) == node[3:6]
    assert (4, 3, 4000 * MB, 300 * MB) == node[6:10]
    assert (None, None, None) == (node.reason, node.reason_user, node.reason_time_s)
    assert node.boot_time_s < TIME_S


def test_gpus_are_counted_by_type():
    """GPUs without a type are of type gpu."""
    assert ({"a100": 2}, {"a100": 1}) == (NODES["typed1"].gpus, NODES["typed1"].allocated_gpus)
    assert ({"gpu": 2}, {"gpu": 2}) == (NODES["plain1"].gpus, NODES["plain1"].allocated_gpus)
    assert {} == NODES["cpu1"].gpus


@pytest.mark.parametrize(
    ("name", "base_state", "flags", "reason"),
    [
        ("cpu1", "IDLE", {"DRAIN"}, HOSTILE_REASON),
        ("cpu3", "MIXED", {"DRAIN"}, "soon out"),
        ("cpu4", "ALLOCATED", set(), None),
        ("dead1", "DOWN", {"NOT_RESPONDING"}, "Not responding"),
        ("spare1", "DOWN", {"MAINTENANCE", "RESERVED"}, "DIMM 3 of socket 1"),
        ("plain1", "MIXED", {"FAIL"}, "two lines [nobody@3]"),
        ("typed1", "MIXED", set(), None),  # it has a comment that looks like a reason
    ],
)
def test_a_node_has_its_state_and_its_reason(name, base_state, flags, reason):
    """Whatever the reason or the comment holds."""
    node = NODES[name]

    assert (base_state, flags, reason) == (node.base_state, node.flags, node.reason)
    if reason is not None:
        assert ("root", True) == (node.reason_user, TIME_S <= node.reason_time_s < TIME_S + 60)


def test_partitions_reservations_and_licenses_are_read():
    """Also a partition without nodes."""
    start_s = FOUND.reservations[0].start_s

    assert [
        PartitionRecord("debug", True, 8, "cloud1,cpu[1-4],dead1,later1,spare1"),
        PartitionRecord("gpu", True, 2, "plain1,typed1"),
        PartitionRecord(
            "everything", True, 10, "cloud1,cpu[1-4],dead1,later1,plain1,spare1,typed1"
        ),
        PartitionRecord("closed", False, 1, "cpu1"),
        PartitionRecord("empty", True, 0),
    ] == FOUND.partitions
    assert [("service", True, 1), ("course", False, 2)] == [one[:3] for one in FOUND.reservations]
    assert FOUND.reservations[0] == ReservationRecord(
        "service", True, 1, ("MAINT", "SPEC_NODES"), start_s, start_s + 3600
    )
    assert [LicenseRecord("matlab", 10, 0, 0), LicenseRecord("solver", 3, 3, 0)] == FOUND.licenses


def test_what_a_user_may_not_see_is_absent():
    """scontrol goes on after a request that is denied; it says that there are no reservations."""
    found = parse(recorded("private-scontrol"))

    assert ([], []) == (found.nodes, found.reservations)
    assert (FOUND.partitions, FOUND.licenses) == (found.partitions, found.licenses)


def test_outputs_of_slurm_23_02():
    """A node's comment, or that of a reservation, is not taken for other keys."""
    found = written("23.02")

    assert [("a1", "ALLOCATED", {"h100": 2}), ("a2", "DOWN", {})] == [
        (node.name, node.base_state, node.gpus) for node in found.nodes
    ]
    assert ("memory", "admin", 1750700000.0) == found.nodes[1][12:15]
    assert [("winter", True, 1)] == [one[:3] for one in found.reservations]
    assert [LicenseRecord("solver", total=10, used=3, reserved=2)] == found.licenses


def test_outputs_after_slurm_24_11():
    """Without prompts and CapWatts, with new lines, free texts after the reason, and a new flag."""
    found = written("25.05")
    nodes = {node.name: node for node in found.nodes}

    assert {"MIXED", "IDLE", "DOWN"} == {node.base_state for node in found.nodes}
    assert {"gpu": 2, "b200": 4} == nodes["b1"].gpus
    assert {"gpu": 1, "b200": 3} == nodes["b1"].allocated_gpus
    assert nodes["b1"].reason is None
    assert {"CLOUD", "POWERED_DOWN", "?"} == nodes["b2"].flags
    assert ("two lines", "slurm", 1750700000.0) == nodes["b2"][12:15]
    assert ("reboot ASAP : kernel", "root") == nodes["b3"][12:14]
    assert [PartitionRecord("batch", False, 3, "b[1-3]")] == found.partitions
    assert [] == found.reservations
    assert [("remote@server", 10, 3), ("solver", 1, 0)] == [one[:3] for one in found.licenses]


def test_outputs_of_slurm_25_11():
    """With GRES that are no GPUs, and CPUs that are not for jobs."""
    found = written("25.11")

    assert [({"rtx_5090": 4}, {"rtx_5090": 0})] * 2 == [node[10:12] for node in found.nodes]
    assert ("health_ps___blocked", "root", 1777431978.0) == found.nodes[0][12:15]
    assert ([], []) == (found.reservations, found.licenses)


def node_line(reason, comment):
    """Return a node as scontrol prints it, with a reason of lines, and a comment."""
    first, *others = (line for line in reason.split("\n") if line)
    lines = "".join(f"        {line}" for line in others)
    more = "" if comment is None else f" Comment={comment}"
    return f"{NODE} Reason={first} [root@1795989324]{lines}{more}\n"


@given(
    st.lists(free_text.filter(lambda text: text.strip()), min_size=1, max_size=3).map("\n".join),
    st.none() | free_text,
)
def test_whatever_a_reason_holds_there_are_no_other_nodes(reason, comment):
    """And the node keeps its values."""
    (node,) = parse(node_line(reason, comment)).nodes

    assert NODES["cpu2"][:12] == node[:12]
    assert NODES["cpu2"].boot_time_s == node.boot_time_s


def test_a_key_that_is_absent_is_not_found_in_a_reason():
    """A node in no partition is in none."""
    line = node_line(FORGED_NODE + " GresUsed=gpu:9", None).replace(
        " Partitions=debug,everything ", " ", 1
    )
    (node,) = parse(line.replace(" GresUsed=gpu:0", "", 1)).nodes

    assert ((), {}) == (node.partitions, node.allocated_gpus)


@given(st.integers(0, len(OUTPUT) - 1))
def test_output_that_was_cut_is_an_error(end):
    """Half a cluster is worse than none."""
    if OUTPUT[:end] and not OUTPUT.startswith("scontrol: quit", OUTPUT.rfind("\n", 0, end) + 1):
        with pytest.raises(SlurmError):
            parse(OUTPUT[:end])


def test_output_that_was_cut_between_two_records_is_an_error():
    """All requests have their prompts."""
    ends = [found.end() for found in re.finditer("\n", OUTPUT)]

    for end in ends[:-1]:
        with pytest.raises(SlurmError, match="ends in the middle"):
            parse(OUTPUT[:end])


@given(st.data())
def test_cut_output_without_prompts_is_an_error_or_the_first_records(data):
    """Not all versions print a prompt."""
    output = re.sub("^scontrol: .*\n", "", OUTPUT, flags=re.MULTILINE)
    end = data.draw(st.integers(0, len(output) - 1))
    try:
        found = parse(output[:end])
    except SlurmError:
        return
    for all_records, some in zip(FOUND, found, strict=True):
        assert all_records[: len(some)] == some


@given(st.data())
def test_lost_and_repeated_lines_give_an_error_or_true_records(data):
    """A line is a record."""
    lines = OUTPUT.splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 1))
    times = data.draw(st.sampled_from([0, 2]))
    try:
        found = parse("".join([*lines[:place], *[lines[place]] * times, *lines[place + 1 :]]))
    except SlurmError:
        return
    for all_records, some in zip(FOUND, found, strict=True):
        assert [] == [one for one in some if one not in all_records]


@given(st.integers(0, len(OUTPUT)), st.binary(max_size=20))
def test_inserted_bytes_give_an_error_or_records(place, inserted):
    """Never another exception, and at most one record more or less."""
    try:
        found = parse(OUTPUT[:place] + inserted.decode(errors="replace") + OUTPUT[place:])
    except SlurmError:
        return
    assert abs(len(found.nodes) - len(NODES)) <= 1


@given(st.text(), st.text())
def test_any_text_is_an_error_or_no_record(before, after):
    """Warnings, for instance."""
    for text in (before, f"NodeName={before}\n{after}", f"{before}\nLicenseName=a Total={after}\n"):
        try:
            found = parse(text)
        except SlurmError:
            continue
        assert ([], [], []) == found[:3]


@pytest.mark.parametrize(
    "text",
    [
        "scontrol: " * 100_000 + "\n",
        f"{NODE} Reason={' [a@' * 100_000}\n",
        f"{NODE} Reason={' [a@1] Comment' * 50_000}\n",
        f"{NODE} Comment={' Reason=' * 100_000}\n",
        f"{NODE.replace('Partitions=', 'Partitions=x,' + 'y,' * 100_000)}\n",
        f"{NODE.replace('Gres=(null)', 'Gres=' + '(' * 100_000)}\n",
    ],
)
def test_a_long_line_is_read_once(text):
    """Not once for each of its parts."""
    assert len(parse(text + "scontrol: quit\n" * 5).nodes) == text.count("NodeName=")


@pytest.mark.parametrize(
    "key", ["CPUAlloc", "CPUTot", "RealMemory", "AllocMem", "State", "NodeAddr"]
)
def test_a_node_without_a_value_is_an_error(key):
    """The message says what is missing, and where."""
    line = re.sub(rf" {key}=\S+", "", NODE)

    with pytest.raises(SlurmError) as raised:
        parse(line + "\n")

    assert INVALID_RECORD.format(record=repr(line[:60]), key=key) == str(raised.value)


def test_the_configuration_says_what_concerns_the_readings():
    """Who runs slurmctld, what is hidden, and how long ended jobs stay."""
    text = recorded("config")
    private = text.replace("PrivateData             = none", "PrivateData  = Jobs,nodes")

    plugins = {
        "ProctrackType": "proctrack/linuxproc",
        "JobAcctGatherType": "jobacct_gather/none",
        "PrologFlags": "(null)",
    }
    assert SlurmConfig("hpc", "22.05.8", "root", frozenset(), 300, plugins) == parse_config(text)
    assert frozenset({"jobs", "nodes"}) == parse_config(private).private_data


@given(st.text() | st.integers(0, 6000).map(recorded("config").__getitem__).map("x{} = ".format))
def test_another_text_is_no_configuration(text):
    """It lacks the version."""
    with pytest.raises(SlurmError, match="SLURM_VERSION"):
        parse_config(text)


def test_the_written_versions_are_all_tested():
    """One test for each folder."""
    assert ["23.02", "25.05", "25.11"] == [folder.name for folder in WRITTEN]
