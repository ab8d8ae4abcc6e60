"""The results of all nodes: grouped by equal output, counted, and turned into an exit code."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ..nodes.node_sets import fold
from .ssh import explain_error

# So much of a node's output is kept of its beginning, and as much of its end. What is between them
# is counted and discarded: a message of the day must not hide the error after it.
MAX_OUTPUT_BYTES = 2048

INTERRUPTED = "interrupted before it finished"
NO_RESPONSE = "no response within {timeout_s:g} s"
FAILED = "failed (exit code {code})"
ALL_OK = "{ok} of {nodes} ok"
ALL_RUNNING = "{ok} of {nodes} running"
AND_NOT_RUNNING = ", {nodes} not running"
AND_FAILED = ", {nodes} failed"
BYTES_OMITTED = "... {count} bytes or more omitted ..."
LINES_OMITTED = "... {count} lines omitted ..."
ONLY_ITSELF = (
    "lmaster cannot connect to it: it serves only the node itself; set [lagent] host there"
)

EXIT_FAILED, EXIT_NOT_RUNNING, EXIT_INTERRUPTED = 1, 3, 130

_SSH_FAILED, _COMMAND_NOT_FOUND = 255, 127
# Exit codes of status: dead or stopped as in LSB, and 32 for OpenRC's crashed.
_NOT_RUNNING_CODES = (1, 2, 3, 32)
_DEFAULT_OUTPUT = {
    "start": "started",
    "stop": "stopped",
    "restart": "restarted",
    "status": "running",
}

_MAX_LINES = 20
_MAX_LINE_LENGTH = 200
_MAX_WAITING_NAMES = 20
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# What refuses to run the command exits with 1, which would otherwise mean that the agent is dead.
_REFUSAL = re.compile(
    r"(sudo|sudo-rs|doas|su|pkexec|runuser): "
    r"|Sorry, user .* (is not allowed to|may not) "
    r"|.* is not in the sudoers file"
    r"|This account is .*not available"
    r"|Password change required"
)
# Whether other machines can connect is no detail.
_LOOPBACK = r"127\.[\d.]+|\[::1\]|localhost"
_SAME_ON_ALL_NODES = rf"(?:{_LOOPBACK}|0\.0\.0\.0|\[::\])[:/]"
# Values that differ between nodes in otherwise equal lines: pids, times, addresses in URLs.
_NODE_SPECIFIC = re.compile(
    r"(?<=\bpid )\d+|(?<=\bsince )\d[\dT:.+ -]*\d"
    rf"|(?<=://)(?!{_SAME_ON_ALL_NODES})(?:\[[^\]\s]*\]|[^\s/:\[\]]+)"
)
_SERVES_ONLY_ITSELF = re.compile(rf"://(?:{_LOOPBACK})[:/]")


@dataclass(frozen=True)
class NodeResult:
    """The result of one node; *code* is None if the node did not finish in time.

    Of a long output the beginning is *output*, and the end is *end*.
    """

    code: int | None = None
    output: bytes = b""
    dropped_bytes: int = 0
    end: bytes = b""
    is_interrupted: bool = False


@dataclass(frozen=True)
class ResultGroup:
    """Nodes with the same result, and the lines that describe it."""

    hosts: Sequence[str]
    lines: Sequence[str]

    def __str__(self) -> str:
        return f"{fold(self.hosts)}: " + "\n    ".join(self.lines)


class _Outcome(Enum):
    """How a result is counted."""

    OK = 0
    NOT_RUNNING = 1
    FAILED = 2


def grouped(
    action: str, results: Mapping[str, NodeResult], timeout_s: float
) -> tuple[list[ResultGroup], list[ResultGroup]]:
    """Return the nodes grouped by equal results: those that completed, and those that failed."""
    by_result: dict[tuple[_Outcome, tuple[str, ...]], dict[str, tuple[str, ...]]] = {}
    for host, result in results.items():
        lines = _lines(action, host, result, timeout_s)
        masked = tuple(_mask(line, host) for line in lines)
        by_result.setdefault((_outcome(action, result), masked), {})[host] = lines
    groups = []
    for (outcome, masked), hosts in sorted(by_result.items(), key=lambda item: item[0][0].value):
        # A single node is printed with its own lines, without masks.
        lines = masked if len(hosts) > 1 else next(iter(hosts.values()))
        groups.append((outcome, ResultGroup(list(hosts), lines)))
    return (
        [group for outcome, group in groups if outcome is not _Outcome.FAILED],
        [group for outcome, group in groups if outcome is _Outcome.FAILED],
    )


def _outcome(action: str, result: NodeResult) -> _Outcome:
    if result.is_interrupted or result.code is None:
        return _Outcome.FAILED
    if result.code == 0:
        return _Outcome.OK
    is_stopped = action == "status" and result.code in _NOT_RUNNING_CODES
    return _Outcome.NOT_RUNNING if is_stopped and not _is_refused(result) else _Outcome.FAILED


def _is_refused(result: NodeResult) -> bool:
    """Return whether the command was not run, which any line may say."""
    between = b"\n" if result.dropped_bytes else b""
    lines = _all_lines(result.output + between + result.end)
    return result.code == 1 and any(map(_REFUSAL.match, lines))


def _lines(action: str, host: str, result: NodeResult, timeout_s: float) -> tuple[str, ...]:
    """Return the lines that describe one result."""
    output = printable_lines(result.output, result.dropped_bytes, result.end)
    outcome = _outcome(action, result)
    if result.is_interrupted:
        return _with_heading(INTERRUPTED, output)
    if result.code is None:
        return _with_heading(NO_RESPONSE.format(timeout_s=timeout_s), output)
    if outcome is _Outcome.FAILED:
        if result.code == _SSH_FAILED:
            return (explain_error(output, host),)
        advice = "; check command in [agents]" * (result.code == _COMMAND_NOT_FOUND)
        return _with_heading(FAILED.format(code=result.code) + advice, output)
    if outcome is _Outcome.OK:
        lines = output if len(output) == 1 else [_DEFAULT_OUTPUT[action], *output]
        return (*lines, ONLY_ITSELF) if _serves_only_itself(host, output) else tuple(lines)
    if len(output) == 1:
        return (output[0],)
    code = "" if result.code == EXIT_NOT_RUNNING else f" (exit code {result.code})"
    return (f"not running{code}", *output)


def _serves_only_itself(host: str, output: Sequence[str]) -> bool:
    """Return whether the agent's URLs are all of the loopback interface, and *host* is not."""
    urls = sum(line.count("://") for line in output)
    own = sum(len(_SERVES_ONLY_ITSELF.findall(line)) for line in output)
    is_this_machine = _SERVES_ONLY_ITSELF.match(f"://{host}/") is not None
    return 0 < urls == own and not is_this_machine


def _with_heading(heading: str, output: Sequence[str]) -> tuple[str, ...]:
    return (f"{heading}: {output[0]}",) if len(output) == 1 else (heading, *output)


def _mask(line: str, host: str) -> str:
    """Return a line with ``…`` in place of the node's name, pids, times and addresses."""
    for name in (host, host.partition(".")[0]):
        # Mask n1 but not in n10, and 10 but not in 110.
        before = r"(?<![\d.])" if name[:1].isdigit() else ""
        line = re.sub(rf"{before}{re.escape(name)}(?!\d)", "…", line)
    return _NODE_SPECIFIC.sub("…", line)


def printable_lines(output: bytes, dropped_bytes: int = 0, end: bytes = b"") -> list[str]:
    """Return the lines of a node's output: at most a screenful, without control characters."""
    half = _MAX_LINES // 2
    if dropped_bytes:
        omitted = BYTES_OMITTED.format(count=dropped_bytes)
        return [*_all_lines(output)[:half], omitted, *_all_lines(end)[-half:]]
    lines = _all_lines(output + end)
    if len(lines) <= _MAX_LINES:
        return lines
    omitted = LINES_OMITTED.format(count=len(lines) - _MAX_LINES)
    return [*lines[:half], omitted, *lines[-half:]]


def _all_lines(output: bytes) -> list[str]:
    text = _COLOURS.sub("", output.decode("utf-8", "replace"))
    stripped = (line.strip() for line in text.splitlines())
    return [_cut(_printable(line)) for line in stripped if line]


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_LINE_LENGTH else f"{text[: _MAX_LINE_LENGTH - 1]}…"


def summary(action: str, results: Mapping[str, NodeResult]) -> str:
    """Return how many nodes succeeded and how many failed."""
    outcomes = [_outcome(action, result) for result in results.values()]
    ok, not_running, failed = (outcomes.count(outcome) for outcome in _Outcome)
    wanted = ALL_RUNNING if action == "status" else ALL_OK
    text = wanted.format(ok=ok, nodes=len(outcomes))
    if not_running:
        text += AND_NOT_RUNNING.format(nodes=not_running)
    return text + (AND_FAILED.format(nodes=failed) if failed else "")


def exit_code(action: str, results: Iterable[NodeResult]) -> int:
    """Return the exit code: 0 if all nodes are well, else the code of the worst result."""
    results = list(results)
    outcomes = {_outcome(action, result) for result in results}
    if any(result.is_interrupted for result in results):
        return EXIT_INTERRUPTED
    if _Outcome.FAILED in outcomes:
        return EXIT_FAILED
    return EXIT_NOT_RUNNING if _Outcome.NOT_RUNNING in outcomes else 0


def progress(done: int, total: int, running: Sequence[str]) -> str:
    """Return how many nodes are done, and the names of those that are running if they are few."""
    if done == total:
        return ""
    waiting = f", waiting for {fold(running)}" if 0 < len(running) <= _MAX_WAITING_NAMES else ""
    return f"{done} of {total} done{waiting}"
