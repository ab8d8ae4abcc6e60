"""Watches the jobs of this node: a thread that sleeps until a job begins or ends."""

import logging
import os
import select
import threading
import time
from collections.abc import Callable, Mapping
from copy import copy

from .ends import ProcessEnds
from .folders import JobFolders
from .inotify import Inotify, InotifyUnavailable
from .layouts import JobKey
from .lives import JobEntry, Lives
from .tracker import Tracker

log = logging.getLogger(__name__)

NOT_WATCHED = "jobs of Slurm are read for pages only, so that last values of jobs are missing: %s"
NOT_BEGUN = "they are watched only while lagent serves"
# Slices are looked for again for a page after this time, as slurmd may have come to another one.
_FIND_S = 60.0
_CLOSE_S = 2.0
# Between the end of a job's last process and the end of its folder lie ten milliseconds.
_BURST_S = 0.008


class JobWatch:
    """The jobs of a node; ``look`` reads them for a page, in any thread.

    ``begin`` starts to watch their ends; without it, or if that fails, *reason* says why not.
    """

    def __init__(self, folders: JobFolders, clock: Callable[[], float] = time.monotonic) -> None:
        self.lives, self.reason = Lives(), NOT_BEGUN
        self._folders, self._clock = folders, clock
        self._lock = threading.Lock()  # for lives and the tracker
        self._tracker = Tracker(folders, self.lives, clock)
        self._thread: threading.Thread | None = None
        self._wake_fd = -1
        self._found_s = clock()

    @property
    def is_watched(self) -> bool:
        """Whether ends of jobs are caught."""
        return self._thread is not None and not self.reason

    @property
    def notes(self) -> str:
        """What cannot be watched, and why; empty if all can."""
        return self.reason or self._tracker.ends.reason

    def begin(self) -> None:
        """Start watching."""
        try:
            messages = Inotify()
        except InotifyUnavailable as error:
            self._give_up(str(error))
            return
        self.reason = ""
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(
            target=self._run, args=(messages,), name="slurm jobs", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        thread, self._thread = self._thread, None
        if thread is not None:
            os.eventfd_write(self._wake_fd, 1)
            thread.join(_CLOSE_S)
            os.close(self._wake_fd)
        self.reason = self.reason or NOT_BEGUN

    def look(self, *, with_uid: bool = False) -> int:
        """Read the jobs that run; return how many. *with_uid* also finds out whose they are."""
        with self._lock:
            if not self.is_watched:
                self._tracker.refresh()
            elif self._clock() >= self._found_s + _FIND_S:
                self._found_s = self._clock()
                self._tracker.find_roots()
            tracker, jobs = self._tracker, list(self._tracker.jobs.values())
            for job in jobs:
                tracker.adopt_extern(job)
        for job in jobs:
            at_s, figures, kills = tracker.read(job)
            uid = tracker.owner(job) if with_uid and not job.place.uid else None
            # Between two steps of a job its last values are those.
            is_final = self.is_watched and not job.tasks
            with self._lock:
                self.lives.look(job.key, figures, at_s, kills=kills, is_final=is_final)
                if uid is not None and (entry := self.lives.running(job.key)):
                    entry.uid = str(uid)
        return len(jobs)

    def known(self, after: int = 0) -> tuple[list[JobEntry], float]:
        """Return copies of the entries as ``Lives.entries`` does, and the time now."""
        with self._lock:
            now_s = self._clock()
            return [copy(entry) for entry in self.lives.entries(after, now_s)], now_s

    def set_gpu_processes(self, found: Mapping[JobKey, dict[str, int]]) -> None:
        """Set the processes of running jobs that use GPUs, by UUID."""
        with self._lock:
            self.lives.set_gpu_processes(found)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """The highest sequence number, and how many jobs were seen, missed and dropped."""
        lives = self.lives
        return lives.sequence, lives.seen, lives.missed, lives.dropped

    def _run(self, messages: Inotify) -> None:
        """Follow the messages until ``close``."""
        exits = select.epoll()
        exits.register(self._wake_fd, select.EPOLLIN)
        poller = select.poll()
        for fd in (messages.fd, exits.fileno()):
            poller.register(fd, select.POLLIN)
        ends = ProcessEnds(exits)
        tracker = Tracker(self._folders, self.lives, self._clock, messages, ends)
        try:
            with self._lock:
                self._tracker = tracker
                tracker.refresh()
                due_s = tracker.look_if_due()
            while self._thread is not None:
                ready = poller.poll(self._timeout_ms(due_s))
                has_messages = any(fd == messages.fd for fd, _ in ready)
                # Folders come in bursts. Those that wait a little are read together.
                ended = exits.poll(_BURST_S if has_messages and ends.can_watch else 0)
                with self._lock:
                    for fd, _ in ended:
                        tracker.ended(fd)
                    tracker.look_if_due()
                    for event in messages.events() if has_messages else ():
                        tracker.handle(event)
                    due_s = tracker.look_if_due()
        except InotifyUnavailable as error:
            self._give_up(str(error))
        except Exception as error:
            log.exception("internal error while watching jobs; please report this")
            self._give_up(f"{type(error).__name__}: {error}")
        finally:
            with self._lock:
                ends.close()
                messages.close()
                exits.close()
                self._tracker = Tracker(self._folders, self.lives, self._clock)

    def _timeout_ms(self, due_s: float | None) -> float | None:
        return None if due_s is None else max(0.0, (due_s - self._clock()) * 1000)

    def _give_up(self, reason: str) -> None:
        self.reason = reason
        log.warning(NOT_WATCHED, reason)
