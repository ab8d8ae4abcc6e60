"""The runs of now, in memory: Slurm's records and the pages of nodes, joined.

It knows no clock: each call has the time. It is bounded, and what it drops is counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..slurm_output.records import JobRecord
from ..slurm_output.tres import number, time_s
from ..slurm_output.vocabulary import ENDED
from .names import JobName, RunKey
from .node_parts import JobAgent, NodePart
from .page import JobPage, JobReading
from .placing import EntryTimes, best_run, times_of
from .runs import REQUEUED, WAITING, JobRun

VANISHED = "Slurm no longer lists this job: how and when it ended is not known"
REUSED = "Slurm gave its id to another job: how and when it ended is not known"
IS_REQUEUED = "Slurm requeued the job: when this run ended is what its nodes say"

_LINGER_S = 60.0  # how long a run stays in memory after its end, if all is known of it
_DAY_S = 25 * 3600.0  # agents keep ended jobs for a day
_FORGOTTEN_S = 3600.0  # a run that Slurm does not list ends at last, whatever nodes say
_WAIT_S = 900.0
_MISSED_LISTS = 2
_COMPLETING = "COMPLETING"


@dataclass(frozen=True)
class LedgerLimits:
    """How much the ledger keeps: parts that wait for Slurm, and ended runs that wait for nodes."""

    waiting: int = 50_000
    ended: int = 20_000


@dataclass
class LedgerCounts:
    """What was not used: entries that no run came for, jobs that agents missed and dropped."""

    unclaimed: int = 0
    refused: int = 0
    missed: int = 0
    dropped: int = 0


@dataclass
class LedgerBatch:
    """What is to be written: runs, the keys of runs that are no longer open, and agents."""

    runs: list[JobRun] = field(default_factory=list)
    closed: list[RunKey] = field(default_factory=list)
    agents: list[tuple[JobAgent, int | None]] = field(default_factory=list)


class JobLedger:
    """The open runs of a cluster, and those that have ended lately."""

    def __init__(
        self,
        cluster: str,
        interval_s: float = 30.0,
        limits: LedgerLimits | None = None,
        checkpoint_s: float = 300.0,
    ) -> None:
        self.counts = LedgerCounts()
        self._cluster = cluster
        self._interval_s = interval_s
        self._limits = limits or LedgerLimits()
        self._checkpoint_s = checkpoint_s
        self._by_job: dict[int, list[JobRun]] = {}
        self._by_sluid: dict[str, JobRun] = {}
        self._current: dict[str, JobRun] = {}  # by the id that squeue prints
        self._done: dict[RunKey, int] = {}  # written and dropped, but perhaps still listed
        self._round = 0
        self._listed_s = 0.0
        self._agents: dict[str, JobAgent] = {}
        self._totals: dict[str, tuple[int, int]] = {}  # missed and dropped, by node
        self._changed_agents: set[str] = set()
        self._entries: dict[str, dict[tuple[str, str, str], NodePart]] = {}
        self._waiting: dict[str, dict[tuple[str, str, str], NodePart]] = {}
        self._waiting_count = 0
        self._closed: list[RunKey] = []

    # What nodes say.

    def after(self, node: str) -> int | None:
        """Return the number to ask a node's agent for (``/jobs?after=N``); None: without it."""
        agent = self._agents.get(node)
        return None if agent is None else agent.after

    def see_page(self, node: str, page: JobPage, now_s: float) -> None:
        """Take the page of a *node* (Slurm's NodeName), fetched at *now_s* with after(node)."""
        agent = self._agent_of(node, page, now_s)
        before = self._entries.get(node, {})
        entries: dict[tuple[str, str, str], NodePart] = {}
        for reading in _in_order(page.readings):
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

    def _agent_of(self, node: str, page: JobPage, now_s: float) -> JobAgent:
        agent = self._agents.get(node)
        if agent is None or (agent.instance, agent.boot_id) != (page.instance, page.boot_id):
            # An agent that was asked for what came after a number of another one has more.
            is_whole = agent is None or agent.after is None
            after = page.sequence if is_whole else None
            agent = JobAgent(node, page.instance, page.boot_id, now_s, now_s, after)
            self._agents[node] = agent
            self._totals.pop(node, None)
            self._changed_agents.add(node)
        elif agent.after != page.sequence:
            agent.after = page.sequence
            self._changed_agents.add(node)
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
        runs = self._runs_of(reading.job_id)
        entry = times_of(node, reading, agent, now_s)
        run = best_run(entry, runs, self._interval_s)
        if run is None or self._may_be_next(run, entry):
            return self._wait(node, reading, agent)
        part = run.parts.get(node)
        if part is not None and part.agent is agent and part.restart != reading.restart:
            part.run, part = None, None  # it was of an earlier run
            self.counts.unclaimed += 1
        key = (node, reading.restart, agent.instance)
        waiting = self._waiting.get(reading.job_id, {}).get(key)
        if waiting is not None:
            self._forget_waiting(reading.job_id, key)
        if part is None:
            part = waiting or NodePart(node, agent, reading.restart, self._interval_s)
            self._give(run, part)
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
        listed_s = self._listed_s if run.listed == self._round else 0.0
        return entry.began_s > known_s and listed_s < entry.began_s + self._interval_s

    def _runs_of(self, job_id: str) -> Sequence[JobRun]:
        if job_id.isdecimal():
            return self._by_job.get(int(job_id), ())
        run = self._by_sluid.get(job_id)
        return () if run is None else (run,)

    def _part_of_next(
        self, part: NodePart, run: JobRun, reading: JobReading, now_s: float
    ) -> NodePart:
        """Return the part of the next run on a node, if an entry goes on over the end of its *run*.

        An agent that only polls does not see that the job began anew.
        """
        for one in self._by_job.get(run.key.job_id, ()):
            is_later = one.start_s is not None and one.start_s > (run.start_s or 0.0)
            is_long_enough = now_s - (one.start_s or now_s) > 2 * self._interval_s
            is_free = not one.is_over and part.node in one.nodes and part.node not in one.parts
            if is_later and is_long_enough and is_free:
                following = part.split(reading, self._interval_s)
                self._give(one, following)
                return following
        return part

    def _wait(self, node: str, reading: JobReading, agent: JobAgent) -> NodePart | None:
        """Return the part of a job that Slurm has not told of, None if there are too many."""
        of_job = self._waiting.get(reading.job_id, {})
        key = (node, reading.restart, agent.instance)
        part = of_job.get(key)
        if part is None:
            if self._waiting_count >= self._limits.waiting:
                self.counts.refused += 1
                return None
            part = NodePart(node, agent, reading.restart, self._interval_s)
            self._waiting.setdefault(reading.job_id, of_job)[key] = part
            self._waiting_count += 1
        return part

    @staticmethod
    def _give(run: JobRun, part: NodePart) -> None:
        part.run = run
        run.parts[part.node] = part
        run.is_written = False

    # What Slurm says.

    def see_jobs(
        self,
        records: Sequence[JobRecord] | None,
        now_s: float,
        sluids: Mapping[str, str] | None = None,
        *,
        is_complete: bool = True,
    ) -> None:
        """Take Slurm's *records* of jobs, with the SLUID by job id where squeue prints it.

        None is a list that could not be read: nothing is closed. Neither is anything if the list
        is not *is_complete*, as that of sacct, which has only jobs that ended.
        """
        if records is None:
            return
        self._round += is_complete
        self._listed_s = now_s if is_complete else self._listed_s
        current, found = self._current, self._round
        for record in records:
            run = current.get(record.job_id)
            if run is not None and run.record_hash == hash(record):
                run.listed = found
            elif run is not None or record.state not in WAITING:
                self._see(record, run, now_s, (sluids or {}).get(record.job_id))
        if is_complete:
            self._close_unlisted(now_s)
            self._drop_waiting(now_s)
            self._done = {key: at for key, at in self._done.items() if at >= found}

    def _see(self, record: JobRecord, run: JobRun | None, now_s: float, sluid: str | None) -> None:
        key = self._key(record)
        if key is None:
            return
        if run is not None and run.key != key:
            if record.state == _COMPLETING and time_s(record.start_time) == run.start_s:
                run.listed = self._round  # it is about to be requeued
                return
            self._end_of_earlier(run, record, now_s)
            run = None
        if record.state in WAITING:
            if run is not None:
                run.listed = self._round
            return
        if run is None:
            run = self._begin(key, record)
            if run is None:
                return
        run.take(record)
        run.record_hash, run.listed, run.unlisted = hash(record), self._round, 0
        if sluid is not None and run.sluid != sluid:
            run.sluid = sluid
            self._by_sluid[sluid] = run
        run.is_written = run.is_written and record.state not in ENDED
        if run.is_over != (record.state in ENDED):
            run.is_over, run.over_since_s = not run.is_over, now_s
        run.marks = tuple(mark for mark in run.marks if mark != VANISHED)
        self._claim(run, now_s)

    def _key(self, record: JobRecord) -> RunKey | None:
        job_id = number(record.job_id)
        if job_id is None:
            return None
        submit_s = number(record.submit_time) or 0
        return RunKey(self._cluster, job_id, submit_s, number(record.restarts) or 0)

    def _begin(self, key: RunKey, record: JobRecord) -> JobRun | None:
        """Return a new run, None if the job never had a node, or it is done."""
        if key in self._done:
            self._done[key] = self._round
            return None
        if time_s(record.start_time) is None or record.nodes in ("", "(null)"):
            return None
        runs = self._by_job.get(key.job_id, ())
        run = next((one for one in runs if one.key == key), None)
        if run is None:
            if record.state == _COMPLETING:
                return None  # perhaps still the run before it; its end will be listed
            run = JobRun(key)
            self._by_job.setdefault(key.job_id, []).append(run)
        self._current[record.job_id] = run
        return run

    def _end_of_earlier(self, run: JobRun, record: JobRecord, now_s: float) -> None:
        """End a run whose job is listed as another one: a requeue, or an id that is used again."""
        self._current.pop(record.job_id, None)
        if run.is_over:
            return
        is_requeued = (number(record.restarts) or 0) > run.key.restart
        self._end(run, REQUEUED if is_requeued else None, now_s)
        run.mark(IS_REQUEUED if is_requeued else REUSED)

    @staticmethod
    def _end(run: JobRun, state: str | None, now_s: float) -> None:
        run.state, run.reason, run.exit_code = state, None, None
        run.is_over, run.over_since_s, run.is_written = True, now_s, False

    def _close_unlisted(self, now_s: float) -> None:
        """End runs that Slurm no longer lists, unless their nodes still have them."""
        for job_id, run in list(self._current.items()):
            if run.listed == self._round:
                continue
            run.unlisted += 1
            if run.is_over:
                del self._current[job_id]
                continue
            is_seen = any(self._runs_on(part, now_s) for part in run.parts.values())
            longest = _FORGOTTEN_S / self._interval_s
            if run.unlisted >= (longest if is_seen else _MISSED_LISTS):
                del self._current[job_id]
                self._end(run, None, now_s)
                run.mark(VANISHED)

    def _runs_on(self, part: NodePart, now_s: float) -> bool:
        return part.end_s is None and now_s - (part.look_s or 0.0) <= 3 * self._interval_s

    def _claim(self, run: JobRun, now_s: float) -> None:
        """Give a run what nodes have said of it before Slurm did."""
        for job_id in (str(run.key.job_id), run.sluid or ""):
            waiting = self._waiting.get(job_id)
            start_s = run.start_s or 0.0
            nearest = sorted(
                (waiting or {}).items(), key=lambda one: abs((one[1].began_s or 0.0) - start_s)
            )
            for key, part in nearest:
                reading = JobReading(job_id, part.node, part.restart)
                entry = times_of(part.node, reading, part.agent, part.end_s or part.look_s or now_s)
                entry = entry._replace(began_s=part.began_s or entry.began_s)
                if part.node in run.parts or best_run(entry, [run], self._interval_s) is None:
                    continue
                self._give(run, part)
                self._forget_waiting(job_id, key)

    def _forget_waiting(self, job_id: str, key: tuple[str, str, str]) -> None:
        del self._waiting[job_id][key]
        self._waiting_count -= 1
        if not self._waiting[job_id]:
            del self._waiting[job_id]

    def _drop_waiting(self, now_s: float) -> None:
        """Drop what Slurm has not told of for long, and no node reports any more."""
        for job_id, of_job in list(self._waiting.items()):
            for key, part in list(of_job.items()):
                if now_s - (part.end_s or part.look_s or 0.0) > _WAIT_S:
                    self.counts.unclaimed += 1
                    self._forget_waiting(job_id, key)

    # What is written, and what is asked.

    @property
    def runs(self) -> list[JobRun]:
        """The runs in memory: open ones, and those that have ended lately."""
        return [run for runs in self._by_job.values() for run in runs]

    def find(self, name: JobName) -> list[JobRun]:
        """Return the runs in memory of a job, as the archive finds them."""
        if name.sluid is not None:
            return list(self._runs_of(name.sluid))
        return [run for run in self.runs if _is_named(run, name)]

    def batch(self, now_s: float, most: int = 500) -> LedgerBatch:
        """Return what is to be written; call written() or not_written() afterwards.

        Ended runs come first. Agents are there only if all readings of ends are: what is written
        must not skip one that is not.
        """
        found = LedgerBatch()
        due = [run for run in self.runs if not run.is_written]
        found.runs = due[:most]
        if len(due) <= most:
            rest = (run for run in self.runs if run.is_written and not run.is_over)
            late_s = now_s - self._checkpoint_s
            for run in rest:
                if len(found.runs) >= most:
                    break
                if run.written_s <= late_s:
                    found.runs.append(run)
            found.agents = self._agents_to_write()
        for run in found.runs:
            run.is_written, run.written_s = True, now_s
        found.closed, self._closed = self._closed, []
        return found

    def _agents_to_write(self) -> list[tuple[JobAgent, int | None]]:
        """Return agents with the number after which not all is written."""
        least: dict[str, int] = {}
        for of_job in self._waiting.values():
            for part in of_job.values():
                if part.sequence is not None:
                    node = part.agent.node
                    least[node] = min(least.get(node, part.sequence), part.sequence)
        agents = [self._agents[node] for node in self._changed_agents if node in self._agents]
        self._changed_agents = {agent.node for agent in agents if agent.node in least}
        return [(one, _before(one.after, least.get(one.node))) for one in agents]

    def written(self, batch: LedgerBatch, now_s: float) -> None:
        """Drop runs of which all is known and written, and those that wait for too long."""
        over = [run for run in self.runs if run.is_over and run.is_written]
        over.sort(key=lambda run: run.over_since_s)
        surplus = len(over) - self._limits.ended
        for at, run in enumerate(over):
            age_s = now_s - run.over_since_s
            linger_s = _LINGER_S if run.state is not None else _FORGOTTEN_S
            if at < surplus or age_s > _DAY_S or (age_s > linger_s and _is_whole(run)):
                self._forget(run)

    def not_written(self, batch: LedgerBatch) -> None:
        """Keep what could not be written: it is in the next batch again."""
        for run in batch.runs:
            run.is_written = False
        self._closed = [*batch.closed, *self._closed]
        self._changed_agents.update(agent.node for agent, _ in batch.agents)

    def _forget(self, run: JobRun) -> None:
        runs = self._by_job[run.key.job_id]
        runs.remove(run)
        if not runs:
            del self._by_job[run.key.job_id]
        self._by_sluid.pop(run.sluid or "", None)
        job_id = str(run.key.job_id)
        if self._current.get(job_id) is run:
            del self._current[job_id]
            self._done[run.key] = self._round
        for part in run.parts.values():
            part.run = None
        self._closed.append(run.key)

    def restore(
        self, runs: Iterable[JobRun], agents: Iterable[JobAgent], done: Iterable[RunKey] = ()
    ) -> None:
        """Go on with what was written: open runs, agents, and keys of runs that are done."""
        self._agents = {agent.node: agent for agent in agents}
        known = {agent.instance: agent for agent in self._agents.values()}
        self._done = dict.fromkeys(done, self._round + 1)
        for run in sorted(runs, key=lambda one: one.start_s or 0.0):
            self._by_job.setdefault(run.key.job_id, []).append(run)
            self._current[str(run.key.job_id)] = run
            if run.sluid is not None:
                self._by_sluid[run.sluid] = run
            for part in run.parts.values():
                part.run = run
                part.agent = known.get(part.agent.instance, part.agent)


def _before(after: int | None, waiting: int | None) -> int | None:
    return after if after is None or waiting is None else min(after, waiting - 1)


def _in_order(readings: Sequence[JobReading]) -> Sequence[JobReading]:
    """Return the entries of a job, its last run first."""
    if any(reading[2] for reading in readings):
        return sorted(readings, key=lambda reading: -int(reading[2] or 0))
    return readings


def _is_whole(run: JobRun) -> bool:
    """Return whether all nodes of a run have told of its end."""
    return bool(run.nodes) and all(
        one in run.parts and run.parts[one].end_s is not None for one in run.nodes
    )


def _is_named(run: JobRun, name: JobName) -> bool:
    job_id, task, offset = name.job_id, name.task, name.offset
    if task is not None:
        return (run.array_job_id, run.array_task) == (job_id, task)
    if offset is not None:
        return (run.het_job_id, run.het_offset) == (job_id, offset)
    return job_id in (run.key.job_id, run.array_job_id, run.het_job_id)
