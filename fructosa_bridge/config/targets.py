"""From configured nodes to targets, each with a place of its own in Graphite."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import UsageError

from ..model.target import Target
from ..naming.graphite_paths import node_part
from .nodes_settings import NodesSettings
from .shard import Shard


def configured(
    nodes: Mapping[str, NodesSettings],
    prefix: str | None,
    shard: Shard | None = None,
    naming: str = "plain",
) -> list[Target]:
    """Return the targets of all ``[nodes:…]`` sections, or those of one *shard* of the nodes.

    Raises: UsageError when two pages would write to the same paths, also from several shards.
    """
    targets = [
        target
        for group, settings in nodes.items()
        for target in _of_section(group, settings, settings.prefix or prefix, naming)
    ]
    _check_paths(targets)
    return [target for target in targets if shard is None or shard.takes(target.host)]


def named(
    nodes: Sequence[Endpoint],
    interval_s: int | None,
    prefix: str | None,
    naming: str = "plain",
) -> list[Target]:
    """Return the targets for nodes that were named on the command line: those of a group ``all``.

    What is not said is as in a section that doesn't say it.

    Raises: UsageError when two of them would write to the same paths.
    """
    targets = []
    for node in dict.fromkeys(nodes):
        settings = NodesSettings(hosts=(node.host,))
        if node.port is not None:
            settings = replace(settings, port=node.port)
        if interval_s is not None:
            settings = replace(settings, interval_s=interval_s)
        targets += configured({"all": settings}, prefix, naming=naming)
    _check_paths(targets)
    return targets


def _of_section(
    group: str, settings: NodesSettings, prefix: str | None, naming: str
) -> Iterator[Target]:
    # One for all, so that they share what its files hold, and what is known of their series.
    access, selection, label_limits = settings.access, settings.selection, settings.label_limits
    for host in settings.hosts:
        yield Target(
            group=group,
            host=host,
            port=settings.port,
            graphite_path=_path(prefix, host),
            interval_s=settings.interval_s,
            timeout_s=settings.effective_timeout_s,
            connect_timeout_s=settings.connect_timeout_s,
            page_limit=settings.page_limit,
            path=settings.path,
            access=access,
            sensors=settings.sensors,
            naming=naming,
            selection=selection,
            label_limits=label_limits,
            is_together=settings.alignment == "together",
        )


def _path(prefix: str | None, host: str) -> str:
    return node_part(host) if prefix is None else f"{prefix}.{node_part(host)}"


def _check_paths(targets: Sequence[Target]) -> None:
    """Refuse two pages below one path; one page asked by several sections is one."""
    owners: dict[str, Target] = {}
    for target in targets:
        owner = owners.setdefault(target.graphite_path, target)
        if (owner.name, owner.path) != (target.name, target.path):
            one, other = _distinct(owner, target)
            raise UsageError(
                f"{one} and {other} would both be {target.graphite_path!r} in Graphite; "
                "give one of them a [nodes:...] section with a prefix of its own"
            )


def _distinct(one: Target, other: Target) -> tuple[str, str]:
    """Return the names of two pages, with their places where only these tell them apart."""
    if one.name != other.name:
        return one.name, other.name
    return one.name + one.path, other.name + other.path
