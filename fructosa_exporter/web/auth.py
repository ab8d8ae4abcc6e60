"""Authentication: users whose password is right are let in."""

import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fructosa_exporter.thread_pool import Task, ThreadPool

if TYPE_CHECKING:
    from fructosa_service.web.users import Users

# Passwords wait here to be checked, one after the other. Whoever guesses fills it; then others
# who are not known yet have to come again. Those who are known never wait.
_QUEUE_LIMIT = 16
# After a wrong password the checking rests this many times as long as it took: guessing takes at
# most one part in twenty of a processor.
_REST = 20

ALLOWED, REFUSED, BUSY = "allowed", "refused", "busy"


class _PasswordCheck(Task):
    """One password that is being checked."""

    def __init__(self, users: "Users", authorization: str, sleep: Callable[[float], None]) -> None:
        self._users = users
        self._authorization = authorization
        self._sleep = sleep

    def run(self) -> bool:
        began_s = time.thread_time()
        is_right = self._users.check(self._authorization)
        self._authorization = ""  # the thread holds its last task until the next one comes
        if not is_right:
            self._sleep(_REST * (time.thread_time() - began_s))
        return is_right


class Authenticator:
    """Tells who may come in. One thread owns it and calls ``poll``, as with a collector."""

    def __init__(
        self, users: "Users", wake: Callable[[], None], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._users = users
        self._sleep = sleep
        self._pool = ThreadPool(wake, slow_after_s=math.inf)
        self._waiting: dict[Task, Callable[[str], None]] = {}

    def authenticate(self, headers: Mapping[str, str], answer: Callable[[str], None]) -> None:
        """Have *answer* called with ALLOWED, REFUSED or BUSY: at once, or from within ``poll``."""
        authorization = headers.get("authorization")
        verdict = False if authorization is None else self._users.known(authorization)
        if authorization is None or verdict is not None:
            answer(ALLOWED if verdict else REFUSED)
        elif len(self._waiting) >= _QUEUE_LIMIT:
            answer(BUSY)
        else:
            check = _PasswordCheck(self._users, authorization, self._sleep)
            self._waiting[check] = answer
            self._pool.submit(check)

    def poll(self) -> float:
        """Answer those whose password was checked."""
        for check, is_right in self._pool.results():
            self._waiting.pop(check)(ALLOWED if is_right else REFUSED)
        return math.inf
