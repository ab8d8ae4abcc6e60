"""Authenticates requests by user and password."""

import math
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from fructosa_service.web.password_checks import PasswordChecks, Verdict

if TYPE_CHECKING:
    from fructosa_service.web.users import UsersFile

OnVerdict = Callable[[Verdict], None]


class Authenticator:
    """Authenticates requests. One thread owns it and calls ``poll`` when *wake* was called."""

    def __init__(self, users: "UsersFile", wake: Callable[[], None]) -> None:
        self._checks = PasswordChecks(users)
        self._wake = wake
        self._verdicts: deque[tuple[OnVerdict, Verdict]] = deque()

    def authenticate(self, headers: Mapping[str, str], client: str, on_verdict: OnVerdict) -> None:
        """Call *on_verdict* with RIGHT, WRONG or BUSY: at once, or later in ``poll``."""
        report = partial(self._report, on_verdict)
        verdict = self._checks.submit(headers.get("authorization"), client, report)
        if verdict is not Verdict.PENDING:
            on_verdict(verdict)

    def _report(self, on_verdict: OnVerdict, verdict: Verdict) -> None:
        """Queue a verdict for ``poll``; called in any thread."""
        self._verdicts.append((on_verdict, verdict))
        self._wake()

    def poll(self) -> float:
        """Report the verdicts on passwords that were checked meanwhile."""
        while self._verdicts:
            on_verdict, verdict = self._verdicts.popleft()
            on_verdict(verdict)
        return math.inf
