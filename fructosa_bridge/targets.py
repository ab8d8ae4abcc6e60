"""From configured nodes to targets, each with a place of its own in Graphite."""

from collections.abc import Mapping, Sequence

from fructosa_service.errors import UsageError
from fructosa_service.kinds import Endpoint

from .config import NodesSettings
from .model import Target
from .naming import node_part

_DEFAULT_PORT = 9888


def configured(nodes: Mapping[str, NodesSettings], prefix: str | None) -> list[Target]:
    """Return the targets of all ``[nodes:…]`` sections.

    Raises: UsageError when two pages would write to the same paths.
    """
    targets = [
        Target(
            group=group,
            host=host,
            port=settings.port,
            path=_path(settings.prefix or prefix, host),
            interval_s=settings.interval_s,
            timeout_s=settings.patience_s,
            sensors=settings.sensors,
        )
        for group, settings in nodes.items()
        for host in settings.hosts
    ]
    _check_paths(targets)
    return targets


def named(nodes: Sequence[Endpoint], interval_s: int, prefix: str | None) -> list[Target]:
    """Return the targets for nodes that were named on the command line.

    Raises: UsageError when two of them would write to the same paths.
    """
    targets = [
        Target(
            group="all",
            host=node.host,
            port=_DEFAULT_PORT if node.port is None else node.port,
            path=_path(prefix, node.host),
            interval_s=interval_s,
            timeout_s=min(5.0, float(interval_s)),
        )
        for node in dict.fromkeys(nodes)
    ]
    _check_paths(targets)
    return targets


def _path(prefix: str | None, host: str) -> str:
    return node_part(host) if prefix is None else f"{prefix}.{node_part(host)}"


def _check_paths(targets: Sequence[Target]) -> None:
    """Refuse two pages below one path; one page asked by several sections is one."""
    owners: dict[str, Target] = {}
    for target in targets:
        owner = owners.setdefault(target.path, target)
        if owner.name != target.name:
            raise UsageError(
                f"{owner.name} and {target.name} would both be {target.path!r} in Graphite; "
                "give one of them a [nodes:...] section with a prefix of its own"
            )
