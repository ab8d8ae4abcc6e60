"""Checks of passwords, one at a time, in a thread of their own."""

import logging
import threading
import time
from collections.abc import Callable
from enum import Enum
from queue import SimpleQueue
from typing import TYPE_CHECKING

from .log_limit import LogLimit

if TYPE_CHECKING:  # importing it loads OpenSSL, which takes 3 MiB
    from .users import UsersFile

log = logging.getLogger(__name__)
log.addFilter(LogLimit())

# At most so many passwords wait to be checked or are checked. Guessing can fill the queue; then
# other clients whose password is not known yet have to retry. Known ones never wait.
_QUEUE_LIMIT = 16
# After a wrong password the thread rests this many times the CPU time of the check, so guessing
# takes at most about a twentieth of a CPU.
_REST_FACTOR = 20


class Verdict(Enum):
    """What is known about a password."""

    RIGHT = "right"
    WRONG = "wrong"
    PENDING = "pending"
    BUSY = "busy"


Report = Callable[[Verdict], None]


class PasswordChecks:
    """Checks passwords without keeping known users waiting.

    The thread starts with the first check and ends with the process.
    """

    def __init__(self, users: "UsersFile", sleep: Callable[[float], None] = time.sleep) -> None:
        self._users = users
        self._sleep = sleep
        self._queue: SimpleQueue[tuple[str, Report]] = SimpleQueue()
        self._lock = threading.Lock()  # for _waiting
        self._waiting = 0
        self._thread: threading.Thread | None = None

    def submit(self, authorization: str | None, report: Report) -> Verdict:
        """Return the verdict on an ``Authorization`` header, if there is one; don't wait for it.

        RIGHT and WRONG are known at once. BUSY means that too many passwords wait already. If it is
        PENDING, *report* is called later, in the thread of the checks, with RIGHT or WRONG.
        """
        if authorization is None:
            return Verdict.WRONG
        is_right = self._users.known(authorization)
        if is_right is not None:
            return Verdict.RIGHT if is_right else Verdict.WRONG
        with self._lock:
            if self._waiting >= _QUEUE_LIMIT:
                return Verdict.BUSY
            self._waiting += 1
        self._queue.put((authorization, report))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="passwords", daemon=True)
            self._thread.start()
        return Verdict.PENDING

    def _run(self) -> None:
        while True:
            try:
                self._check_next()
            except Exception:
                log.exception("internal error while the verdict on a password was reported")

    def _check_next(self) -> None:
        # A local variable of this call, so that no header stays in memory while the queue is empty.
        authorization, report = self._queue.get()
        try:
            is_right = self._is_right(authorization)
        except Exception:
            log.exception("internal error while a password was checked; it counts as wrong")
            is_right = False
        with self._lock:
            self._waiting -= 1
        report(Verdict.RIGHT if is_right else Verdict.WRONG)

    def _is_right(self, authorization: str) -> bool:
        start_s = time.thread_time()
        is_right = self._users.check(authorization)
        if not is_right:
            self._sleep(_REST_FACTOR * (time.thread_time() - start_s))
        return is_right
