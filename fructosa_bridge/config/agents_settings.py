"""[agents] of lmaster.conf: how the agents on the nodes are started and stopped."""

import re
import shlex
from dataclasses import dataclass, replace

from fructosa_service.config.kinds import Kind, optional, seconds, whole
from fructosa_service.config.settings import SectionType, option
from fructosa_service.errors import KeyProblem

ACTIONS = ("start", "stop", "restart", "status")

_ACTION = "{action}"
_PRESETS = {
    "systemd": "systemctl {action} lagent",
    "openrc": "rc-service lagent {action}",
    "lagent": "lagent {action}",
}
# `systemctl status` would tell the last lines of the journal, which differ from node to node.
_STATUS = {"systemd": "systemctl is-active lagent"}
_LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}\$?")


def command_for(command: str, action: str) -> str:
    """Return what a node's shell is to run."""
    if action == "status" and command in _STATUS:
        return _STATUS[command]
    return _PRESETS.get(command, command).replace(_ACTION, action)


def _parse_command(text: str) -> str:
    if text.lower() in _PRESETS:
        return text.lower()
    if _ACTION not in text or not text.isprintable():
        raise ValueError(
            f"is no command; write {', '.join(_PRESETS)}, or a line with {_ACTION} in it"
        )
    return text


def _parse_login(text: str) -> str:
    if not _LOGIN.fullmatch(text):
        raise ValueError("is no user; write a name that the nodes know, e.g. root")
    return text


def _parse_options(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError("has a quote that does not end; close it") from None
    if not text.isprintable() or not words or not words[0].startswith("-"):
        raise ValueError("are no options of ssh; write e.g. -p 2222 -i /root/.ssh/cluster")
    return text


COMMAND = Kind(
    name=f"{' | '.join(_PRESETS)} | a line with {_ACTION}",
    example="sudo -n systemctl {action} lagent",
    parse=_parse_command,
)
LOGIN = Kind(name="user", example="root", parse=_parse_login)
SSH_OPTIONS = Kind(name="options of ssh", example="-i /root/.ssh/cluster", parse=_parse_options)
TIMEOUT = seconds(at_least=1, at_most=3600, example="60")
# Each takes three open files, and 1024 are what a shell lets a program have.
FAN_OUT = whole("nodes", at_least=1, at_most=400, example="64")


@dataclass(frozen=True, kw_only=True)
class AgentsSettings:
    """How the agents on the nodes are started and stopped."""

    command: str = option(
        COMMAND,
        "systemd",
        "What starts and stops lagent on a node: a preset, or a line for the node's shell in which "
        "{action} stands for start, stop, restart or status. Exit codes are LSB's: 0 is well, and "
        "3 of status means that it does not run.",
    )
    ssh_user: str | None = option(
        optional(LOGIN),
        None,
        "Who lmaster is on the nodes; without it, as ssh's own configuration says.",
        key="ssh user",
    )
    ssh_options: str | None = option(
        optional(SSH_OPTIONS),
        None,
        "Options for ssh, before lmaster's own. Host keys are checked as ssh is configured.",
        key="ssh options",
    )
    timeout_s: float = option(
        TIMEOUT,
        60.0,
        "How many seconds a node may take in all, until it is given up.",
        key="timeout",
    )
    connect_timeout_s: int = option(
        whole("seconds", at_least=1, at_most=3600, example="10"),
        10,
        "How many seconds a node may take to accept the connection.",
        key="connect timeout",
    )
    fan_out: int = option(FAN_OUT, 64, "How many nodes are asked at a time.", key="fan out")

    def __post_init__(self) -> None:
        if self.connect_timeout_s > self.timeout_s:
            raise KeyProblem(
                "connect timeout",
                f"is longer than timeout = {self.timeout_s:g}: {self.connect_timeout_s} s; "
                "lower it, or raise the timeout",
            )

    def told(self, timeout_s: float | None, fan_out: int | None) -> "AgentsSettings":
        """Return these settings with what the command line says in their place."""
        timeout_s = self.timeout_s if timeout_s is None else timeout_s
        return replace(
            self,
            timeout_s=timeout_s,
            connect_timeout_s=min(self.connect_timeout_s, int(timeout_s)),
            fan_out=self.fan_out if fan_out is None else fan_out,
        )


AGENTS = SectionType(
    name="agents",
    help="How lmaster agents start|stop|restart|status reaches the nodes, over ssh.",
    settings=AgentsSettings,
)
