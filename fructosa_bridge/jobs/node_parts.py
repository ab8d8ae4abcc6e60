"""What one node has told of a run: totals that never fall, whatever happens to its agent."""

from typing import TYPE_CHECKING

from ..slurm_output.gpu_indexes import MOST_GPUS
from .curves import JobCurve
from .page import JobReading

if TYPE_CHECKING:
    from ..job_gpus.meters import PartMeter
    from .runs import JobRun

Totals = tuple[float | None, ...]
# The totals of a reading are its fields 3 to 7, the levels 8 to 13: see test_node_parts.py.
_UNKNOWN: Totals = (None,) * 5
_NO_LEVELS: Totals = (None,) * 6
_NO_OFFSETS = (0.0,) * 5
# An agent's last look at a job that ended is of its end if it is not older than this.
FINAL_S = 0.1
# By so much two estimates of one moment differ: how long a page takes to arrive.
_LATE_S = 1.0


class JobAgent:
    """One start of the agent of a node: from *since_s*, and until its last page at *page_s*.

    *after* is the highest number of an ended job that was read; None asks for all of them.
    """

    __slots__ = ("after", "boot_id", "instance", "node", "page_s", "since_s")

    def __init__(
        self,
        node: str,
        instance: str,
        boot_id: str,
        since_s: float,
        page_s: float,
        after: int | None = None,
    ) -> None:
        self.node = node
        self.instance = instance
        self.boot_id = boot_id
        self.since_s = since_s
        self.page_s = page_s
        self.after = after


class NodePart:
    """The figures of a run on a node.

    *totals* are CPU seconds, OOM kills, and seconds stalled for CPUs, memory and I/O: what the
    agent reports plus *offsets*, which is what lives of the job's cgroup used that the agent does
    not know, as it was restarted. *levels* are the largest CPUs, own memory, peak, limit, swap and
    tasks. *end_s* is when the job ended on this node, None while it runs; *is_final* is whether the
    last look was of its end. *missed_s* is the time whose use may not be in the totals.
    """

    __slots__ = (
        *("agent", "began_s", "cpu_curve", "end_s", "gpus", "is_final", "is_shared", "levels"),
        *("look_s", "memory_curve", "meter", "missed_s", "node", "offsets", "paused", "restart"),
        *("run", "sequence", "since_s", "totals", "uid"),
    )

    def __init__(self, node: str, agent: JobAgent, restart: str, step_s: float) -> None:
        self.node = node
        self.agent = agent
        self.restart = restart
        self.run: JobRun | None = None  # None while Slurm has not told of it
        self.since_s = agent.since_s  # since then there was an agent
        self.began_s: float | None = None
        self.look_s: float | None = None
        self.end_s: float | None = None
        self.is_final = False
        self.is_shared = False  # the agent counts two runs as one: maxima are not of this one
        self.sequence: int | None = None
        self.missed_s = 0.0
        self.totals: Totals = _UNKNOWN
        self.offsets: tuple[float, ...] = _NO_OFFSETS
        self.paused: Totals | None = None  # the totals when no life was left for a while
        self.levels: Totals = _NO_LEVELS
        self.uid: int | None = None
        self.gpus: tuple[str, ...] = ()
        self.meter: PartMeter | None = None  # of its GPUs and energy
        self.cpu_curve = JobCurve(is_total=True, step_s=step_s)
        self.memory_curve = JobCurve(is_total=False, step_s=step_s)

    @property
    def cpu_s(self) -> float | None:
        """CPU seconds, None if unknown."""
        return self.totals[0]

    @property
    def known_until_s(self) -> float | None:
        """Until when its figures are known: after the end of the last life it used nothing."""
        if self.end_s is not None and self.is_final:
            return max(self.end_s, self.agent.page_s)
        return self.look_s

    def is_of(self, reading: JobReading, agent: JobAgent) -> bool:
        """Return whether a reading goes on with the last one: same agent, same life of the job."""
        return agent is self.agent and reading.restart == self.restart

    def add(self, reading: JobReading, agent: JobAgent, now_s: float) -> None:
        """Add a reading of a page that was fetched at *now_s*."""
        look_s = now_s - (reading.reading_age_s or 0.0)
        before_s, before = self.look_s, self.totals[0]
        if before_s is None:
            self.agent, self.restart = agent, reading.restart
        elif not self.is_of(reading, agent):
            self._continue_with(reading, agent, now_s, look_s)
        elif self._is_double(reading):
            return
        if self.began_s is None and reading.age_s is not None:
            self.began_s = now_s - reading.age_s
        self._take(reading, look_s)
        self._take_end(reading, now_s)
        self._draw(reading, before_s, before, look_s)

    def _is_double(self, reading: JobReading) -> bool:
        """Return whether this end of the job was read already."""
        return (
            self.end_s is not None
            and reading.end_sequence is not None
            and self.sequence == int(reading.end_sequence)
        )

    def _take(self, reading: JobReading, look_s: float) -> None:
        totals = self._with_offsets(reading[3:8])
        if totals != self.totals:
            if self._falls(totals) and look_s > (self.look_s or look_s) + _LATE_S:
                self.offsets = tuple(value or 0.0 for value in self.totals)
                totals = self._with_offsets(reading[3:8])
            self.totals = tuple(map(_larger, self.totals, totals))
        self.look_s = look_s if self.look_s is None else max(self.look_s, look_s)
        if self.is_shared:
            return
        levels = reading[8:14]
        if levels != self.levels:
            self.levels = tuple(map(_larger, self.levels, levels))
        own = reading.own_bytes
        if own is not None and own > (self.levels[1] or -1.0):
            self.levels = (self.levels[0], own, *self.levels[2:])

    def _with_offsets(self, totals: Totals) -> Totals:
        if self.offsets is _NO_OFFSETS:
            return totals
        return tuple(
            None if value is None else value + offset
            for value, offset in zip(totals, self.offsets, strict=True)
        )

    def _falls(self, totals: Totals) -> bool:
        """Return whether the CPU seconds fell: the cgroup has begun anew, unseen by its agent."""
        return not _reaches(totals[0], self.totals[0])

    def _take_end(self, reading: JobReading, now_s: float) -> None:
        if reading.end_age_s is None:
            self.end_s, self.is_final = None, False
        else:
            self.end_s = now_s - reading.end_age_s
            age_s = reading.reading_age_s
            self.is_final = age_s is not None and age_s - reading.end_age_s <= FINAL_S
            self.sequence = None if reading.end_sequence is None else int(reading.end_sequence)
            self.paused = self.totals
        if reading.uid is not None:
            self.uid = int(reading.uid)
        if reading.gpus:
            used = (uuid for uuid, processes in reading.gpus if processes > 0)
            self.gpus = tuple(dict.fromkeys((*self.gpus, *used)))[:MOST_GPUS]

    def _draw(
        self, reading: JobReading, before_s: float | None, before: float | None, look_s: float
    ) -> None:
        """Add the reading to the curves."""
        total = self.totals[0]
        if total is not None:
            since_s = self.began_s if before is None or before_s is None else before_s
            used = total - (before or 0.0)
            if since_s is not None and (look_s > since_s or used > 0):
                self.cpu_curve.add_total(since_s, look_s, used)
        own = reading.own_bytes
        if own is None and before_s is None:  # a short job: what its agent saw
            own = reading.own_max_bytes
        if own is not None and not self.is_shared:
            self.memory_curve.add_level(look_s, own)

    def _continue_with(
        self, reading: JobReading, agent: JobAgent, now_s: float, look_s: float
    ) -> None:
        """Go on with what an agent says that was restarted, or that sees the job begin anew.

        It may know fewer lives of the job's cgroup than the one before. Only what is certain is
        added: the totals are never more than what was used, and the time in doubt is missed.
        """
        last_s, known_s = self.look_s or look_s, self.known_until_s or look_s
        began_s = None if reading.age_s is None else now_s - reading.age_s
        new, paused = reading[3:8], self.paused
        is_other_boot = agent.boot_id != self.agent.boot_id
        if is_other_boot or (began_s is not None and began_s > last_s + _LATE_S):
            # A new life. When the one before it ended is unknown, unless its end was read.
            self.missed_s += max(0.0, (look_s if began_s is None else began_s) - known_s)
            self.offsets = tuple(value or 0.0 for value in self.totals)
        elif paused is not None and _reaches(_sum(new[0], paused[0]), self.totals[0]):
            self.offsets = tuple(value or 0.0 for value in paused)
        elif self._falls(self._with_offsets(new)):
            # The life that goes on was not the first one; how much of it was counted is unknown.
            self.missed_s += max(0.0, look_s - last_s)
            self.offsets = tuple(
                (total or 0.0) - (value or 0.0)
                for total, value in zip(self.totals, new, strict=True)
            )
        self.agent, self.restart, self.sequence = agent, reading.restart, None

    def split(self, reading: JobReading, step_s: float) -> "NodePart":
        """Return the part of the job's next run, where the agent has one entry for both."""
        part = NodePart(self.node, self.agent, reading.restart, step_s)
        part.is_shared = True
        part.offsets = tuple(
            offset - (total or 0.0) for total, offset in zip(self.totals, self.offsets, strict=True)
        )
        part.totals = tuple(None if total is None else 0.0 for total in self.totals)
        part.began_s = part.look_s = self.look_s
        return part


def _larger(old: float | None, new: float | None) -> float | None:
    if old is None or new is None:
        return new if old is None else old
    return max(old, new)


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _reaches(new: float | None, last: float | None) -> bool:
    return new is None or last is None or new >= last
