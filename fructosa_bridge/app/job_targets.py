"""Where the pages of jobs are: one for each agent whose node Slurm lists."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from ..config.settings import MasterConfig
from ..config.targets import section_targets
from ..model.access import JOBS_PATH, METRICS_PATH
from ..model.target import Target
from ..nodes.slurm_nodes import NodeList
from ..slurm_states.matching import NodeIndex


class JobTarget(NamedTuple):
    """A page of jobs, and the nodes of Slurm on its machine, of which alone it may tell."""

    target: Target
    nodes: frozenset[str]


def job_targets(config: MasterConfig, nodes: NodeList, index: NodeIndex) -> Mapping[str, JobTarget]:
    """Return the pages of jobs by Slurm's NodeName, of the nodes of all shards.

    An agent has one, however many sections scrape it. Where several slurmd run on a machine, it is
    by the first of them. Sections that scrape other pages are of other exporters.
    Raises: UsageError if the targets are not valid.
    """
    settings = config.jobs
    if settings is None:
        return {}
    found: dict[str, JobTarget] = {}
    endpoints: set[str] = set()
    # Paths in Graphite play no part, and shards neither.
    for target in section_targets(config.nodes, None, slurm=nodes):
        if target.path != METRICS_PATH or target.endpoint in endpoints:
            continue
        names = index.find(target.host)
        if names and names[0] not in found:
            endpoints.add(target.endpoint)
            page = replace(
                target,
                path=JOBS_PATH,
                format="text",
                sensors=(),
                interval_s=settings.interval_s,
                timeout_s=settings.timeout_s,
                is_together=False,
            )
            found[names[0]] = JobTarget(page, frozenset({*names, *index.on_machine_of(names[0])}))
    return found
