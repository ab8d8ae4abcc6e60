"""Checks of passwords, one at a time, in a thread of their own."""

import logging
import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from .guess_queue import GuessQueue, client_of
from .log_limit import LogLimit

if TYPE_CHECKING:  # importing it loads OpenSSL, which takes 3 MiB
    from .users import UsersFile

log = logging.getLogger(__name__)
log.addFilter(LogLimit())

# After a wrong password, those who were wrong wait this many times the CPU time of the check, so
# guessing takes at most about a twentieth of a CPU.
_REST_FACTOR = 20


class Verdict(Enum):
    """What is known about a password."""

    RIGHT = "right"
    WRONG = "wrong"
    PENDING = "pending"
    BUSY = "busy"


Report = Callable[[Verdict], None]


class PasswordChecks:
    """Checks passwords without keeping known users waiting, or others for those who guess.

    The thread starts with the first check and ends with the process.
    """

    def __init__(
        self,
        users: "UsersFile",
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._users = users
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._queue: GuessQueue[tuple[str, Report]] = GuessQueue()
        self._changed = threading.Condition()  # guards _queue
        self._thread: threading.Thread | None = None

    def submit(self, authorization: str | None, client: str, report: Report) -> Verdict:
        """Return the verdict on an ``Authorization`` header, if there is one; don't wait for it.

        RIGHT and WRONG are known at once. If it is PENDING, *report* is called later, in the thread
        of the checks, with RIGHT or WRONG; or with BUSY, in any thread, if too many passwords of
        the same *client*, which is an address, wait already.
        """
        if authorization is None:
            return Verdict.WRONG
        is_right = self._users.known(authorization)
        if is_right is not None:
            return Verdict.RIGHT if is_right else Verdict.WRONG
        with self._changed:
            turned_away = self._queue.put(client_of(client), (authorization, report))
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="passwords", daemon=True)
                self._thread.start()
        if turned_away is not None:
            turned_away[1](Verdict.BUSY)
        return Verdict.PENDING

    def _run(self) -> None:
        while True:
            try:
                self._check_next()
            except Exception:
                log.exception("internal error while the verdict on a password was reported")

    def _check_next(self) -> None:
        # Local variables of this call, so that no header stays in memory while the queue is empty.
        client, (authorization, report) = self._next()
        start_s = self._cpu_clock()
        try:
            is_right = self._users.check(authorization)
        except Exception:
            log.exception("internal error while a password was checked; it counts as wrong")
            is_right = False
        if not is_right:
            rest_s = _REST_FACTOR * (self._cpu_clock() - start_s)
            with self._changed:
                self._queue.note_wrong(client, self._clock() + rest_s)
        report(Verdict.RIGHT if is_right else Verdict.WRONG)

    def _next(self) -> tuple[str, tuple[str, Report]]:
        """Wait for the next password that is to be checked; return it with its client."""
        with self._changed:
            while (taken := self._queue.take(self._clock())) is None:
                wait_s = self._queue.ready_s() - self._clock()
                self._changed.wait(min(max(wait_s, 0.0), threading.TIMEOUT_MAX))
            return taken
