"""Whether Graphite can take the configured series: carbon with its carbon.conf, or our own store.

For a carbon on another machine neither the disk nor carbon.conf is visible; a copy of the latter
can be given.
"""

import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fructosa_service.errors import FileError, visible, visible_path

from ..config.settings import GraphiteSettings
from ..model.target import Target
from . import carbon_conf
from .capacity import (
    Demand,
    DiskSpace,
    combined_limits,
    describe,
    estimated_demand,
    portion,
    too_few_creates,
    too_few_updates,
    too_little_space,
    too_small_cache,
    unknown_create_limit,
)
from .carbon_conf import CarbonCache, CarbonConf
from .disk_space import disk_space
from .old_paths import old_paths

UNKNOWN_CONF = "{destination}: its carbon.conf is not known"
OTHER_PORT = (
    "{destination}: this is usually carbon's port for {other}; if so, carbon discards all points "
    "in the {protocol} format: set {key} = {usual}, or protocol = {other}"
)
_PORTS = {
    "pickle": ("carbon receiver pickle port", 2004),
    "plaintext": ("carbon receiver port", 2003),
}

_LOCAL_HOSTS = {"localhost", "::1", "0.0.0.0", "::"}  # noqa: S104 - nothing listens there


@dataclass(frozen=True, kw_only=True)
class Workload:
    """The targets of this lmaster's shard and of all shards, and the series of a page.

    carbon may receive the series of all shards. Our own store only has those of this shard.
    """

    targets: Sequence[Target]
    targets_of_all_shards: Sequence[Target]
    series_per_page: int

    def targets_of(self, destination: GraphiteSettings) -> Sequence[Target]:
        """Return the targets whose series a *destination* receives."""
        return self.targets_of_all_shards if destination.whisper_directory is None else self.targets

    def demand_of(self, destination: GraphiteSettings) -> Demand:
        """Return the demand on a *destination*."""
        return estimated_demand(self.targets_of(destination), self.series_per_page)


def summary(destinations: Iterable[GraphiteSettings], workload: Workload) -> str | None:
    """Return the expected series and disk space in one line; None if nothing is written."""
    writing = [one for one in destinations if one.send]
    if not writing:
        return None
    largest = max(writing, key=lambda one: len(workload.targets_of(one)))
    text = describe(workload.demand_of(largest), workload.series_per_page)
    is_this_shard = len(workload.targets_of(largest)) == len(workload.targets)
    return text if is_this_shard else f"all shards together: {text}"


def warnings(
    destinations: Iterable[GraphiteSettings],
    workload: Workload,
    conf_file: Path | None,
    environment: Mapping[str, str],
) -> Iterator[str]:
    """Yield a warning for each limit of Graphite that is too low.

    *conf_file* is a carbon.conf given on the command line.
    Raises: FileError if that can't be read.
    """
    writing = [one for one in destinations if one.send]
    given = None if conf_file is None else carbon_conf.read(conf_file, environment)
    local = given
    if given is None and any(is_local(one) for one in writing):
        try:
            local = carbon_conf.read_local(environment)
        except FileError as error:
            yield str(error)
    if local is not None:
        yield from local.problems
    for one in writing:
        if one.whisper_directory is not None:
            yield from _store_warnings(one, one.whisper_directory, workload)
        else:
            yield from _carbon_warnings(one, local if is_local(one) else given, workload)


def is_local(destination: GraphiteSettings, host_name: str | None = None) -> bool:
    """Return whether a carbon runs on this machine, judged by its name without a lookup."""
    if destination.whisper_directory is not None:
        return False
    name = host_name or socket.gethostname()
    host = destination.host
    return host in _LOCAL_HOSTS | {name, name.partition(".")[0]} or host.startswith("127.")


def _store_warnings(
    destination: GraphiteSettings, folder: Path, workload: Workload
) -> Iterator[str]:
    """Yield what our own store lacks: it has no limits, and its sparse files grow."""
    disks, problems = _disk_spaces([folder], workload.targets)
    yield from problems
    yield from old_paths(folder, workload.targets)
    for disk in disks:
        yield from too_little_space(disk, workload.demand_of(destination), is_sparse=True)


def _carbon_warnings(
    destination: GraphiteSettings, conf: CarbonConf | None, workload: Workload
) -> Iterator[str]:
    is_pickle = destination.protocol == "pickle"
    port = destination.pickle_port if is_pickle else destination.plaintext_port
    other = "plaintext" if is_pickle else "pickle"
    if port == _PORTS[other][1]:
        key, usual = _PORTS[destination.protocol]
        values = {"destination": destination.name, "protocol": destination.protocol}
        yield OTHER_PORT.format(**values, other=other, key=key, usual=usual)
    demand = workload.demand_of(destination)
    if conf is None:
        where = UNKNOWN_CONF.format(destination=destination.name)
        yield from unknown_create_limit(where, demand.series)
        return
    instances = conf.instances_behind(port)
    disks: list[DiskSpace] = []
    if is_local(destination):
        folders = sorted({one.folder for one in instances if one.folder})
        disks, problems = _disk_spaces(folders, workload.targets_of(destination))
        yield from problems
        for folder in folders:
            yield from old_paths(folder, workload.targets_of(destination))
    limits = combined_limits(one.limits for one in instances)
    where = f"{visible_path(conf.path)}: {_section_names(instances)}"
    existing = sum(disk.existing_files for disk in disks)
    yield from too_few_creates(where, limits, max(0, demand.series - existing))
    yield from too_few_updates(where, limits, demand)
    yield from too_small_cache(where, limits, demand)
    for disk in disks:
        share = sum(one.folder == disk.folder for one in instances)
        on_disk = portion(demand, share, len(instances))
        yield from too_little_space(disk, on_disk, is_sparse=limits.is_sparse)


def _section_names(instances: Sequence[CarbonCache]) -> str:
    """Return the sections of the instances in carbon.conf, with a plus between them."""
    names = [f"[{visible(one.name)}]" for one in instances[:3]]
    more = [f"{len(instances) - 3} more"] if len(instances) > 3 else []
    return " + ".join([*names, *more])


def _disk_spaces(
    folders: Iterable[Path], targets: Sequence[Target]
) -> tuple[list[DiskSpace], list[str]]:
    """Return the disk space of *folders*, and a warning for each that can't be read."""
    disks: list[DiskSpace] = []
    problems: list[str] = []
    for folder in folders:
        try:
            disks.append(disk_space(folder, targets))
        except OSError as error:
            problems.append(
                f"cannot read the disk space of {visible_path(folder)}: {error.strerror}; all "
                "series are counted as new; run lmaster check as a user who can read this folder"
            )
    return disks, problems
