"""The edge to many nodes at one time: an ssh for each, run by ClusterShell."""

import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from ClusterShell.Engine.Engine import EngineTimer
from ClusterShell.Event import EventHandler
from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet
from ClusterShell.Task import task_self
from ClusterShell.Worker.Exec import ExecClient, ExecWorker

from fructosa_service.errors import ServiceError
from fructosa_service.open_files import raise_limit

from ..config.agents_settings import AgentsSettings
from .results import LIMIT_BYTES, NodeResult, ssh_words

Progress = Callable[[int, Sequence[str]], None]
"""Is told how many nodes are done, and which are being asked."""

_LOOK_S = 0.2
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)


def fan_out(
    settings: AgentsSettings, hosts: Sequence[str], action: str, tell: Progress
) -> dict[str, NodeResult]:
    """Have *action* carried out on every host; return what came of each, in their order.

    Ctrl-C and SIGTERM end what runs; what has been answered until then is returned as well.
    Raises: ServiceError when this machine can't run ssh.
    """
    if shutil.which("ssh") is None:
        raise ServiceError("there is no ssh here; install OpenSSH's client, e.g. openssh-client")
    if not hosts:
        return {}
    raise_limit()
    worker = _Worker(hosts, lambda host: ssh_words(settings, host, action), settings, tell)
    _run(worker, settings.fan_out)
    return {host: worker.answer(host) for host in hosts}


def _run(worker: "_Worker", at_once: int) -> None:
    task = task_self()
    task.set_default("stdout_msgtree", False)  # it would keep all that is said
    task.set_info("fanout", at_once)
    task.schedule(worker)
    worker.set_write_eof()
    # It alone looks whether there was a signal while every node is silent.
    task.timer(_LOOK_S, _Ender(worker), interval=_LOOK_S, autoclose=True)
    try:
        with _interruptible(worker):
            task.resume()
    except OSError as error:
        raise ServiceError(
            f"ssh can't be started: {error.strerror}; lower the fan out, or raise the limits of "
            "this user"
        ) from error
    finally:
        worker.end()
        task.abort(kill=True)


class _Ender(EventHandler):  # type: ignore[misc]
    """Ends all soon after a signal."""

    def __init__(self, worker: "_Worker") -> None:
        self._worker = worker

    def ev_timer(self, timer: EngineTimer) -> None:
        """Let ClusterShell kill every ssh that runs, if that is wanted."""
        if self._worker.is_interrupted:
            task_self().abort()


@contextmanager
def _interruptible(worker: "_Worker") -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does: one that is ended tells what it has done as well.

    The handler raises nothing: where a signal strikes in a hook of fork, Python would drop it.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        worker.is_interrupted = True

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, interrupt) for number in _INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Ssh(ExecClient):  # type: ignore[misc]
    """The ssh to one host. Its bytes are taken as they come: a line may have no end."""

    def _build_cmd(self) -> tuple[list[str], None]:
        return self.worker.words(self.key), None

    def _handle_read(self, sname: str) -> None:
        self.worker.heard(self.key, self._read(sname))


class _Worker(ExecWorker):  # type: ignore[misc]
    """The sshs to all hosts, and what has come of them."""

    SHELL_CLASS = _Ssh

    def __init__(
        self,
        hosts: Sequence[str],
        words: Callable[[str], list[str]],
        settings: AgentsSettings,
        tell: Progress,
    ) -> None:
        self.words = words
        self.is_interrupted = False
        self._tell = tell
        self._asked: dict[str, None] = {}
        self._said: dict[str, bytes] = {}
        self._dropped_bytes: dict[str, int] = {}
        self._answers: dict[str, NodeResult] = {}
        nodes = NodeSet.fromlist(hosts, resolver=RESOLVER_NOGROUP)
        super().__init__(nodes, None, timeout=settings.timeout_s, command="")

    def answer(self, host: str) -> NodeResult:
        """Return what has come of a host."""
        return self._answers.get(host) or self._made(host, None, is_cut_short=True)

    def heard(self, host: str, chunk: bytes) -> None:
        """Keep the beginning of what a host says, and count the rest."""
        said = self._said.get(host, b"") + chunk
        self._said[host] = said[:LIMIT_BYTES]
        if more := len(said[LIMIT_BYTES:]):
            self._dropped_bytes[host] = self._dropped_bytes.get(host, 0) + more

    def end(self) -> None:
        """End those that an interruption has met between their start and the engine's list."""
        for client in self._clients:
            child = client.popen
            if child is not None and child.poll() is None:
                child.kill()
                child.wait()

    def _on_start(self, host: str) -> None:
        self._asked[host] = None
        super()._on_start(host)

    def _on_node_close(self, host: str, code: int) -> None:
        if not (code and self.is_interrupted):  # the terminal interrupts ssh as well
            self._done(host, self._made(host, code))
        super()._on_node_close(host, code)

    def _on_node_timeout(self, host: str) -> None:
        self._done(host, self._made(host, None))
        super()._on_node_timeout(host)

    def _made(self, host: str, code: int | None, *, is_cut_short: bool = False) -> NodeResult:
        said, dropped_bytes = self._said.pop(host, b""), self._dropped_bytes.pop(host, 0)
        return NodeResult(code, said, dropped_bytes, is_cut_short)

    def _done(self, host: str, answer: NodeResult) -> None:
        self._answers[host] = answer
        self._asked.pop(host, None)
        self._tell(len(self._answers), list(self._asked))
