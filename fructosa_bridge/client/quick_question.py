"""A question to the lmaster of this machine, which may not run: the answer must come quickly."""

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswerInTime

from fructosa_service.errors import ServiceError, UsageError

from ..config.settings import MasterConfig

# Whoever waits does something else, which the answer only adds to.
_CONNECT_TIMEOUT_S = 0.5
_ANSWER_TIMEOUT_S = 2.0


class QuickQuestion:
    """Asks the lmaster with a configuration for a page, in a thread of its own."""

    def __init__(self, config: MasterConfig, path: str) -> None:
        self._answer: Future[str | None] = Future()
        # A daemon: what does not answer must not keep the command from ending.
        threading.Thread(target=self._ask, args=(config, path), daemon=True).start()

    def _ask(self, config: MasterConfig, path: str) -> None:
        from . import client  # requests takes longer to import than most commands run

        answer = None
        try:
            url = client.configured_url(config.master, config.web)
            timeouts_s = (_CONNECT_TIMEOUT_S, _ANSWER_TIMEOUT_S)
            answer = client.MasterClient(url=url, timeouts_s=timeouts_s).get(path)
        except (ServiceError, UsageError):
            pass  # it does not run, needs a user, or has another address
        finally:
            self._answer.set_result(answer)

    def answer(self, within_s: float = _ANSWER_TIMEOUT_S) -> str | None:
        """Return the text of the page, or None if there is none within so many seconds."""
        try:
            return self._answer.result(within_s)
        except NoAnswerInTime:
            return None
