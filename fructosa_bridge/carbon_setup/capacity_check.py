"""Whether what is configured fits into Graphite: carbon as its carbon.conf says, or our own store.

A carbon on another machine shows neither its disk nor its carbon.conf; a copy of that may be named.
"""

import socket
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fructosa_service.errors import UsageError, visible

from ..config.settings import GraphiteSettings
from ..model.target import Target
from . import carbon_conf
from .capacity import (
    CarbonLimits,
    Demand,
    DiskSpace,
    combined,
    demand,
    expectation,
    part_of,
    too_few_creates,
    too_few_updates,
    too_little_space,
    too_small_cache,
    unknown_creates,
)
from .carbon_conf import CarbonCache, CarbonConf
from .disk_space import disk_space

_HERE = {"localhost", "::1", "0.0.0.0", "::"}  # noqa: S104 - nothing listens there


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What is to be written: the targets of this lmaster, and those of all shards.

    Carbon may get the series of all; a folder here gets only those of this one.
    """

    own: Sequence[Target]
    all: Sequence[Target]
    series_of_page: int

    def of(self, destination: GraphiteSettings) -> Sequence[Target]:
        """Return the targets whose series a *destination* gets."""
        return self.all if destination.whisper_directory is None else self.own


def expected(destinations: Iterable[GraphiteSettings], asked: Workload) -> str | None:
    """Return in a line how many series and bytes come; None where nothing is written."""
    found = [asked.of(one) for one in destinations if one.send]
    if not found:
        return None
    targets = max(found, key=len)
    text = expectation(demand(targets, asked.series_of_page), asked.series_of_page)
    return text if len(targets) == len(asked.own) else f"with all shards {text}"


def warnings(
    destinations: Iterable[GraphiteSettings],
    asked: Workload,
    named_conf: Path | None,
    environment: Mapping[str, str],
) -> Iterator[str]:
    """Yield where a limit of Graphite would bite.

    Raises: UsageError when the carbon.conf that was named can't be read.
    """
    sending = [one for one in destinations if one.send]
    conf = None if named_conf is None else carbon_conf.read(named_conf, environment)
    here = conf
    if conf is None and any(is_here(one) for one in sending):
        try:
            here = carbon_conf.local(environment)
        except UsageError as error:
            yield str(error)
    if here is not None:
        yield from here.problems
    for one in sending:
        if one.whisper_directory is not None:
            yield from _of_store(one.whisper_directory, asked)
        else:
            yield from _of_carbon(one, here if is_here(one) else conf, asked)


def is_here(destination: GraphiteSettings, own_name: str | None = None) -> bool:
    """Tell whether a carbon runs on this machine, by its name: nobody is asked for addresses."""
    if destination.whisper_directory is not None:
        return False
    name = own_name or socket.gethostname()
    host = destination.host
    return host in _HERE | {name, name.partition(".")[0]} or host.startswith("127.")


def _of_store(folder: Path, asked: Workload) -> Iterator[str]:
    """Yield what our own store lacks: it makes files at once, and they fill as time goes."""
    rooms = yield from _looked_at([folder], asked.own)
    for room in rooms:
        yield from too_little_space(room, demand(asked.own, asked.series_of_page), is_sparse=True)


def _of_carbon(
    destination: GraphiteSettings, conf: CarbonConf | None, asked: Workload
) -> Iterator[str]:
    needed = demand(asked.all, asked.series_of_page)
    if conf is None:
        where = f"{destination.name}: its carbon.conf isn't known here"
        yield from unknown_creates(where, needed.series)
        return
    is_pickle = destination.protocol == "pickle"
    port = destination.pickle_port if is_pickle else destination.plaintext_port
    instances = conf.behind(port)
    folders = sorted({one.folder for one in instances if one.folder})
    rooms: list[DiskSpace] = []
    if is_here(destination):
        rooms = yield from _looked_at(folders, asked.all)
    limits = combined(one.limits for one in instances)
    where = f"{visible(str(conf.path))}: {_names(instances)}"
    yield from _of_limits(where, limits, needed, sum(room.files_there for room in rooms))
    for room in rooms:
        share = sum(one.folder == room.folder for one in instances)
        yield from too_little_space(
            room, part_of(needed, share, len(instances)), is_sparse=limits.is_sparse
        )


def _of_limits(where: str, limits: CarbonLimits, needed: Demand, there: int) -> Iterator[str]:
    yield from too_few_creates(where, limits, max(0, needed.series - there))
    yield from too_few_updates(where, limits, needed)
    yield from too_small_cache(where, limits, needed)


def _names(instances: Sequence[CarbonCache]) -> str:
    """Return the sections of carbon.conf; what several allow adds up."""
    names = [f"[{visible(one.name)}]" for one in instances[:3]]
    more = [f"{len(instances) - 3} more"] if len(instances) > 3 else []
    return " + ".join([*names, *more])


def _looked_at(
    folders: Iterable[Path], targets: Sequence[Target]
) -> Generator[str, None, list[DiskSpace]]:
    """Yield what keeps from looking into *folders*; return what the others have room for."""
    rooms = []
    for folder in folders:
        try:
            rooms.append(disk_space(folder, targets))
        except OSError as error:
            yield (
                f"can't see how much room {visible(str(folder))} has: {error.strerror}; all "
                "series are taken as new; run lmaster check as a user who may look into it"
            )
    return rooms
