"""What nodes say of jobs that Slurm has not told of: it waits, bounded, for their runs."""

from collections.abc import Callable

from .node_parts import NodePart

# Which entry of which agent it is: the node, the restart, and the agent's instance.
WaitingKey = tuple[str, str, str]


class WaitingParts:
    """The parts that wait, by the id of their job: at most *most*, counted as *count*.

    If they are too many, those of the agent that has most give way, and are counted as *dropped*:
    an agent that tells of thousands of jobs that there are not must not hide those of others.
    """

    def __init__(self, most: int) -> None:
        self.count = self.dropped = 0
        self._most = most
        self._by_job: dict[str, dict[WaitingKey, NodePart]] = {}
        self._since_s: dict[tuple[str, WaitingKey], float] = {}
        self._by_agent: dict[str, dict[tuple[str, WaitingKey], None]] = {}  # the oldest first
        self._agents: dict[tuple[str, WaitingKey], str] = {}  # which agent told of it first

    def get(
        self, job_id: str, key: WaitingKey, make: Callable[[], NodePart], now_s: float
    ) -> NodePart | None:
        """Return the part that waits, a new one if there is none; None if there are too many."""
        part = self._by_job.get(job_id, {}).get(key)
        if part is not None:
            return part
        part = make()
        node = part.agent.node
        if self.count >= self._most and not self._make_room(node):
            return None
        self._by_job.setdefault(job_id, {})[key] = part
        self._by_agent.setdefault(node, {})[job_id, key] = None
        self._agents[job_id, key] = node
        self._since_s[job_id, key] = now_s
        self.count += 1
        return part

    def _make_room(self, node: str) -> bool:
        """Drop the oldest part of the agent that has most; return False if that is *node*'s."""
        counts = {one: len(parts) for one, parts in self._by_agent.items()}
        most = max(counts, key=counts.__getitem__, default=node)
        if counts.get(most, 0) <= counts.get(node, 0) + 1:
            return False
        self.take(*next(iter(self._by_agent[most])))
        self.dropped += 1
        return True

    def take(self, job_id: str, key: WaitingKey) -> NodePart | None:
        """Remove a part, and return it; None if there is none."""
        of_job = self._by_job.get(job_id, {})
        part = of_job.pop(key, None)
        if part is not None:
            self.count -= 1
            del self._since_s[job_id, key]
            if not of_job:
                del self._by_job[job_id]
            node = self._agents.pop((job_id, key))
            del self._by_agent[node][job_id, key]
            if not self._by_agent[node]:
                del self._by_agent[node]
        return part

    def nearest(self, job_id: str, start_s: float) -> list[tuple[WaitingKey, NodePart]]:
        """Return the parts of a job, first the one that began nearest to a time."""
        of_job = self._by_job.get(job_id)
        if of_job is None:
            return []
        return sorted(of_job.items(), key=lambda one: abs((one[1].began_s or 0.0) - start_s))

    def take_older(self, before_s: float) -> list[tuple[str, NodePart]]:
        """Remove what has waited since a time, and was looked at last before it; return it.

        What ended long ago may be new here: its node has kept it.
        """
        old = [
            (job_id, key, part)
            for job_id, of_job in self._by_job.items()
            for key, part in of_job.items()
            if max(self._since_s[job_id, key], part.look_s or 0.0) < before_s
        ]
        for job_id, key, _ in old:
            self.take(job_id, key)
        return [(job_id, part) for job_id, _, part in old]

    def least_sequences(self) -> dict[str, int]:
        """Return the lowest number of an ended job that waits, by the node of its agent."""
        found: dict[str, int] = {}
        for of_job in self._by_job.values():
            for part in of_job.values():
                if part.sequence is not None:
                    node = part.agent.node
                    found[node] = min(found.get(node, part.sequence), part.sequence)
        return found
