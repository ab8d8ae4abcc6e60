"""Where the pages of jobs are."""

from dataclasses import replace

from fructosa_bridge.app.job_targets import job_targets
from fructosa_bridge.config.jobs_settings import JobsSettings
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.settings import GraphiteSettings, MasterConfig, MasterSettings
from fructosa_bridge.config.shard import Shard
from fructosa_bridge.config.slurm_settings import SlurmSettings
from fructosa_bridge.nodes.hosts import parse_hosts
from fructosa_bridge.slurm_states.matching import NodeIndex
from fructosa_service.logs import LoggingSettings

from ..slurm_nodes import node_list, record

JOBS = JobsSettings()
NODES = node_list(
    record("n1", "batch", address="10.0.0.1", host_name="n1.site"), record("n2", "batch")
)


def section(hosts, **changes):
    """Return a section with these hosts."""
    return NodesSettings(hosts=parse_hosts(hosts), **changes)


def found(nodes=NODES, jobs=JOBS, **sections):
    """Return the targets of a configuration with these sections."""
    config = MasterConfig(
        master=MasterSettings(),
        nodes=sections,
        destinations={"": GraphiteSettings(send=False)},
        logging=LoggingSettings(),
        slurm=SlurmSettings(),
        jobs=jobs,
    )
    return job_targets(config, nodes, NodeIndex(nodes.nodes))


def pages(*arguments, **sections):
    """Return the targets alone."""
    return {node: one.target for node, one in found(*arguments, **sections).items()}


def test_each_agent_has_one_page_by_the_name_of_its_node():
    """However many sections scrape it, and however they call it."""
    targets = pages(
        fast=section("n1.site, n2"), slow=section("n[1-2]", interval_s=300, prefix="slow")
    )

    assert {"n1": "n1.site:9888", "n2": "n2:9888"} == {
        node: target.name for node, target in targets.items()
    }
    assert {"/jobs"} == {target.path for target in targets.values()}


def test_it_is_requested_in_the_text_format():
    """It has no other, whatever its section requests for /metrics."""
    (target,) = pages(one=section("n1", format="openmetrics")).values()

    assert target.format == "text"


def test_it_has_the_interval_of_jobs_and_the_access_of_its_section():
    """Sensors are for /metrics."""
    (target,) = pages(
        jobs=JobsSettings(interval_s=60, timeout_s=7),
        all=section("n1", port=9999, tls=True, sensors=("CPUPercent",), interval_s=1),
    ).values()

    assert (60, 7, 9999) == (target.interval_s, target.timeout_s, target.port)
    assert "https://n1:9999/jobs" == target.url


def test_nodes_of_slurm_are_reached_at_their_addresses():
    """As for scraping."""
    targets = pages(all=section("@slurm"))

    assert {"n1": "10.0.0.1", "n2": "n2"} == {
        node: target.reached_at for node, target in targets.items()
    }


def test_what_slurm_does_not_list_and_other_exporters_have_no_jobs():
    """A head node, or a page of a program that is no agent."""
    assert {} == pages(head=section("head"), other=section("n1", path="/probe"))


def test_the_nodes_of_all_shards_are_read():
    """One lmaster keeps all jobs."""
    with_shard = replace(MasterSettings(), shard=Shard(1, 2))
    config = MasterConfig(
        master=with_shard,
        nodes={"all": section("n[1-2]")},
        destinations={"": GraphiteSettings(send=False)},
        logging=LoggingSettings(),
        slurm=SlurmSettings(),
        jobs=JobsSettings(),
    )

    assert {"n1", "n2"} == job_targets(config, NODES, NodeIndex(NODES.nodes)).keys()


def test_several_slurmd_on_a_machine_have_one_agent():
    """It is called as the first of them; the page says which job is whose."""
    nodes = node_list(*(record(f"v{n}", address="10.0.0.9", host_name="big") for n in (1, 2)))

    assert {"v1": {"v1", "v2"}} == {
        node: one.nodes for node, one in found(nodes, all=section("big")).items()
    }


def test_without_jobs_there_are_no_pages():
    """The section is missing."""
    assert {} == pages(jobs=None, all=section("n1"))
