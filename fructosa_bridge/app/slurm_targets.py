"""Follows Slurm's list of nodes: after a reading that changes it, the targets change."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from ..config.settings import MasterConfig
from ..config.slurm_sections import slurm_hosts, unknown_partitions
from ..model.target import Target
from ..nodes.slurm_nodes import NodeList
from ..slurm.monitor import SlurmMonitor
from ..slurm_output.records import SlurmReading
from ..slurm_states.kept_nodes import KeptNodes

log = logging.getLogger("lmaster")

LIST_CHANGED = "Slurm's list of nodes has changed: %s"
NO_LIST_YET = "%s: hosts = @slurm has no nodes until Slurm has been read for the first time"
LIST_REFUSED = "Slurm's new list of nodes is refused, the targets stay as they are: %s"

MakeTargets = Callable[[MasterConfig, NodeList], list[Target]]
"""Returns the targets of a configuration with a list of Slurm's nodes; raises UsageError."""


class SlurmTargets:
    """Computes the targets with Slurm's list of nodes, and calls *use* when the list has changed.

    *make* computes them; without it the targets are those of the configuration alone. *use* returns
    whether the list is in use; if not, it is called again after the next reading.
    """

    def __init__(
        self, kept: KeptNodes, make: MakeTargets | None, use: Callable[[], Awaitable[bool]]
    ) -> None:
        self._kept = kept
        self._make = make
        self._use = use
        self._reading: SlurmReading | None = None
        self._grace_s = 0.0
        self._has_come = asyncio.Event()
        self._warned: set[str] = set()

    def begin(self, config: MasterConfig) -> None:
        """Use the kept list from now on."""
        self._kept.read()
        self.warn(config)

    @property
    def nodes(self) -> NodeList:
        """The list of Slurm's nodes in use."""
        return self._kept.nodes

    async def of(self, config: MasterConfig, before: Iterable[Target]) -> list[Target] | None:
        """Return the targets of *config*, or None if they do not follow from Slurm.

        Those that are equal to one *before* are the same objects.
        Raises: ConfigError, UsageError if they are not valid.
        """
        make = self._make
        if make is None or not slurm_hosts(config.nodes):
            return None
        known = list(before)
        # A thread: the node set of 10,000 nodes takes a tenth of a second.
        return await asyncio.to_thread(lambda: _same(make(config, self._kept.nodes), known))

    def listen(self, monitor: SlurmMonitor) -> None:
        """Take the readings of a *monitor*."""
        monitor.listeners.append(self._take)
        self._grace_s = monitor.settings.grace_s

    def _take(self, reading: SlurmReading) -> None:
        self._reading = reading
        self._has_come.set()

    def warn(self, config: MasterConfig) -> None:
        """Log what is wrong with the ``@slurm`` of a configuration, each problem once."""
        sections = list(slurm_hosts(config.nodes))
        found = {str(problem) for problem in unknown_partitions(config.nodes, self._kept.nodes)}
        if sections and not self._kept.nodes.nodes:
            found = {NO_LIST_YET % ", ".join(f"[nodes:{one}]" for one in sections)}
        for text in sorted(found - self._warned):
            log.warning("%s", text)
        self._warned = found

    async def run(self) -> None:
        """Follow the readings for ever; scraping and Slurm's series do not wait for it."""
        is_in_use = True
        while True:
            await self._has_come.wait()
            self._has_come.clear()
            assert self._reading is not None  # noqa: S101 - it has come
            try:
                # A thread, as in of().
                update = self._kept.update
                if await asyncio.to_thread(update, self._reading, self._grace_s) or not is_in_use:
                    is_in_use = True
                    is_in_use = await self._use()
            except Exception:
                # A bug must cost the changes of the list alone.
                log.exception("Slurm's list of nodes: internal error")


def _same(targets: Iterable[Target], before: Iterable[Target]) -> list[Target]:
    """Return *targets*, with those of *before* in the place of equal ones.

    It is quick to see that nothing changes of an object that stays the same.
    """
    known = {target.identity: target for target in before}
    return [
        old if (old := known.get(target.identity)) is not None and old == target else target
        for target in targets
    ]
