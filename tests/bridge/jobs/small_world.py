"""A cluster of two nodes in memory: jobs, agents, Slurm and lmaster, and what is true of them.

Time goes on in steps of 10 s. What is true is kept beside: the CPU seconds of each run on its node.
"""

from dataclasses import dataclass, field

from fructosa_bridge.job_archive.blobs import decode_run, encode_run
from fructosa_bridge.job_archive.views import view
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.node_parts import JobAgent
from fructosa_bridge.slurm_output.sacct import EndedJob

from .known_jobs import T0, record
from .pages import page, reading

STEP_S = 10
MIN_JOB_AGE_S = 300
# A job that is requeued, and an id that is used again, begin at the earliest after so long. It is
# two minutes in Slurm; up to the tolerance of 30 s a node may take two runs for one.
REQUEUE_S = 40
NODES = ("n1", "n2")


@dataclass
class Life:
    """A run as it is. Its cgroup is there from its first step on, and anew for each further one."""

    job_id: int
    restart: int
    submit_s: float
    start_s: float
    node: str
    rate: float
    cpu_s: float = 0.0
    end_s: float | None = None
    state: str = "RUNNING"
    step_began_s: float = 0.0
    step_cpu_s: float = 0.0
    peak: float = 0.0

    def key(self, ahead_s):
        """Return its key, as Slurm's clock is *ahead_s*."""
        return ("c1", self.job_id, int(self.submit_s + ahead_s), self.restart)


@dataclass
class EntryOfPage:
    """What an agent knows of a life."""

    life: Life
    label: str
    began_s: float
    cpu_s: float = 0.0
    peak: float = 0.0
    end_s: float | None = None
    sequence: int | None = None


@dataclass
class Agent:
    """One start of an agent."""

    instance: str
    boot: str
    entries: list = field(default_factory=list)
    sequence: int = 0


class World:
    """The cluster, and the ledger of lmaster, which is killed and goes on with what it wrote.

    With *resubmits* a requeue has a time of submission of its own, and accounting does not count
    them, as before Slurm 25.11.
    """

    def __init__(self, ahead_s=0, *, resubmits=False):
        self.resubmits = resubmits
        self.now_s = T0
        self.ahead_s = ahead_s
        self.lives = []
        self.waiting = {}  # job id -> (the life before, when it starts again)
        self.count = 0
        self.agents = {node: self._agent(node, "boot") for node in NODES}
        self.ledger = JobLedger("c1")
        self.listed = set()
        self.largest = {}  # the largest CPU seconds that lmaster said of a run
        self.open, self.stored, self.stored_agents = {}, {}, []

    def _agent(self, node, boot):
        self.count += 1
        agent = Agent(f"agent {self.count}", boot)
        agent.entries = [
            EntryOfPage(life, "", life.step_began_s, life.step_cpu_s, life.step_cpu_s)
            for life in self.running()
            if life.node == node
        ]
        return agent

    def running(self):
        """Return the lives that go on."""
        return [life for life in self.lives if life.end_s is None]

    # What happens.

    def start(self, job_id, node, rate, before=None):
        """Start a job that does not run; an id that was used begins anew."""
        same = [life for life in self.lives if life.job_id == job_id]
        lately_s = self.now_s - REQUEUE_S
        if job_id in self.waiting or any((life.end_s or self.now_s) > lately_s for life in same):
            return
        restart, submit_s = (
            (0, self.now_s) if before is None else (before.restart + 1, self._submit_s(before))
        )
        life = Life(job_id, restart, submit_s, self.now_s, node, rate, step_began_s=self.now_s)
        self.lives.append(life)
        agent = self.agents[node]
        known = sum(entry.life.job_id == job_id for entry in agent.entries)
        agent.entries.append(EntryOfPage(life, str(known or ""), self.now_s))

    def _submit_s(self, before):
        """Return when the run after another one of the same job was submitted."""
        return before.end_s if self.resubmits else before.submit_s

    def next_step(self, job_id):
        """Let the cgroup of a job go, and come again for its next step."""
        for life in self.running():
            if life.job_id == job_id:
                life.step_began_s, life.step_cpu_s = self.now_s, 0.0

    def end(self, job_id, state="COMPLETED"):
        """End a job that runs."""
        for life in self.running():
            if life.job_id == job_id:
                life.end_s, life.state = self.now_s, state
                agent = self.agents[life.node]
                agent.sequence += 1
                for entry in agent.entries:
                    if entry.life is life:
                        entry.end_s, entry.sequence = self.now_s, agent.sequence

    def requeue(self, job_id):
        """Let a job begin again after half a minute."""
        for life in self.running():
            # Two runs of a job are not submitted in the same second.
            is_later = not self.resubmits or life.start_s < self.now_s
            if life.job_id == job_id and is_later:
                self.end(job_id, "REQUEUED")
                self.waiting[job_id] = (life, self.now_s + REQUEUE_S)

    def restart_agent(self, node):
        """Start an agent anew: it knows what is there now."""
        self.agents[node] = self._agent(node, self.agents[node].boot)

    def reboot(self, node):
        """Let a node fail: its jobs are lost, with what their agent knew."""
        for life in self.running():
            if life.node == node:
                life.end_s, life.state = self.now_s, "NODE_FAIL"
        self.agents[node] = self._agent(node, f"boot {self.count}")

    def step(self):
        """Let time pass."""
        self.now_s += STEP_S
        for life in self.running():
            used = life.rate * STEP_S
            life.cpu_s, life.step_cpu_s = life.cpu_s + used, life.step_cpu_s + used
            life.peak = max(life.peak, life.step_cpu_s)
            for entry in self.agents[life.node].entries:
                if entry.life is life:
                    entry.cpu_s += used
                    entry.peak = max(entry.peak, life.step_cpu_s)
        for job_id, (life, start_s) in list(self.waiting.items()):
            if self.now_s >= start_s:
                del self.waiting[job_id]
                self.start(job_id, life.node, life.rate, before=life)

    # What lmaster sees.

    def fetch(self, node):
        """Fetch the page of a node."""
        agent, after = self.agents[node], self.ledger.after(node)
        readings = []
        for entry in agent.entries:
            life = entry.life
            values = {"cpu_s": entry.cpu_s, "peak_bytes": entry.peak}
            values["age_s"] = float(self.now_s - entry.began_s)
            values["reading_age_s"] = 0.0
            if entry.end_s is not None:
                if after is not None and entry.sequence <= after:
                    continue
                age_s = float(self.now_s - entry.end_s)
                values |= {"reading_age_s": age_s, "end_age_s": age_s}
                values["end_sequence"] = float(entry.sequence)
            readings.append(reading(life.job_id, restart=entry.label, **values))
        found = page(
            *readings, instance=agent.instance, boot_id=agent.boot, sequence=agent.sequence
        )
        self.ledger.see_page(node, found, self.now_s)
        self._check_that_no_total_falls()

    def list_jobs(self):
        """Read Slurm's list: of each job the last run, if it ended lately."""
        last = {life.job_id: life for life in self.lives}
        records = []
        for job_id, life in last.items():
            if job_id in self.waiting:
                submit_s = int(self._submit_s(life) + self.ahead_s)
                restart = life.restart + 1
                records.append(record(job_id, None, None, "PENDING", submit_s, restarts=restart))
            elif life.end_s is None or self.now_s - life.end_s <= MIN_JOB_AGE_S:
                records.append(self._record(life))
                self.listed.add(life.key(self.ahead_s))
        self.ledger.see_jobs(records, self.now_s)
        self._check_that_no_total_falls()

    def account(self):
        """Ask Slurm's accounting for all that has ended."""
        over = [life for life in self.lives if life.end_s is not None]
        records = map(self._record, over)
        if self.resubmits:
            records = (one._replace(restarts="") for one in records)
        archived = {
            key: said.end_s is not None and said.state not in (None, "REQUEUED")
            for key, said in self.stored.items()
        }
        self.ledger.see_ended([EndedJob(one) for one in records], self.now_s, archived)
        self.listed |= {life.key(self.ahead_s) for life in over}
        self._check_that_no_total_falls()

    def wait(self):
        """Let a quarter of an hour pass: Slurm forgets what ended, and lmaster waits in vain."""
        for node in NODES:
            self.fetch(node)
        for _ in range(91):
            self.step()
        self.list_jobs()

    def _record(self, life):
        end_s = None if life.end_s is None else life.end_s + self.ahead_s
        return record(
            life.job_id,
            life.start_s + self.ahead_s,
            end_s,
            life.state,
            int(life.submit_s + self.ahead_s),
            restarts=life.restart,
            nodes=life.node,
        )

    def _check_that_no_total_falls(self):
        for run in self.ledger.runs:
            cpu_s = sum(part.cpu_s or 0.0 for part in run.parts.values())
            if not run.parts and run.key in self.stored:
                continue  # dropped, and told again
            assert cpu_s >= self.largest.get(run.key, 0.0)
            self.largest[run.key] = cpu_s

    def write(self, most=500):
        """Write a batch, as the archive does."""
        batch = self.ledger.batch(self.now_s, most)
        for key in batch.removed:
            self.open.pop(key, None)
            self.stored.pop(key, None)
        for run in batch.runs:
            self.open[run.key] = encode_run(run)
            said = view(run, self.now_s)
            if not run.parts and run.key in self.stored:  # its figures were archived before
                before = self.stored[run.key]
                said = said._replace(cpu_s=before.cpu_s, coverage=before.coverage)
                said = said._replace(memory_peak_bytes=before.memory_peak_bytes)
            self.stored[run.key] = said
        for key in batch.closed:
            self.open.pop(key, None)
        for agent, after in batch.agents:
            values = (agent.instance, agent.boot_id, agent.since_s, agent.page_s, after)
            self.stored_agents = [one for one in self.stored_agents if one[0] != agent.node]
            self.stored_agents.append((agent.node, *values))
        self.ledger.written(batch, self.now_s)

    def kill(self):
        """Kill lmaster, and start it again: what was not written is lost."""
        self.ledger = JobLedger("c1")
        agents = [JobAgent(*values) for values in self.stored_agents]
        done = [key for key in self.stored if key not in self.open]
        self.ledger.restore(map(decode_run, self.open.values()), agents, done)
        self.largest.clear()
        self.listed &= self.stored.keys()
