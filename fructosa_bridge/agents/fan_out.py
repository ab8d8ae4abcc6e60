"""Run ssh to many nodes at the same time, with ClusterShell."""

import shlex
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from types import FrameType, MappingProxyType

from ClusterShell.Engine.Engine import EngineTimer
from ClusterShell.Event import EventHandler
from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet
from ClusterShell.Task import task_self
from ClusterShell.Worker.Exec import ExecClient, ExecWorker

from fructosa_service.daemon.open_files import raise_limit
from fructosa_service.errors import ServiceError

from ..config.agents_settings import AgentsSettings
from ..nodes.node_sets import fold
from .results import MAX_OUTPUT_BYTES, NodeResult
from .ssh import ssh_command

Progress = Callable[[int, Sequence[str]], None]
"""Called with the number of nodes that are done, and the names of those that are running."""

PLAN = "{nodes}, {fan_out} at a time, timeout {timeout_s:g} s: at most {max_s:g} s"

_SIGNAL_CHECK_S = 0.2
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)


def plan(
    settings: AgentsSettings,
    hosts: Sequence[str],
    action: str,
    addresses: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """Yield what `fan_out` would run, on which nodes, and how long that can take at most."""
    for address in (None, "ADDRESS"):
        if some := [host for host in hosts if (host in addresses) == (address is not None)]:
            yield f"{fold(some)}: {shlex.join(ssh_command(settings, 'NODE', action, address))}"
    max_s = ceil(len(hosts) / settings.fan_out) * settings.timeout_s
    yield PLAN.format(
        nodes=f"{len(hosts)} {'node' if len(hosts) == 1 else 'nodes'}",
        fan_out=settings.fan_out,
        timeout_s=settings.timeout_s,
        max_s=max_s,
    )


def fan_out(
    settings: AgentsSettings,
    hosts: Sequence[str],
    action: str,
    on_progress: Progress,
    addresses: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, NodeResult]:
    """Perform *action* on all hosts; return their results in the order of *hosts*.

    *addresses* are those of hosts that are not reached by their names.
    SIGINT and SIGTERM end what is running; the results so far are returned.
    Raises: ServiceError if ssh can't be run on this machine.
    """
    if shutil.which("ssh") is None:
        raise ServiceError("ssh is not installed; install OpenSSH's client, e.g. openssh-client")
    if not hosts:
        return {}
    raise_limit()

    def command_for(host: str) -> list[str]:
        return ssh_command(settings, host, action, addresses.get(host))

    worker = _Worker(hosts, command_for, settings, on_progress)
    _run(worker, settings.fan_out)
    return {host: worker.result(host) for host in hosts}


def _run(worker: "_Worker", at_once: int) -> None:
    task = task_self()
    task.set_default("stdout_msgtree", False)  # it would keep all output in memory
    task.set_info("fanout", at_once)
    task.schedule(worker)
    worker.set_write_eof()
    # While no node sends anything, only this timer notices a signal.
    task.timer(_SIGNAL_CHECK_S, _SignalCheck(worker), interval=_SIGNAL_CHECK_S, autoclose=True)
    try:
        with _interruptible(worker):
            task.resume()
    except OSError as error:
        raise ServiceError(
            f"cannot start ssh: {error.strerror}; lower the fan out, or raise the resource limits "
            "of this user"
        ) from error
    finally:
        worker.kill_remaining()
        task.abort(kill=True)


class _SignalCheck(EventHandler):  # type: ignore[misc]
    """Aborts the task soon after a signal."""

    def __init__(self, worker: "_Worker") -> None:
        self._worker = worker

    def ev_timer(self, timer: EngineTimer) -> None:
        """Abort if a signal has arrived; ClusterShell then kills every ssh."""
        if self._worker.is_interrupted:
            task_self().abort()


@contextmanager
def _interruptible(worker: "_Worker") -> Iterator[None]:
    """Let SIGINT and SIGTERM set a flag of *worker*, so that results so far are still reported.

    The handler does not raise: Python ignores an exception inside a fork hook.
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
    """The ssh of one host. It passes on chunks, because a line may never end."""

    def _build_cmd(self) -> tuple[list[str], None]:
        return self.worker.command_for(self.key), None

    def _handle_read(self, sname: str) -> None:
        self.worker.add_output(self.key, self._read(sname))


class _Worker(ExecWorker):  # type: ignore[misc]
    """The ssh processes of all hosts, and their results."""

    SHELL_CLASS = _Ssh

    def __init__(
        self,
        hosts: Sequence[str],
        command_for: Callable[[str], list[str]],
        settings: AgentsSettings,
        on_progress: Progress,
    ) -> None:
        self.command_for = command_for
        self.is_interrupted = False
        self._on_progress = on_progress
        self._running: dict[str, None] = {}
        self._output: dict[str, bytes] = {}  # its beginning
        self._ends: dict[str, bytes] = {}
        self._dropped_bytes: dict[str, int] = {}
        self._results: dict[str, NodeResult] = {}
        nodes = NodeSet.fromlist(hosts, resolver=RESOLVER_NOGROUP)
        super().__init__(nodes, None, timeout=settings.timeout_s, command="")

    def result(self, host: str) -> NodeResult:
        """Return the result of a host."""
        return self._results.get(host) or self._take_result(host, None, is_interrupted=True)

    def add_output(self, host: str, chunk: bytes) -> None:
        """Keep the beginning and the end of a host's output, and count the rest."""
        output = self._output.get(host, b"") + chunk
        self._output[host] = output[:MAX_OUTPUT_BYTES]
        if len(output) > MAX_OUTPUT_BYTES:
            rest = self._ends.get(host, b"") + output[MAX_OUTPUT_BYTES:]
            self._ends[host] = rest[-MAX_OUTPUT_BYTES:]
            dropped = len(rest) - len(self._ends[host])
            self._dropped_bytes[host] = self._dropped_bytes.get(host, 0) + dropped

    def kill_remaining(self) -> None:
        """Kill each ssh that was started but not yet registered when the signal arrived."""
        for client in self._clients:
            child = client.popen
            if child is not None and child.poll() is None:
                child.kill()
                child.wait()

    def _on_start(self, host: str) -> None:
        self._running[host] = None
        super()._on_start(host)

    def _on_node_close(self, host: str, code: int) -> None:
        if not (code and self.is_interrupted):  # the terminal sends SIGINT to ssh as well
            self._finish(host, self._take_result(host, code))
        super()._on_node_close(host, code)

    def _on_node_timeout(self, host: str) -> None:
        self._finish(host, self._take_result(host, None))
        super()._on_node_timeout(host)

    def _take_result(
        self, host: str, code: int | None, *, is_interrupted: bool = False
    ) -> NodeResult:
        output, dropped_bytes = self._output.pop(host, b""), self._dropped_bytes.pop(host, 0)
        end = self._ends.pop(host, b"")
        return NodeResult(code, output, dropped_bytes, end, is_interrupted)

    def _finish(self, host: str, result: NodeResult) -> None:
        self._results[host] = result
        self._running.pop(host, None)
        self._on_progress(len(self._results), list(self._running))
