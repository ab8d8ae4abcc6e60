"""Reads Slurm at its interval, keeps what it last reported, and queues the cluster's points."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..config.slurm_settings import SlurmSettings
from ..model.points import Batch, Points
from ..model.target import Target
from ..naming.schemes import SCHEMES
from ..scrape import schedule
from ..scrape.target_state import TargetState
from ..slurm_output.records import SlurmReading
from ..slurm_output.sacct import EndedJob
from ..slurm_states import conditions
from ..slurm_states.hidden_nodes import HiddenNodes
from ..slurm_states.kept_states import KeptNode, KeptStates
from ..slurm_states.matching import NodeIndex
from ..slurm_states.node_states import UNLISTED, NodeState, node_state
from ..slurm_states.unmatched import Unmatched, unmatched
from . import cluster, metrics, summary
from .metrics import Samples
from .reader import Reader

log = logging.getLogger("lmaster.slurm")

Queue = Callable[[Sequence[Batch]], None]

PROBLEM = "Slurm: %s"
READ_AGAIN = "Slurm: %s can be read again"
INTERNAL_ERROR = "internal error, see lmaster's log"
_LMASTER = "lmaster"  # among the commands: what fails in lmaster itself
UNKNOWN_WORD = "Slurm: %s is not known to this version of lmaster and counts as other"
SHORT_JOB_AGE = (
    "Slurm: MinJobAge is %d s, less than three intervals of %d s: jobs that end between two "
    "readings are missed; raise MinJobAge in slurm.conf, or lower interval in [slurm]"
)
# While slurmctld does not respond, it is tried less and less often, down to once in so long.
_LONGEST_PAUSE_S = 300.0
_LONGEST_SLEEP_S = 30.0
_MOST_COMMANDS = 6  # of a reading
# Who reloads again and again must not keep slurmctld busy.
_SHORTEST_PAUSE_S = 1.0
# Unknown words that are logged, each once: what a damaged output holds must not fill the log.
_MOST_WORDS = 100

# What differs from reading to reading in the message of one problem: numbers, and what it quotes.
_DETAILS = re.compile(r"""\d+|'.*'|".*\"""")
_ABSENT = frozenset({"future", "powered_down"})
UNKNOWN = NodeState(UNLISTED, is_expected=True)


class SlurmMonitor:
    """What Slurm reports, for the pages and for Graphite. It is read only while run() runs."""

    def __init__(
        self,
        settings: SlurmSettings,
        target: Target,
        queue: Queue,
        kept: KeptStates | None = None,
        reader: Reader | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.did_respond: bool | None = None  # slurmctld, at the last try; None before the first
        self.reading: SlurmReading | None = None  # the last one
        self.states: Mapping[str, NodeState] = {}  # of the nodes, the last known ones
        self.listeners: list[Callable[[SlurmReading], None]] = []  # to each reading
        self.targets: Callable[[], Sequence[TargetState]] = lambda: ()  # that lmaster scrapes
        self.target = target
        self._queue = queue
        self._kept = kept
        self._reader = reader or Reader(settings)
        self._clock = clock
        self.index = NodeIndex()
        # What find() has found in these states. Threads read it too: both change at once.
        self._found: tuple[Mapping[str, NodeState], dict[str, NodeState]] = (self.states, {})
        self._samples: Samples = {}
        self._pause_s = 0.0
        self._next_try_s = 0.0
        self._is_woken = asyncio.Event()
        self._problems: dict[str, str] = {}
        self._hidden = HiddenNodes()
        self._words: set[str] = set()
        self._is_job_age_checked = False

    @property
    def problems(self) -> Mapping[str, str]:
        """What cannot be read at present, by command."""
        return self._reader.log.problems

    @property
    def is_up(self) -> bool | None:
        """Whether slurmctld responded, and lately; None before the first reading.

        A command that even SIGKILL does not end, as on a file server that hangs, ends no reading.
        """
        longest_s = 2 * self.settings.interval_s + _MOST_COMMANDS * self.settings.deadline_s
        age_s = self._age_s()
        return self.did_respond and (age_s is None or age_s <= longest_s)

    def _age_s(self) -> float | None:
        return None if self.reading is None else max(0.0, self._clock() - self.reading.time_s)

    def clock_was_set(self, step_s: float, now_s: float) -> None:
        """Move the time of the last reading after the clock was set by *step_s* to *now_s*."""
        if self.reading is not None:
            time_s = schedule.moved(self.reading.time_s, step_s, now_s)
            self.reading = replace(self.reading, time_s=time_s)

    def find(self, host: str) -> NodeState:
        """Return the state of a target's node, or UNKNOWN if Slurm does not list it.

        If several slurmd run on the host, it is that of one that is expected to be up, if any is.
        """
        states, remembered = self._found
        if states is not self.states:
            states, remembered = self._found = self.states, {}
        found = remembered.get(host)
        if found is None:
            names = self.index.find(host)
            on_host = (one for name in names for one in self.index.on_machine_of(name))
            some = [states[name] for name in (*names, *on_host) if name in states]
            found = min(some, key=lambda state: not state.is_expected, default=UNKNOWN)
            remembered[host] = found
        return found

    def samples(self) -> Samples:
        """Return the samples of the cluster; those of the last reading only while it is up."""
        is_up, age_s = self.is_up, self._age_s()
        found: Samples = dict(self._samples) if is_up else {}
        if is_up is not None:
            found[metrics.UP] = {(): float(is_up)}
        if self.states:
            counted = self.conditions(self.targets())
            found[metrics.TARGETS] = {
                (condition, section): float(number)
                for (section, condition), number in counted.items()
            }
        if self.reading is not None and age_s is not None:
            found[metrics.READING_AGE] = {(): age_s}
            found[metrics.READING_DURATION] = {(): self.reading.duration_s}
        found[metrics.COMMANDS] = {key: float(n) for key, n in self._reader.log.results.items()}
        return found

    def conditions(self, targets: Iterable[TargetState]) -> Mapping[tuple[str, str], int]:
        """Return the number of *targets* by section and condition."""
        return conditions.counts(
            (one.target.group, self.find(one.target.host), one.up) for one in targets
        )

    def unmatched(self, hosts: Iterable[str]) -> Unmatched:
        """Return which of the targets' *hosts* match badly, and which nodes none of them is."""
        # Nobody scrapes what is switched off.
        nodes = (name for name, node in self.states.items() if node.state not in _ABSENT)
        return unmatched(hosts, self.index, nodes)

    def summary(self) -> dict[str, Any]:
        """Return what Slurm reported last, see summary.summary()."""
        return summary.summary(
            self.reading, self.states, self._samples, self.problems, is_up=self.is_up
        )

    def take_over(self, other: "SlurmMonitor") -> None:
        """Keep what another monitor of the same Slurm reported last until the first reading."""
        if source(self.settings) == source(other.settings):
            self.did_respond = other.did_respond
            self.reading, self._samples = other.reading, other._samples
            self.states, self.index, self._hidden = other.states, other.index, other._hidden
            self._reader.log.results.update(other._reader.log.results)

    def read_gpus(self) -> None:
        """Read the GPUs of jobs, too."""
        self._reader.reads_gpus = True

    async def read_ended(self, since_s: float, until_s: float) -> Sequence[EndedJob] | None:
        """Return the runs that ended between two times, as slurmdbd knows them; None: it failed."""
        return await self._reader.read_ended(since_s, until_s)

    def wake(self) -> None:
        """Read Slurm now, without waiting until it is due."""
        self._next_try_s = 0.0
        self._is_woken.set()

    async def run(self) -> None:
        """Read Slurm for ever: at once, then whenever it is due."""
        if self._kept is not None and not self.states:
            nodes = await asyncio.to_thread(self._kept.read)
            if not self.states:  # else a reading was there before
                self._use_kept(nodes)
        interval_s = self.settings.interval_s
        offset_s = schedule.offset(self.target.identity, interval_s)
        due_s = schedule.next_due(self._clock(), interval_s, offset_s) - interval_s
        while True:
            await self.read()
            self.queue_points(due_s)
            due_s = schedule.next_due(self._clock(), interval_s, offset_s)
            while (left_s := due_s - self._clock()) > 0:
                if left_s > 2 * interval_s:  # the clock was set back
                    due_s = schedule.next_due(self._clock(), interval_s, offset_s)
                elif await self._is_woken_within(min(left_s, _LONGEST_SLEEP_S)):
                    await self.read()
                    await asyncio.sleep(_SHORTEST_PAUSE_S)
            due_s = schedule.latest_due(self._clock(), due_s, interval_s)

    def queue_points(self, due_s: float) -> None:
        """Queue the samples as points of the time *due_s*."""
        self._queue([Batch(int(due_s), self.settings.interval_s, self._points())])

    async def _is_woken_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._is_woken.wait()
        except TimeoutError:
            return False
        self._is_woken.clear()
        return True

    async def read(self) -> None:
        """Read Slurm once, unless slurmctld did not respond and is to be left alone."""
        now_s = self._clock()
        if now_s < self._next_try_s <= now_s + _LONGEST_PAUSE_S:
            return
        try:
            await self._read()
        except Exception:
            # A bug must cost the series of Slurm alone.
            log.exception("Slurm: internal error")
            self._reader.log.problems[_LMASTER] = INTERNAL_ERROR
            self._back_off(is_up=False)
        else:
            self._reader.log.problems.pop(_LMASTER, None)

    async def _read(self) -> None:
        reading = await self._reader.read()
        self._log_problems()
        if reading is None:
            self._back_off(is_up=False)
        else:
            await self._use(reading)

    def _back_off(self, *, is_up: bool) -> None:
        self.did_respond = is_up
        interval_s = float(self.settings.interval_s)
        self._pause_s = 0.0 if is_up else min(max(2 * self._pause_s, interval_s), _LONGEST_PAUSE_S)
        # A tenth of slack: the next reading must not miss its try by a hair.
        self._next_try_s = self._clock() + self._pause_s - 0.1 * interval_s

    async def _use(self, reading: SlurmReading) -> None:
        # A thread: for 10,000 nodes and jobs this takes a tenth of a second.
        states = self.states
        if reading.nodes is not None:
            hidden = await asyncio.to_thread(self._hidden.find, reading.nodes, reading.partitions)
            nodes = [*reading.nodes, *hidden]
            reading = replace(reading, nodes=nodes)
            user = reading.config.slurm_user
            states = await asyncio.to_thread(lambda: {n.name: node_state(n, user) for n in nodes})
            if not self.index.is_of(nodes):
                self.index = await asyncio.to_thread(NodeIndex, nodes)
            self.states = states  # the last: what find() remembers is of these states
            if self._kept is not None:
                await asyncio.to_thread(self._kept.update, nodes, states)
        labels = self.settings.labels
        samples = await asyncio.to_thread(cluster.samples, reading, states, labels)
        # Nothing waits from here on: whoever sees that slurmctld is up sees its figures, too.
        self._samples, self.reading = samples, reading
        self._back_off(is_up=True)
        self._log_words(cluster.unknown_words(reading))
        self._check_job_age(reading)
        for listener in self.listeners:
            listener(reading)

    def _use_kept(self, nodes: Sequence[KeptNode]) -> None:
        """Use the states from before a restart until the first reading."""
        self.index = NodeIndex(nodes)
        self.states = {node.name: node.state for node in nodes}

    def _points(self) -> Points:
        scheme = SCHEMES[self.target.naming]
        before, after = scheme.around(self.target)
        points = Points.of(
            (scheme.path(metric.name, tuple(zip(metric.labels, labels, strict=True))).path, value)
            for metric, values in self.samples().items()
            for labels, value in values.items()
        )
        points.before, points.after = before, after
        return points

    def _log_problems(self) -> None:
        """Log a problem when it begins, changes and ends, not at every reading.

        That a number or a quotation in it changes, as the count of hidden jobs, is no change.
        """
        known = self._problems
        self._problems = {name: _DETAILS.sub("", text) for name, text in self.problems.items()}
        for command, problem in self.problems.items():
            if known.get(command) != self._problems[command]:
                log.warning(PROBLEM, problem)
        for command in known.keys() - self.problems.keys():
            log.info(READ_AGAIN, command)

    def _log_words(self, words: Sequence[str]) -> None:
        for word in words:
            if word not in self._words and len(self._words) < _MOST_WORDS:
                self._words.add(word)
                log.warning(UNKNOWN_WORD, word)

    def _check_job_age(self, reading: SlurmReading) -> None:
        age_s = reading.config.min_job_age_s
        if not self._is_job_age_checked and age_s is not None:
            self._is_job_age_checked = True
            if age_s < 3 * self.settings.interval_s:
                log.warning(SHORT_JOB_AGE, age_s, self.settings.interval_s)


def source(settings: SlurmSettings) -> str:
    """Return a text that differs for different Slurms."""
    return f"{settings.cluster} {settings.slurm_conf} {settings.commands}"
