"""Sections with hosts = @slurm: what they need of the file and of Slurm."""

import pytest

from fructosa_bridge.config.settings import read_config
from fructosa_bridge.config.shard import Shard
from fructosa_bridge.config.slurm_sections import (
    SHARDED,
    UNKNOWN_PARTITION,
    WITHOUT_SECTION,
    shard_warning,
    slurm_hosts,
    unknown_partitions,
)
from fructosa_bridge.nodes import hosts
from fructosa_bridge.nodes.slurm_nodes import NO_NODES
from fructosa_service.errors import ConfigError

from ..slurm_nodes import node_list, record

SECTIONS = (
    "[nodes:all]\nhosts = @slurm\n[nodes:gpu]\nhosts = @slurm:gpu!n1\n[nodes:own]\nhosts = a\n"
)
NODES = node_list(record("n1", "gpu"), record("n2", "debug"), partitions=["empty"])


def read(tmp_path, text):
    """Return the configuration with this text."""
    path = tmp_path / "lmaster.conf"
    path.write_text(text)
    return read_config(path)


def test_the_sections_with_slurm_are_found(tmp_path):
    """With what was written."""
    config = read(tmp_path, f"{SECTIONS}[slurm]\n")

    found = slurm_hosts(config.nodes)

    assert {"all": "@slurm", "gpu": "@slurm:gpu!n1"} == {
        key: one.text for key, one in found.items()
    }
    assert ("a",) == config.nodes["own"].hosts


def test_without_the_section_slurm_each_is_an_error(tmp_path):
    """The message says what to add."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, SECTIONS)

    assert [
        f"[nodes:all] hosts: '@slurm' {WITHOUT_SECTION}",
        f"[nodes:gpu] hosts: '@slurm:gpu!n1' {WITHOUT_SECTION}",
    ] == [str(problem) for problem in caught.value.problems]


def test_without_the_section_slurm_a_source_of_groups_conf_with_this_name_counts(
    tmp_path, monkeypatch
):
    """ClusterShell comes with an example of such a source."""
    groups = tmp_path / "groups.conf"
    groups.write_text("[slurm]\nmap: [ $GROUP = gpu ] && echo n[1-3]\n")
    monkeypatch.setattr(hosts, "DEF_GROUPS_CONFIGS", [str(groups)])

    config = read(tmp_path, "[nodes:gpu]\nhosts = @slurm:gpu!n2\n")

    assert ("n1", "n3") == config.nodes["gpu"].hosts


def test_an_unknown_partition_is_a_problem_that_names_the_known_ones(tmp_path):
    """A partition without nodes is known; before the first list none is unknown."""
    text = "[slurm]\n[nodes:a]\nhosts = @slurm:empty,@slurm:gpux,@slurm:gpu\n"
    nodes = read(tmp_path, text).nodes

    problems = unknown_partitions(nodes, NODES)

    message = UNKNOWN_PARTITION.format(name="'gpux'", known="; it has debug, empty, gpu")
    text = "'@slurm:empty,@slurm:gpux,@slurm:gpu'"
    assert [f"[nodes:a] hosts: {text} {message}"] == list(map(str, problems))
    assert [] == unknown_partitions(nodes, NO_NODES)


def test_many_known_partitions_are_cut(tmp_path):
    """A line is read, a page is not."""
    nodes = read(tmp_path, "[slurm]\n[nodes:a]\nhosts = @slurm:x\n").nodes
    listed = node_list(record("n1", *(f"p{number:02}" for number in range(30))))

    (problem,) = unknown_partitions(nodes, listed)

    assert str(problem).endswith("p18, p19 and 10 more")


def test_several_shards_with_slurm_are_a_warning(tmp_path):
    """Each would write the series of the cluster."""
    config = read(tmp_path, f"{SECTIONS}[slurm]\n[lmaster]\nshard = 2/5\n")

    warning = SHARDED.format(shard="2/5", count=5)
    assert (f"{tmp_path / 'lmaster.conf'}: {warning}",) == config.warnings
    assert None is shard_warning(Shard(1, 1)) is shard_warning(None)
