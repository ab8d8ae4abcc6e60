"""The runs of now, in memory: Slurm's records and the pages of nodes, joined.

It knows no clock: each call has the time. It is bounded, and what it drops is counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType

from ..slurm_output.records import JobRecord
from ..slurm_output.sacct import EndedJob
from .names import JobName, RunKey
from .node_pages import NodePages, PageCounts
from .node_parts import JobAgent, NodePart
from .page import JobPage
from .run_table import RunTable
from .runs import JobRun
from .slurm_lists import SlurmLists
from .waiting import WaitingParts

_WAIT_S = 900.0
# Of an array with more tasks, the others are as they were written last.
_MOST_WRITTEN_SOON = 100


@dataclass(frozen=True)
class LedgerLimits:
    """How much the ledger keeps: parts that wait for Slurm, and ended runs that wait for nodes.

    *unwritten* are ended runs that wait for the disk.
    """

    waiting: int = 50_000
    ended: int = 20_000
    unwritten: int = 50_000


@dataclass
class LedgerBatch:
    """What is to be written: runs, keys of runs that are no longer open, and agents.

    *removed* are keys of runs that turned out to be others: they are deleted. Each agent is there
    with the number to ask it for after a restart.
    """

    runs: list[JobRun] = field(default_factory=list)
    closed: list[RunKey] = field(default_factory=list)
    removed: list[RunKey] = field(default_factory=list)
    agents: list[tuple[JobAgent, int | None]] = field(default_factory=list)
    is_last: bool = True  # all that has changed is in it, and in those before it

    def __bool__(self) -> bool:
        return bool(self.runs or self.closed or self.removed or self.agents)


class JobLedger:
    """The open runs of a cluster, and those that have ended lately.

    Pages and lists come about each *interval_s*; clocks of Slurm and of lmaster may be that far
    apart. Open runs are written again each *checkpoint_s*.
    """

    def __init__(
        self,
        cluster: str,
        interval_s: float = 30.0,
        limits: LedgerLimits | None = None,
        checkpoint_s: float = 900.0,
    ) -> None:
        self.cluster = cluster
        self._limits = limits or LedgerLimits()
        self._checkpoint_s = checkpoint_s
        self._table = RunTable()
        self._waiting = WaitingParts(self._limits.waiting)
        self._pages = NodePages(self._table, self._waiting, interval_s)
        self._lists = SlurmLists(self._table, cluster, interval_s, self._pages.claim)
        self._closed: list[RunKey] = []
        self._written_agents: dict[str, tuple[str, int | None]] = {}

    @property
    def counts(self) -> PageCounts:
        """How many entries of pages were not used, and what agents missed."""
        return self._pages.counts

    @property
    def waiting(self) -> int:
        """How many parts wait for Slurm to tell of their jobs."""
        return self._waiting.count

    @property
    def runs(self) -> list[JobRun]:
        """The runs in memory: open ones, and those that have ended lately."""
        return self._table.runs

    @property
    def run_count(self) -> int:
        """How many runs are in memory; any thread may ask."""
        return self._table.count

    def write_soon(self, name: JobName, uid: int | None = None) -> None:
        """Let the next batch have the runs of a job that go on, as they are now; or a user's."""
        found = (run for run in self.find(name) if not run.is_over and uid in (None, run.uid))
        for run in islice(found, _MOST_WRITTEN_SOON):
            run.is_written = False

    def find(self, name: JobName) -> list[JobRun]:
        """Return the runs in memory of a job, as the archive finds them."""
        return self._table.find(name)

    def after(self, node: str) -> int | None:
        """Return the number to ask a node's agent for (``/jobs?after=N``); None: without it."""
        agent = self._pages.agents.get(node)
        return None if agent is None else agent.after

    def see_page(self, node: str, page: JobPage, now_s: float) -> None:
        """Take the page of a *node* (Slurm's NodeName), fetched at *now_s* with after(node)."""
        self._pages.see(node, page, now_s)

    def keep_nodes(self, nodes: Mapping[str, frozenset[str]]) -> None:
        """Forget the agents of all nodes but these, as they are no longer fetched.

        *nodes* also says of which nodes each agent may tell: those on its machine.
        """
        self._pages.keep(nodes)

    def see_jobs(
        self,
        records: Sequence[JobRecord] | None,
        now_s: float,
        sluids: Mapping[str, str] | None = None,
        *,
        is_complete: bool = True,
    ) -> None:
        """Take Slurm's *records* of jobs, with the SLUID by job id where squeue prints it.

        None is a list that could not be read: nothing is ended. Neither is anything if the list is
        not *is_complete*.
        """
        if records is None:
            return
        self._lists.see(records, now_s, sluids or {}, is_complete=is_complete)
        if is_complete:
            self._pages.give_up(self.cluster, now_s - _WAIT_S, now_s)

    def see_ended(
        self,
        jobs: Sequence[EndedJob],
        now_s: float,
        archived: Mapping[RunKey, bool] = MappingProxyType({}),
    ) -> None:
        """Take what Slurm's accounting tells of runs that ended while its list was not read.

        *archived* are runs of these jobs that are archived, and whether their ends are known:
        restarts are counted by them.
        """
        self._lists.see_ended(jobs, now_s, archived)

    def parts_on(self, node: str) -> list[NodePart]:
        """Return the parts on the last page of a *node*, some of runs that are not known yet."""
        return self._pages.parts_on(node)

    def current(self, job_id: str) -> JobRun | None:
        """Return the run that Slurm lists with an id."""
        return self._table.current.get(job_id)

    def batch(self, now_s: float, most: int = 500) -> LedgerBatch:
        """Return what is to be written, empty if nothing is.

        Call written() or not_written() afterwards. Agents are there only if all readings of ends
        are: what is written must not skip one that is not.
        """
        found = LedgerBatch(closed=self._closed, removed=self._table.removed)
        self._closed, self._table.removed = [], []
        before_s = now_s - self._checkpoint_s
        found.runs, found.is_last = self._table.to_write(most, before_s, now_s)
        if found.is_last and self._pages.changed:
            found.agents = self._agents_to_write()
        for run in found.runs:
            # Runs that all became known at the start of lmaster are written again in turn.
            early_s = 0.0 if run.written_s else run.key.job_id % self._checkpoint_s
            run.is_written, run.written_s = True, now_s - early_s
        return found

    def _agents_to_write(self) -> list[tuple[JobAgent, int | None]]:
        least = self._waiting.least_sequences()
        agents = [
            self._pages.agents[node] for node in self._pages.changed if node in self._pages.agents
        ]
        # Those of which something waits are due until it does not.
        self._pages.changed = {agent.node for agent in agents if agent.node in least}
        found = [(one, _before(one.after, least.get(one.node))) for one in agents]
        new = [
            (one, after)
            for one, after in found
            if self._written_agents.get(one.node) != (one.instance, after)
        ]
        self._written_agents.update((one.node, (one.instance, after)) for one, after in new)
        return new

    def written(self, batch: LedgerBatch, now_s: float) -> None:
        """Go on after a *batch* was written: drop runs of which all is known and written."""
        for run in batch.runs:
            run.nodes_written = run.nodes or tuple(run.parts)
        if not batch.is_last:
            return
        for run in self._table.to_drop(now_s, self._limits.ended):
            self._table.drop(run)
            self._closed.append(run.key)

    def not_written(self, batch: LedgerBatch) -> None:
        """Keep what could not be written: it is in the next batch again, but for a limit."""
        for run in batch.runs:
            run.is_written = False
        self._closed = [*batch.closed, *self._closed]
        self._table.removed = [*batch.removed, *self._table.removed]
        for agent, _ in batch.agents:
            self._pages.changed.add(agent.node)
            self._written_agents.pop(agent.node, None)
        for run in self._table.unwritten_beyond(self._limits.unwritten):
            self._table.drop(run)
            self.counts.lost += 1

    def write_again(self) -> None:
        """Write all that is in memory once more, as the archive has lost it."""
        for run in self._table.runs:
            run.is_written = False
        self._written_agents.clear()
        self._pages.changed.update(self._pages.agents)

    def restore(
        self, runs: Iterable[JobRun], agents: Iterable[JobAgent], done: Iterable[RunKey] = ()
    ) -> None:
        """Go on with what was written: open runs, agents, and keys of runs that are done."""
        self._table.restore(runs, done)
        self._pages.restore(agents, self._table.runs)


def _before(after: int | None, waiting: int | None) -> int | None:
    return after if after is None or waiting is None else min(after, waiting - 1)
