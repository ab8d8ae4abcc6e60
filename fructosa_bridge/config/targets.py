"""Targets from configured nodes; each page has a path of its own in Graphite."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import UsageError, shown

from ..model.target import Target
from ..nodes.hosts import SlurmHosts
from ..nodes.slurm_nodes import NO_NODES, NodeList
from .nodes_settings import NodesSettings
from .shard import Shard

SLURM_NAME = "slurm"
SAME_PATH = (
    "{one} and {other} would both write to {path!r} in Graphite; give one of them another name "
    "(names = FILE), or move it to a [nodes:...] section with a different prefix"
)


def section_targets(
    nodes: Mapping[str, NodesSettings],
    prefix: str | None,
    shard: Shard | None = None,
    naming: str = "plain",
    slurm: NodeList = NO_NODES,
) -> list[Target]:
    """Return the targets of all ``[nodes:…]`` sections, or only those in one *shard*.

    *slurm* has the nodes of ``@slurm``.
    Raises: UsageError if two pages have the same path in Graphite, even in different shards, or if
    the groups of a section with ``@slurm`` are no longer valid.
    """
    targets = [
        target
        for group, settings in nodes.items()
        for target in _targets_of(
            group, settings, _addresses(group, settings, slurm), settings.prefix or prefix, naming
        )
    ]
    _check_paths(targets)
    return [target for target in targets if shard is None or shard.contains(target.host)]


def endpoint_targets(
    endpoints: Sequence[Endpoint],
    interval_s: int | None,
    prefix: str | None,
    naming: str = "plain",
) -> list[Target]:
    """Return the targets for nodes from the command line, all in the group ``all``.

    What is None has the default of a ``[nodes:…]`` section.

    Raises: UsageError if two of them have the same path in Graphite.
    """
    targets = []
    for endpoint in dict.fromkeys(endpoints):
        settings = NodesSettings(hosts=(endpoint.host,))
        if endpoint.port is not None:
            settings = replace(settings, port=endpoint.port)
        if interval_s is not None:
            settings = replace(settings, interval_s=interval_s)
        targets += section_targets({"all": settings}, prefix, naming=naming)
    _check_paths(targets)
    return targets


def slurm_target(interval_s: int, port: int, prefix: str | None, naming: str) -> Target:
    """Return the place of the series of Slurm: ``{prefix}.slurm``, like that of a node."""
    return Target(
        group=SLURM_NAME,
        host=SLURM_NAME,
        port=port,
        graphite_path=".".join(filter(None, (prefix, SLURM_NAME))),
        interval_s=interval_s,
        naming=naming,
    )


def _addresses(group: str, settings: NodesSettings, slurm: NodeList) -> Mapping[str, str | None]:
    """Return the hosts of a section, and the addresses of those that are not reached by name."""
    hosts = settings.hosts
    if not isinstance(hosts, SlurmHosts):
        return dict.fromkeys(hosts)
    try:
        return hosts.resolve(slurm)
    except ValueError as error:
        raise UsageError(f"[nodes:{group}] hosts: {shown(hosts.text)} {error}") from None


def _targets_of(
    group: str,
    settings: NodesSettings,
    addresses: Mapping[str, str | None],
    prefix: str | None,
    naming: str,
) -> Iterator[Target]:
    # The same objects for all targets: these share the contents of the files that access names, and
    # the results of the selection for each series.
    access, selection, label_limits = settings.access, settings.selection, settings.label_limits
    for host, address in addresses.items():
        yield Target(
            group=group,
            host=host,
            address=None if address == host else address,
            port=settings.port,
            graphite_path=".".join(filter(None, (prefix, settings.name(host)))),
            interval_s=settings.interval_s,
            timeout_s=settings.effective_timeout_s,
            connect_timeout_s=settings.connect_timeout_s,
            page_limit=settings.page_limit,
            path=settings.path,
            format=settings.format,
            access=access,
            sensors=settings.sensors,
            naming=naming,
            selection=selection,
            label_limits=label_limits,
            is_together=settings.alignment == "together",
            series_limit=settings.series_limit,
            new_series_limit=settings.new_series_limit,
        )


def _check_paths(targets: Sequence[Target]) -> None:
    """Raise UsageError if two pages have the same path; several sections may share one page."""
    owners: dict[str, Target] = {}
    for target in targets:
        owner = owners.setdefault(target.graphite_path, target)
        if (owner.name, owner.path) != (target.name, target.path):
            one, other = _distinct_names(owner, target)
            raise UsageError(SAME_PATH.format(one=one, other=other, path=target.graphite_path))


def _distinct_names(one: Target, other: Target) -> tuple[str, str]:
    """Return the names of two targets, with the page's path if the names are equal."""
    if one.name != other.name:
        return one.name, other.name
    return one.name + one.path, other.name + other.path
