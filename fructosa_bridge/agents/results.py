"""The agents on the nodes: what ssh runs there, and what is said of the answers."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import ceil

from ..config.agents_settings import AgentsSettings, command_for
from ..config.node_sets import folded
from . import ssh_errors

# What a node says beyond that is counted and forgotten.
LIMIT_BYTES = 4096

EXIT_FAILED, EXIT_NOT_RUNNING, EXIT_INTERRUPTED = 1, 3, 130

_SSH_FAILED, _NOT_FOUND = 255, 127
# Of status: LSB's dead and stopped; 32 is OpenRC's crashed.
_NOT_RUNNING = (1, 2, 3, 32)
_DONE = {"start": "started", "stop": "stopped", "restart": "restarted", "status": "runs"}

_MOST_LINES = 20
_LONGEST = 200
_MOST_NAMED = 20
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# These end with 1 when they refuse, which would mean a dead agent.
_REFUSED = re.compile(rb"(sudo|doas|su): ")
# What differs from node to node where all is the same.
_OWN = re.compile(
    r"(?<=\bpid )\d+|(?<=\bsince )\d[\dT:.+ -]*\d|(?<=://)(?:\[[^\]\s]*\]|[^\s/:\[\]]+)"
)


@dataclass(frozen=True)
class NodeResult:
    """What came of one node: no code when it has not answered in time."""

    code: int | None = None
    said: bytes = b""
    dropped_bytes: int = 0
    is_cut_short: bool = False


@dataclass(frozen=True)
class ResultGroup:
    """Nodes with the same answer, and that in *lines*."""

    hosts: Sequence[str]
    lines: Sequence[str]

    def __str__(self) -> str:
        return f"{folded(self.hosts)}: " + "\n    ".join(self.lines)


class _Standing(Enum):
    """What an answer counts as."""

    DONE = 0
    NOT_RUNNING = 1
    FAILED = 2


def ssh_words(settings: AgentsSettings, host: str, action: str) -> list[str]:
    """Return the command that has *action* carried out on a host."""
    # ssh takes what is said first, so nothing after it makes ssh ask for a password.
    words = ["ssh", "-n", "-T", "-oBatchMode=yes", *shlex.split(settings.ssh_options or "")]
    words += ["-oForwardAgent=no", "-oForwardX11=no"]
    words.append("-oLogLevel=ERROR")  # the banner of a login is no answer
    if settings.connect_timeout_s < settings.timeout_s:  # which comes first would be chance
        words.append(f"-oConnectTimeout={settings.connect_timeout_s}")
    if settings.ssh_user is not None:
        words += ["-l", settings.ssh_user]
    return [*words, "--", host, command_for(settings.command, action)]


def plan(settings: AgentsSettings, hosts: Sequence[str], action: str) -> Iterator[str]:
    """Return the lines that tell what would be run, where, and how long that may take."""
    yield f"{folded(hosts)}: {shlex.join(ssh_words(settings, 'NODE', action))}"
    longest_s = ceil(len(hosts) / settings.fan_out) * settings.timeout_s
    yield (
        f"{len(hosts)} {'node' if len(hosts) == 1 else 'nodes'}, {settings.fan_out} at a time, "
        f"{settings.timeout_s:g} s for each: {longest_s:g} s at most"
    )


def groups(
    action: str, answers: Mapping[str, NodeResult], timeout_s: float
) -> tuple[list[ResultGroup], list[ResultGroup]]:
    """Return the nodes with the same answer together: those that told one, those that failed."""
    found: dict[tuple[_Standing, tuple[str, ...]], dict[str, tuple[str, ...]]] = {}
    for host, answer in answers.items():
        lines = _told(action, host, answer, timeout_s)
        alike = tuple(_without_own(line, host) for line in lines)
        found.setdefault((_standing(action, answer), alike), {})[host] = lines
    ordered = sorted(found.items(), key=lambda one: one[0][0].value)
    made = [
        (standing, ResultGroup(list(each), alike if len(each) > 1 else next(iter(each.values()))))
        for (standing, alike), each in ordered
    ]
    return (
        [group for standing, group in made if standing is not _Standing.FAILED],
        [group for standing, group in made if standing is _Standing.FAILED],
    )


def _standing(action: str, answer: NodeResult) -> _Standing:
    if answer.is_cut_short or answer.code is None:
        return _Standing.FAILED
    if answer.code == 0:
        return _Standing.DONE
    is_told = action == "status" and answer.code in _NOT_RUNNING
    return _Standing.NOT_RUNNING if is_told and not _is_refused(answer) else _Standing.FAILED


def _is_refused(answer: NodeResult) -> bool:
    return answer.code == 1 and _REFUSED.match(answer.said.lstrip()) is not None


def _told(action: str, host: str, answer: NodeResult, timeout_s: float) -> tuple[str, ...]:
    """Return what is said of one answer."""
    said = printable_lines(answer.said, answer.dropped_bytes)
    standing = _standing(action, answer)
    if answer.is_cut_short:
        return _headed("given up, as this was interrupted", said)
    if answer.code is None:
        return _headed(f"no answer within {timeout_s:g} s", said)
    if standing is _Standing.FAILED:
        if answer.code == _SSH_FAILED:
            return (ssh_errors.told(said, host),)
        advice = "; say with command in [agents] what to run" * (answer.code == _NOT_FOUND)
        return _headed(f"failed (exit code {answer.code}){advice}", said)
    if len(said) == 1:
        return (said[0],)
    if standing is _Standing.DONE:
        return (_DONE[action], *said)
    code = "" if answer.code == EXIT_NOT_RUNNING else f" (exit code {answer.code})"
    return (f"does not run{code}", *said)


def _headed(head: str, said: Sequence[str]) -> tuple[str, ...]:
    return (f"{head}: {said[0]}",) if len(said) == 1 else (head, *said)


def _without_own(line: str, host: str) -> str:
    """Return a line without what is the node's own: its name, pids, times."""
    for name in (host, host.partition(".")[0]):
        # n1 is not in n10, nor 10 in 110.
        before = r"(?<![\d.])" if name[:1].isdigit() else ""
        line = re.sub(rf"{before}{re.escape(name)}(?!\d)", "…", line)
    return _OWN.sub("…", line)


def printable_lines(said: bytes, dropped_bytes: int = 0) -> list[str]:
    """Return the lines of what a node says, few and such that no terminal obeys them."""
    text = _COLOURS.sub("", said.decode("utf-8", "replace"))
    stripped = (line.strip() for line in text.splitlines())
    lines = [_cut(_visible(line)) for line in stripped if line]
    if more := len(lines[_MOST_LINES:]):
        lines[_MOST_LINES:] = [f"... and {more} more lines"]
    if dropped_bytes:
        lines.append(f"... and {dropped_bytes} more bytes, which are not kept")
    return lines


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def summary(action: str, answers: Mapping[str, NodeResult]) -> str:
    """Return how many nodes did what."""
    standings = [_standing(action, answer) for answer in answers.values()]
    done, down, failed = (standings.count(one) for one in _Standing)
    if action != "status":
        return f"{done} of {len(standings)} ok" + (f", {failed} failed" if failed else "")
    text = f"{done} of {len(standings)} run"
    if down:
        text += f", {down} {'does' if down == 1 else 'do'} not"
    return text + (f", {failed} can't be asked" if failed else "")


def exit_code(action: str, answers: Iterable[NodeResult]) -> int:
    """Return 0 when all is well; what else there is, the worst counts."""
    answers = list(answers)
    standings = {_standing(action, answer) for answer in answers}
    if any(answer.is_cut_short for answer in answers):
        return EXIT_INTERRUPTED
    if _Standing.FAILED in standings:
        return EXIT_FAILED
    return EXIT_NOT_RUNNING if _Standing.NOT_RUNNING in standings else 0


def progress(done: int, total: int, asked: Sequence[str]) -> str:
    """Return how far it is, and for whom one still waits if they are few."""
    if done == total:
        return ""
    waiting = f", waiting for {folded(asked)}" if 0 < len(asked) <= _MOST_NAMED else ""
    return f"{done} of {total} done{waiting}"
