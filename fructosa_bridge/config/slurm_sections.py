"""Sections ``[nodes:…]`` with ``hosts = @slurm``: what they need, and what is wrong with them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from fructosa_service.errors import ConfigError, Problem, shown

from ..nodes.hosts import SlurmHosts, expand_all, machine_groups
from ..nodes.slurm_nodes import NodeList
from .nodes_settings import NodesSettings
from .shard import Shard

WITHOUT_SECTION = (
    "needs Slurm's list of nodes; add a section [slurm], even an empty one, or define the group "
    "in groups.conf"
)
UNKNOWN_PARTITION = "names the partition {name}, which Slurm does not have{known}"
SHARDED = (
    "[slurm] with shard = {shard}: each lmaster that has [slurm] writes the series of the cluster, "
    "with {count} shards {count} times; keep it in one, unless hosts = @slurm needs it"
)
_MOST_NAMED = 20


def slurm_hosts(nodes: Mapping[str, NodesSettings]) -> dict[str, SlurmHosts]:
    """Return the hosts of the sections that name ``@slurm``, by section."""
    hosts = {group: settings.hosts for group, settings in nodes.items()}
    return {group: one for group, one in hosts.items() if isinstance(one, SlurmHosts)}


def without_slurm(nodes: Mapping[str, NodesSettings], filename: str) -> dict[str, NodesSettings]:
    """Return the sections for a file without ``[slurm]``: groups.conf may define ``@slurm``.

    Raises: ConfigError if it does not.
    """
    found, problems = dict(nodes), []
    for group, hosts in slurm_hosts(nodes).items():
        try:
            found[group] = replace(nodes[group], hosts=hosts_of_groups(hosts))
        except ValueError as error:
            problems.append(_problem(group, str(error)))
    if problems:
        raise ConfigError(filename, problems)
    return found


def hosts_of_groups(hosts: SlurmHosts) -> tuple[str, ...]:
    """Return the hosts if groups.conf defines ``@slurm``. Raises: ValueError if it does not."""
    try:
        return expand_all(hosts.sets, machine_groups())
    except ValueError:
        raise ValueError(f"{shown(hosts.text)} {WITHOUT_SECTION}") from None


def unknown_partitions(nodes: Mapping[str, NodesSettings], listed: NodeList) -> list[Problem]:
    """Return the partitions in ``hosts`` that the list does not have, if there is a list."""
    return [
        _problem(group, message)
        for group, hosts in slurm_hosts(nodes).items()
        for message in partition_messages(hosts, listed)
    ]


def partition_messages(hosts: SlurmHosts, listed: NodeList) -> Iterator[str]:
    """Yield a message for each partition in *hosts* that the list does not have."""
    names = sorted(listed.partitions)
    for name in hosts.unknown_partitions(listed) if listed.nodes else ():
        message = UNKNOWN_PARTITION.format(name=shown(name), known=_known(names))
        yield f"{shown(hosts.text)} {message}"


def shard_warning(shard: Shard | None) -> str | None:
    """Return a warning if several lmasters would write the series of Slurm."""
    if shard is None or shard.count == 1:
        return None
    return SHARDED.format(shard=shard, count=shard.count)


def _known(names: list[str]) -> str:
    if not names:
        return "; it has none, so write @slurm for all nodes"
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"; it has {', '.join(names[:_MOST_NAMED])}{more}"


def _problem(group: str, message: str) -> Problem:
    return Problem(message=message, section=f"nodes:{group}", key="hosts")
