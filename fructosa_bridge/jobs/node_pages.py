"""The pages of nodes: each entry is added to the part of its run on its node."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .names import unclaimed_key
from .node_parts import JobAgent, NodePart
from .page import JobPage, JobReading
from .placing import EntryTimes, best_run, times_of
from .run_table import RunTable
from .runs import JobRun
from .waiting import WaitingParts

UNCLAIMED = (
    "no list of Slurm had this run: its nodes tell what it used, but not its owner and its state"
)
REQUEUED_UNSEEN = (
    "no list of Slurm had this run before the job was requeued: its owner is that of the next run, "
    "and its nodes tell when it ended"
)


@dataclass
class PageCounts:
    """What was not used, or only in part, and what agents say.

    *unclaimed* are entries of nodes that no run of Slurm's came for: they became runs whose owner
    is not known. *refused* were too many to wait. *missed* are ends that agents did not see,
    *dropped* those that they could not keep. *lost* are runs that ended while the archive could not
    be written, and that were too many to keep.
    """

    unclaimed: int = 0
    refused: int = 0
    missed: int = 0
    dropped: int = 0
    lost: int = 0


class NodePages:
    """Takes pages, and knows of each node its agent and the entries of its last page."""

    def __init__(self, table: RunTable, waiting: WaitingParts, interval_s: float) -> None:
        self.counts = PageCounts()
        self.agents: dict[str, JobAgent] = {}
        self.changed: set[str] = set()  # nodes whose agents are to be written
        self._table = table
        self._waiting = waiting
        self._interval_s = interval_s
        self._totals: dict[str, tuple[int, int]] = {}  # missed and dropped, by node
        self._restored: dict[tuple[str, str], JobAgent] = {}
        self._entries: dict[str, dict[tuple[str, str, str], NodePart]] = {}
        self._nodes: Mapping[str, frozenset[str]] = {}  # the nodes on the machine of each agent

    def see(self, node: str, page: JobPage, now_s: float) -> None:
        """Take the page of a node."""
        agent = self._agent_of(node, page, now_s)
        before = self._entries.get(node, {})
        entries: dict[tuple[str, str, str], NodePart] = {}
        for reading in _in_order(page.readings):
            if reading.slurmd not in ("", node) and not self._may_tell_of(node, reading.slurmd):
                self.counts.refused += 1
                continue
            key = reading[:3]
            part = before.get(key)
            if part is None or part.run is None or not part.is_of(reading, agent):
                part = self._place(reading[1] or node, reading, agent, now_s)
                if part is None:
                    continue
            elif part.run.is_over and reading.end_age_s is None:
                part = self._part_of_next(part, part.run, reading, now_s)
            entries[key] = part
            part.add(reading, agent, now_s)
            if part.run is not None and (reading.end_age_s is not None or part.run.is_over):
                part.run.is_written = False
        self._entries[node] = entries

    def _may_tell_of(self, node: str, other: str) -> bool:
        """Return whether the agent of a *node* may tell of an *other* one.

        It must be on the same machine, and have no agent of its own: else this one may lie.
        """
        mine = self._nodes.get(node)
        return mine is None or (other in mine and other not in self._nodes)

    def parts_on(self, node: str) -> list[NodePart]:
        """Return the parts on the last page of a node."""
        return list(self._entries.get(node, {}).values())

    def keep(self, nodes: Mapping[str, frozenset[str]]) -> None:
        """Forget all agents but those of *nodes*, of which each may tell of the nodes given."""
        self._nodes = nodes
        for node in self.agents.keys() - nodes.keys():
            del self.agents[node]
            self._entries.pop(node, None)
            self._totals.pop(node, None)

    def restore(self, agents: Iterable[JobAgent], runs: Iterable[JobRun]) -> None:
        """Take over agents that were written, also for the parts of *runs*."""
        self.agents = {agent.node: agent for agent in agents}
        known = {(agent.node, agent.instance): agent for agent in self.agents.values()}
        for run in runs:
            for part in run.parts.values():
                part.run, agent = run, part.agent
                part.agent = known.setdefault((agent.node, agent.instance), agent)
        self._restored = known

    def _agent_of(self, node: str, page: JobPage, now_s: float) -> JobAgent:
        agent = self.agents.get(node)
        if agent is None or (agent.instance, agent.boot_id) != (page.instance, page.boot_id):
            # An agent that was asked for what came after a number of another one has more.
            is_whole = agent is None or agent.after is None
            after = page.sequence if is_whole else None
            # An agent may not have been written when its runs were: it is the same one still.
            agent = self._restored.pop((node, page.instance), None)
            if agent is None or agent.boot_id != page.boot_id:
                agent = JobAgent(node, page.instance, page.boot_id, now_s, now_s)
            agent.after = after
            self.agents[node] = agent
            self._totals.pop(node, None)
            self.changed.add(node)
        elif agent.after != page.sequence:
            agent.after = page.sequence
            self.changed.add(node)
        agent.page_s = now_s
        missed, dropped = self._totals.get(node, (0, 0))
        if (missed, dropped) != (page.missed, page.dropped):
            self.counts.missed += max(0, page.missed - missed)
            self.counts.dropped += max(0, page.dropped - dropped)
            self._totals[node] = page.missed, page.dropped
        return agent

    def _place(
        self, node: str, reading: JobReading, agent: JobAgent, now_s: float
    ) -> NodePart | None:
        """Return the part that a reading belongs to, a new one if there is none."""
        job_id, key = reading.job_id, (node, reading.restart, agent.instance)
        entry = times_of(node, reading, agent, now_s)
        run = best_run(entry, self._table.of_entry(job_id), self._interval_s)

        def new() -> NodePart:
            return NodePart(node, agent, reading.restart, self._interval_s)

        if run is None or self._may_be_next(run, entry):
            part = self._waiting.get(job_id, key, new, now_s)
            self.counts.refused += (part is None) + self._waiting.dropped
            self._waiting.dropped = 0
            return part
        part = run.parts.get(node)
        if part is not None and part.agent is agent and part.restart != reading.restart:
            part.run, part = None, None  # it was of an earlier run
            self.counts.unclaimed += 1
        waiting = self._waiting.take(job_id, key)
        if part is None:
            part = waiting or new()
            _give(run, part)
        return part

    def _may_be_next(self, run: JobRun, entry: EntryTimes) -> bool:
        """Return whether an entry may be of a run that Slurm has not told of.

        A life that a new agent reports is a further step of an allocation, or a requeue: which of
        them shows when Slurm lists the job again.
        """
        part = run.parts.get(entry.node)
        if run.is_over or run.start_s is None or (part is not None and part.agent is entry.agent):
            return False
        known_s = run.start_s + self._interval_s
        if part is not None and part.known_until_s is not None:
            known_s = part.known_until_s
        sure_s = entry.began_s + self._interval_s
        return entry.began_s > known_s and not self._table.is_listed_since(run, sure_s)

    def _part_of_next(
        self, part: NodePart, run: JobRun, reading: JobReading, now_s: float
    ) -> NodePart:
        """Return the part of the next run on a node, if an entry goes on over the end of its *run*.

        An agent that only polls does not see that the job began anew.
        """
        for one in self._table.of_job(run.key.job_id):
            is_later = one.start_s is not None and one.start_s > (run.start_s or 0.0)
            is_long_enough = now_s - (one.start_s or now_s) > 2 * self._interval_s
            is_free = not one.is_over and one.has_node(part.node) and part.node not in one.parts
            if is_later and is_long_enough and is_free:
                following = part.split(reading, self._interval_s)
                _give(one, following)
                return following
        return part

    def claim(self, run: JobRun, now_s: float) -> None:
        """Give a run what nodes have said of it before Slurm did."""
        for job_id in (str(run.key.job_id), run.sluid or ""):
            for key, part in self._waiting.nearest(job_id, run.start_s or 0.0):
                entry = _entry_of(part, now_s)
                is_free = part.node not in run.parts
                if is_free and best_run(entry, [run], self._interval_s) is not None:
                    self._waiting.take(job_id, key)
                    _give(run, part)
        if not run.is_unclaimed:
            self._claim_from_unclaimed(run, now_s)
            for earlier in self._table.unclaimed(run):
                earlier.take_owner(run, REQUEUED_UNSEEN)

    def _claim_from_unclaimed(self, run: JobRun, now_s: float) -> None:
        """Give a run what was taken for a run that no list had."""
        for other in self._table.unclaimed(run):
            for node, part in list(other.parts.items()):
                is_free = node not in run.parts
                if is_free and best_run(_entry_of(part, now_s), [run], self._interval_s):
                    del other.parts[node]
                    other.is_written = False
                    _give(run, part)
            if not other.parts:
                self._table.remove(other)

    def give_up(self, cluster: str, before_s: float, now_s: float) -> None:
        """Make runs of unknown owners of what has waited for Slurm since a time."""
        for job_id, part in self._waiting.take_older(before_s):
            self.counts.unclaimed += 1
            entry = _entry_of(part, now_s)
            known = [one for one in self._table.of_entry(job_id) if one.is_unclaimed]
            run = best_run(entry, known, self._interval_s)
            if run is None or part.node in run.parts:
                run = self._new_unclaimed(cluster, job_id, entry, now_s)
            if run is not None:
                _give(run, part)
                for later in self._table.of_job(run.key.job_id):
                    run.take_owner(later, REQUEUED_UNSEEN)

    def _new_unclaimed(
        self, cluster: str, job_id: str, entry: EntryTimes, now_s: float
    ) -> JobRun | None:
        key = unclaimed_key(cluster, job_id, entry.began_s)
        if key is None:
            return None
        taken = {one.key for one in self._table.of_job(key.job_id)}
        while key in taken:
            key = key._replace(submit_s=key.submit_s - 1)
        run = JobRun(key)
        run.sluid = None if job_id.isdecimal() else job_id
        run.start_s = entry.began_s
        run.is_over, run.over_since_s = True, now_s
        run.mark(UNCLAIMED)
        self._table.add_past(run)
        return run


def _give(run: JobRun, part: NodePart) -> None:
    part.run = run
    run.parts[part.node] = part
    run.is_written = False


def _entry_of(part: NodePart, now_s: float) -> EntryTimes:
    until_s = part.end_s or part.look_s or now_s
    began_s = until_s if part.began_s is None else part.began_s
    return EntryTimes(part.node, part.agent, part.restart, began_s, until_s)


def _in_order(readings: Sequence[JobReading]) -> Sequence[JobReading]:
    """Return the entries of a job, its last run first."""
    if any(reading[2] for reading in readings):
        return sorted(readings, key=lambda reading: -int(reading[2] or 0))
    return readings
