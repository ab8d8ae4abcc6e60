"""Threads that do what may hang, so that nobody else has to wait for it.

A call into the kernel can't be interrupted: a dead file server holds it for ever. So such calls
run in a thread of a crew. One thread does one job after another; a job that takes long keeps its
thread, and the jobs behind it get a new one. A crew thus has as many threads as jobs hang, and one.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from queue import SimpleQueue
from typing import Any

# Readings take a few milliseconds. What takes longer than this should not hold up the others.
PATIENCE_S = 0.1


class Job:
    """Something to do; ``began_s`` says since when it is being done, None while it is not."""

    began_s: float | None = None

    def work(self) -> Any:
        """Do it, in a thread of the crew; return the result. Must not raise."""
        raise NotImplementedError


class Crew:
    """Does jobs; their results wait for who takes them.

    *wake* is called from a thread of the crew when there are results and nothing more to do.
    """

    def __init__(
        self,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._wake = wake
        self._clock = clock
        self._patience_s = patience_s
        self._jobs: deque[Job] = deque()
        self._kicks: SimpleQueue[None] = SimpleQueue()  # to wake a thread that found no job
        self._submitted = 0
        self._begun = 0
        self._lock = threading.Lock()  # of _begun, which several threads count
        self._results: deque[tuple[Job, Any]] = deque()
        self._worker: _Worker | None = None

    def submit(self, *jobs: Job) -> None:
        """Have *jobs* done after those submitted before; not again before its result was taken.

        Together they cost one switch between threads, one by one each its own.
        """
        self._submitted += len(jobs)
        self._jobs.extend(jobs)
        self._kicks.put(None)
        if self._worker is None:
            self._start_worker()

    def results(self) -> Iterator[tuple[Job, Any]]:
        """Yield the jobs that are done, with their results, each once."""
        while self._results:
            yield self._results.popleft()

    def overtake(self) -> float:
        """Give the jobs behind one that takes long to a new thread.

        Return when to look again, on the crew's clock; infinity while no job waits for another.
        """
        if self._begun == self._submitted:
            return math.inf
        job, now_s = self._worker and self._worker.job, self._clock()
        began_s = job.began_s if job else None
        if began_s is not None and now_s < began_s + self._patience_s:
            return began_s + self._patience_s
        if began_s is not None:
            self._start_worker()
        return now_s + self._patience_s

    def _start_worker(self) -> None:
        self._worker = _Worker(target=self._work, daemon=True)
        self._worker.start()

    def _work(self) -> None:
        me = threading.current_thread()
        assert isinstance(me, _Worker)  # noqa: S101 - started above
        # Overtaken between this look and the next line, it does one job more. That does no harm.
        while me is self._worker:
            try:
                job = me.job = self._jobs.popleft()
            except IndexError:
                self._kicks.get()
                continue
            job.began_s = self._clock()
            with self._lock:
                self._begun += 1
            result = job.work()
            me.job = None
            job.began_s = None
            self._results.append((job, result))
            if not self._jobs or me is not self._worker:
                self._wake()


class _Worker(threading.Thread):
    """A thread, and what it is busy with."""

    job: Job | None = None


def outcome(call: Callable[[], Any]) -> Any:
    """Return what *call* returns, or the OSError that it raises."""
    try:
        return call()
    except OSError as error:
        return error


class _Call(Job):
    """A call, whose result may be an error."""

    def __init__(self, key: str, call: Callable[[], Any]) -> None:
        self.key = key
        self._call = call

    def work(self) -> Any:
        return outcome(self._call)


class GuardedCalls:
    """Calls that may hang, each under a key; none is made again while it still hangs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._woken = threading.Event()
        self._clock = clock
        self._crew = Crew(self._woken.set, clock)
        self._under_way: set[str] = set()

    def results(self, calls: Mapping[str, Callable[[], Any]], within_s: float) -> dict[str, Any]:
        """Make the *calls*; return what came back *within_s* seconds: values, or OSErrors."""
        until_s = self._clock() + within_s
        self._taken()  # what came back too late is old, and its key can be called again
        waiting = calls.keys() - self._under_way
        found: dict[str, Any] = {}
        self._under_way |= waiting
        if waiting:
            self._crew.submit(*(_Call(key, call) for key, call in calls.items() if key in waiting))
        while waiting - found.keys() and (now_s := self._clock()) < until_s:
            self._woken.wait(min(until_s, self._crew.overtake()) - now_s)
            self._woken.clear()
            found |= self._taken()
        return {key: value for key, value in found.items() if key in waiting}

    def _taken(self) -> dict[str, Any]:
        taken = {job.key: result for job, result in self._crew.results() if isinstance(job, _Call)}
        self._under_way -= taken.keys()
        return taken
