"""Authentication: only users with the right password have access."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from fructosa_service.web.password_checks import PasswordChecks, Verdict

if TYPE_CHECKING:
    from fructosa_service.web.users import UsersFile

Answer = Callable[[Verdict], None]


class Authenticator:
    """Answers with the verdict on a request. One thread owns it and calls ``poll``."""

    def __init__(
        self,
        users: "UsersFile",
        wake: Callable[[], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._checks = PasswordChecks(users, sleep)
        self._wake = wake
        self._checked: deque[tuple[Answer, Verdict]] = deque()

    def authenticate(self, headers: Mapping[str, str], answer: Answer) -> None:
        """Call *answer* with RIGHT, WRONG or BUSY: at once, or later in ``poll``."""
        verdict = self._checks.submit(headers.get("authorization"), partial(self._report, answer))
        if verdict is not Verdict.PENDING:
            answer(verdict)

    def _report(self, answer: Answer, verdict: Verdict) -> None:
        """Queue a verdict for ``poll``; called in the thread of the checks."""
        self._checked.append((answer, verdict))
        self._wake()

    def poll(self) -> float:
        """Answer the requests whose password was checked."""
        while self._checked:
            answer, verdict = self._checked.popleft()
            answer(verdict)
        return math.inf
