"""Slurm's list of nodes for a command: the one that lmaster keeps, or that of one reading."""

import asyncio
from collections.abc import Callable

from fructosa_service.errors import ConfigError, ServiceError

from ..config.settings import MasterConfig
from ..config.slurm_sections import slurm_hosts, unknown_partitions
from ..config.slurm_settings import SlurmSettings
from ..nodes.slurm_nodes import NO_NODES, NodeList
from ..slurm.reader import Reader
from ..slurm_states.kept_nodes import KeptNodes

NO_LIST = (
    "the nodes of hosts = @slurm are not known: lmaster has kept no list of them in {folder}, and "
    "Slurm cannot be read here: {reason}. Start lmaster, or run this command on its machine, as "
    "its user"
)


def current_nodes(
    config: MasterConfig,
    filename: str,
    *,
    is_fresh: bool = False,
    is_needed: bool = False,
    make_reader: Callable[[SlurmSettings], Reader] = Reader,
) -> NodeList:
    """Return the list that the running lmaster keeps; without one, or *is_fresh*, read Slurm.

    It is empty if no section has ``@slurm``, unless it *is_needed*. Slurm is read too if a section
    names a partition that the kept list does not have. If that fails, the kept list is used.
    Raises: ServiceError if there is no list; ConfigError if a section names a partition that Slurm
    does not have.
    """
    if config.slurm is None or not (is_needed or slurm_hosts(config.nodes)):
        return NO_NODES
    kept = KeptNodes(config.master.data_directory)
    nodes = kept.read()
    if is_fresh or not nodes.nodes or unknown_partitions(config.nodes, nodes):
        reader = make_reader(config.slurm)
        reading = asyncio.run(reader.read_nodes())
        if reading is not None and reading.nodes:
            nodes = kept.merged(reading, config.slurm.grace_s)
        elif not nodes.nodes:
            reason = "; ".join(reader.log.problems.values())
            folder = config.master.data_directory
            raise ServiceError(NO_LIST.format(folder=folder, reason=reason))
    if problems := unknown_partitions(config.nodes, nodes):
        raise ConfigError(filename, problems)
    return nodes
