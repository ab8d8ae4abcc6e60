"""Jobs of a node over the lives of their folders: running totals, and what ended. Pure.

A job's folder comes and goes: with salloc once for each step, and anew after a requeue. Each time
its counters begin at zero. An entry is a job as this node has seen it, with totals over all lives
of its folder. A requeue begins another entry.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .figures import Figures
from .layouts import JobKey

MOST_ENDED = 1000
KEPT_S = 24 * 3600.0
# So many names of steps and of folders with OOM kills are remembered for a job.
MOST_NAMES = 1000

_TOTALS = ("cpu_s", "oom_kills", "cpu_stalled_s", "memory_stalled_s", "io_stalled_s")
_NO_FIGURES = Figures()


@dataclass(eq=False, slots=True)
class JobEntry:
    """A job of this node, of which it has seen *restart* restarts.

    *ended_s* and *sequence* are None while it runs. *own_max_bytes* is the largest that any look
    saw. *is_final* says whether the last look came after the last process had ended.
    """

    key: JobKey
    restart: int
    began_s: float
    uid: str = ""
    ended_s: float | None = None
    sequence: int | None = None
    read_s: float | None = None
    own_max_bytes: int | None = None
    peak_bytes: int | None = None
    is_final: bool = False
    gpu_processes: dict[str, int] = field(default_factory=dict)
    last: Figures = _NO_FIGURES  # of the current life
    _before: Figures = _NO_FIGURES  # totals of the lives before it
    _steps: set[str] = field(default_factory=set)
    _steps_before: set[str] = field(default_factory=set)
    _kills: dict[str, int] = field(default_factory=dict)  # of version 1, by folder

    def total(self, name: str) -> float | None:
        """Return the total of a figure that adds up, over all lives; None if never read."""
        before: float | None = getattr(self._before, name)
        last: float | None = getattr(self.last, name)
        return last if before is None else before if last is None else before + last

    def take(self, figures: Figures, at_s: float, *, is_final: bool) -> bool:
        """Add what a look at the time *at_s* has read; return whether a life had gone unseen."""
        self.own_max_bytes = _most(self.own_max_bytes, figures.own_bytes)
        self.peak_bytes = _most(self.peak_bytes, figures.peak_bytes)
        if self.read_s is not None and at_s < self.read_s:
            return False  # another look was later, and is here already
        fell = _fell(self.last.cpu_s, figures.cpu_s)
        if fell:
            self.fold()
        # A look for the end reads few figures: what it did not read stays.
        pairs = zip(figures, self.last, strict=True)
        self.last = Figures._make(old if new is None else new for new, old in pairs)
        if figures.cpu_s is not None:
            self.read_s, self.is_final = at_s, is_final
        return fell

    def take_kills(self, kills: Mapping[str, int]) -> None:
        """Take the OOM kills of single folders, which their parents' folders don't count."""
        for folder, count in kills.items():
            if count and (folder in self._kills or len(self._kills) < MOST_NAMES):
                self._kills[folder] = max(count, self._kills.get(folder, 0))
        self.last = self.last._replace(oom_kills=sum(self._kills.values()))

    def begins_anew(self, step: str) -> bool:
        """Return whether a *step* shows that the job was requeued: an ended life had it too."""
        return step in self._steps_before

    def add_step(self, step: str) -> None:
        """Remember a step."""
        if step and len(self._steps) < MOST_NAMES:
            self._steps.add(step)

    def fold(self) -> None:
        """Add the totals of the ended life to those before it."""
        totals = {name: self.total(name) for name in _TOTALS}
        seldom = {name: getattr(self.last, name) for name in ("cpus", "limit_bytes")}
        self._before, self.last = Figures(**totals), Figures(**seldom)  # type: ignore[arg-type]
        self._steps_before |= self._steps
        self._steps, self._kills = set(), {}


class Lives:
    """The jobs of a node. It counts those *seen*, *missed* and *dropped*.

    Missed are lives whose last values were not read. Dropped are entries that were removed before
    anybody had asked for what came after them.
    """

    def __init__(self) -> None:
        self.sequence = self.seen = self.missed = self.dropped = 0
        self._running: dict[JobKey, JobEntry] = {}
        self._ended: dict[int, JobEntry] = {}  # by sequence number, in order
        self._last: dict[JobKey, JobEntry] = {}  # the newest entry of each job
        self._fetched = 0

    def begin(self, key: JobKey, step: str, now_s: float, uid: str = "") -> JobEntry:
        """Note that a step's folder has come; return the entry of its job."""
        entry = self._running.get(key)
        if entry is None:
            entry = self._running[key] = self._next(key, step, now_s, uid)
        entry.add_step(step)
        entry.is_final = False
        return entry

    def running(self, key: JobKey) -> JobEntry | None:
        """Return the entry of a running job."""
        return self._running.get(key)

    def keep(self, keys: Collection[JobKey], now_s: float) -> None:
        """End all running jobs but those of *keys*."""
        for key in [key for key in self._running if key not in keys]:
            self.end(key, now_s)

    def look(
        self,
        key: JobKey,
        figures: Figures,
        at_s: float,
        *,
        kills: Mapping[str, int] = MappingProxyType({}),
        is_final: bool = False,
    ) -> None:
        """Take what a look at the time *at_s* has read; *is_final* if the processes had ended.

        *kills* are OOM kills by folder, where the job's own folder does not count them.
        """
        entry = self._running.get(key)
        if entry is not None and at_s >= entry.began_s:
            self.missed += entry.take(figures, at_s, is_final=is_final)
            if kills:
                entry.take_kills(kills)

    def take_kills(self, key: JobKey, kills: Mapping[str, int]) -> None:
        """Take the OOM kills of folders that may go before the job is read."""
        if (entry := self._running.get(key)) is not None:
            entry.take_kills(kills)

    def end(self, key: JobKey, now_s: float) -> None:
        """Note that a job's folder has gone."""
        entry = self._running.pop(key, None)
        if entry is None:
            return
        self.missed += not entry.is_final
        entry.fold()
        self.sequence += 1
        entry.ended_s, entry.sequence, entry.gpu_processes = now_s, self.sequence, {}
        self._ended[self.sequence] = entry
        if len(self._ended) > MOST_ENDED:
            self._drop(next(iter(self._ended)))

    def set_gpu_processes(self, found: Mapping[JobKey, dict[str, int]]) -> None:
        """Set the processes of running jobs that use GPUs, by UUID."""
        for key, entry in self._running.items():
            entry.gpu_processes = found.get(key, {})

    def entries(self, after: int, now_s: float) -> list[JobEntry]:
        """Return running jobs, and those that ended with a sequence number above *after*.

        Who asks for what came after a number has what came before it.
        """
        for number, entry in list(self._ended.items()):
            if entry.ended_s is None or now_s - entry.ended_s <= KEPT_S:
                break
            self._drop(number)
        if after <= self.sequence:
            self._fetched = max(self._fetched, after)
        ended = [entry for number, entry in self._ended.items() if number > after]
        return [*self._running.values(), *ended]

    def _next(self, key: JobKey, step: str, now_s: float, uid: str) -> JobEntry:
        """Return the entry for a new life: the job's last one, unless it begins anew."""
        last = self._last.get(key)
        if last is None or last.begins_anew(step):
            self.seen += 1
            entry = JobEntry(key, last.restart + 1 if last else 0, now_s, uid)
            self._last[key] = entry
            return entry
        self._ended.pop(last.sequence or 0, None)
        last.ended_s = last.sequence = None
        return last

    def _drop(self, number: int) -> None:
        entry = self._ended.pop(number)
        self.dropped += number > self._fetched
        if self._last.get(entry.key) is entry:
            del self._last[entry.key]


def _most(one: int | None, other: int | None) -> int | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _fell(before: float | None, now: float | None) -> bool:
    return before is not None and now is not None and now < before
