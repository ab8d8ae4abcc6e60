"""The sensor NUMAMemory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.system.numa import NUMAMemory, parse_meminfo, parse_numastat

from ...machine import values
from ...recorded import changed, kernel

NODE0 = "/sys/devices/system/node/node0"
MIB = 1024**2


def of_node(found, node):
    """Return the values of one *node*, by the metric's name and further labels."""
    return {(key[0], *key[2:]): value for key, value in found.items() if key[1] == node}


def test_memory_and_pages_of_each_node():
    """kB become bytes; page counts stay as they are, and huge pages become bytes by size."""
    found = values(NUMAMemory(read=kernel("numa")))

    expected = {
        ("numa_memory_total_bytes",): 134182340 * 1024,
        ("numa_memory_free_bytes",): 53030372 * 1024,
        ("numa_memory_used_bytes",): 81151968 * 1024,
        ("numa_memory_file_bytes",): 70170916 * 1024,
        ("numa_memory_anonymous_bytes",): 788196 * 1024,
        ("numa_memory_shared_bytes",): 47860 * 1024,
        ("numa_memory_slab_bytes",): 6654304 * 1024,
        ("numa_memory_dirty_bytes",): 20 * 1024,
        ("numa_hugepages_total_bytes", "2048kB"): 2048 * 2 * MIB,
        ("numa_hugepages_free_bytes", "2048kB"): 1536 * 2 * MIB,
        ("numa_hugepages_total_bytes", "1048576kB"): 0,
        ("numa_hugepages_free_bytes", "1048576kB"): 0,
        ("numa_hit_pages_total",): 193460335812,
        ("numa_miss_pages_total",): 12624528,
        ("numa_foreign_pages_total",): 59858623300,
        ("numa_interleave_hit_pages_total",): 57146,
        ("numa_local_pages_total",): 193454780853,
        ("numa_other_pages_total",): 18179487,
    }
    assert expected == of_node(found, "0")
    assert of_node(found, "1")["numa_miss_pages_total",] == 59858626709
    assert of_node(found, "1")["numa_hugepages_free_bytes", "1048576kB"] == 15 * 1024 * MIB
    assert {"0", "1"} == {key[1] for key in found}


def test_a_virtual_machine_has_one_node():
    """Unknown fields of newer kernels are ignored; without huge pages their bytes are zero."""
    found = values(NUMAMemory(read=kernel("numa_one_node")))

    assert {"0"} == {key[1] for key in found}
    assert found["numa_memory_total_bytes", "0"] == 5596960 * 1024
    assert found["numa_hugepages_total_bytes", "0", "2048kB"] == 0
    assert {metric.name for metric in NUMAMemory.metrics} == {f"fructosa_{key[0]}" for key in found}


def test_the_sensor_is_unavailable_without_numa(tmp_path):
    """The folder of nodes does not exist."""
    with pytest.raises(SensorUnavailable, match="no NUMA nodes"):
        values(NUMAMemory(read=Kernel(tmp_path)))


@pytest.mark.parametrize(
    "files",
    [
        {f"{NODE0}/meminfo": None, f"{NODE0}/numastat": None, f"{NODE0}/hugepages": None},
        {f"{NODE0}/meminfo": "", f"{NODE0}/numastat": "", f"{NODE0}/hugepages": None},
        {
            f"{NODE0}/meminfo": "Node 0 MemTotal: lots kB\nNode 0 MemFree:\nNode 0\n\x00",
            f"{NODE0}/numastat": "numa_hit\nnuma_miss -1\nnuma_foreign 1 2\nother_node N/A",
            f"{NODE0}/hugepages": None,
        },
        {
            f"{NODE0}/meminfo": f"Node 0 MemTotal: {'9' * 400} kB",
            f"{NODE0}/numastat": f"numa_hit {'9' * 5000}",
            f"{NODE0}/hugepages": None,
            f"{NODE0}/hugepages/hugepages-2048kB/nr_hugepages": "9" * 400,
            f"{NODE0}/hugepages/hugepages-2048kB/free_hugepages": "-1",
            f"{NODE0}/hugepages/hugepages-hugekB/nr_hugepages": "1",
        },
    ],
    ids=["vanished", "empty", "no numbers", "huge"],
)
def test_an_unreadable_node_costs_only_itself(tmp_path, files):
    """It may have been removed since the nodes were listed."""
    found = values(NUMAMemory(read=changed("numa", tmp_path, files)))

    assert {"1"} == {key[1] for key in found}
    assert len(found) == 18


def test_a_truncated_line_costs_only_itself(tmp_path):
    """The other lines are used."""
    text = "Node 0 MemTotal:  1024 kB\nNode 0 MemFree:  5"
    read = changed("numa", tmp_path, {f"{NODE0}/meminfo": text})

    found = of_node(values(NUMAMemory(read=read)), "0")

    assert found["numa_memory_total_bytes",] == MIB
    assert ("numa_memory_free_bytes",) not in found


def test_folders_with_other_names_are_ignored(tmp_path):
    """Even if the name is not valid UTF-8."""
    changed("numa", tmp_path, {})
    (tmp_path / "sys/devices/system/node" / b"node\xff".decode("utf-8", "surrogateescape")).mkdir()

    assert {"0", "1"} == {key[1] for key in values(NUMAMemory(read=Kernel(tmp_path)))}


@given(st.text())
def test_any_text_is_parsed(text):
    """The numbers are never negative."""
    for parse in (parse_meminfo, parse_numastat):
        assert all(value >= 0 for value in parse(text).values())


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_]{1,20}", fullmatch=True), st.integers(0, 2**50), max_size=9
    )
)
def test_lines_are_parsed_as_the_kernel_prints_them(counts):
    """Whatever the padding."""
    meminfo = "\n".join(f"Node 12 {name}: {value:8} kB" for name, value in counts.items())
    numastat = "\n".join(f"{name} {value}" for name, value in counts.items())

    assert {name: value * 1024 for name, value in counts.items()} == parse_meminfo(meminfo)
    assert counts == parse_numastat(numastat)
