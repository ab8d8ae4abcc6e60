"""[agents] of lmaster.conf: how lmaster starts and stops the agents on the nodes."""

import re
import shlex
from dataclasses import dataclass, replace

from fructosa_service.config.kinds import Kind, optional, seconds, whole
from fructosa_service.config.settings import SectionType, option
from fructosa_service.errors import KeyProblem

CONNECT_TIMEOUT_TOO_LONG = (
    "{connect_s:g} s is longer than the timeout of {timeout_s:g} s; lower it, or raise the timeout"
)

_ACTION = "{action}"
_PRESETS = {
    "systemd": "systemctl {action} lagent",
    "openrc": "rc-service lagent {action}",
    "lagent": "lagent {action}",
}
# `systemctl status` also prints the last lines of the journal, which differ from node to node.
_STATUS = {"systemd": "systemctl is-active lagent"}
_LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}\$?")


def command_for(command: str, action: str) -> str:
    """Return the command line for the shell of a node."""
    if action == "status" and command in _STATUS:
        return _STATUS[command]
    return _PRESETS.get(command, command).replace(_ACTION, action)


def _parse_command(text: str) -> str:
    if text.lower() in _PRESETS:
        return text.lower()
    if _ACTION not in text or not text.isprintable():
        raise ValueError(
            f"is not a valid command; write {', '.join(_PRESETS)}, or a command line that contains "
            f"{_ACTION}"
        )
    return text


def _parse_login(text: str) -> str:
    if not _LOGIN.fullmatch(text):
        raise ValueError("is not a valid user name; write a user of the nodes, e.g. root")
    return text


def _parse_options(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError("has an unclosed quote; close it") from None
    if not text.isprintable() or not words or not words[0].startswith("-"):
        raise ValueError(
            "does not start with an option of ssh; write e.g. -p 2222 -i /root/.ssh/cluster"
        )
    return text


COMMAND = Kind(
    name=f"{' | '.join(_PRESETS)} | a command line with {_ACTION}",
    example="sudo -n systemctl {action} lagent",
    parse=_parse_command,
)
LOGIN = Kind(name="user", example="root", parse=_parse_login)
SSH_OPTIONS = Kind(name="ssh options", example="-i /root/.ssh/cluster", parse=_parse_options)
TIMEOUT = seconds(at_least=1, at_most=3600, example="60")
# Each ssh takes three open files, and the usual soft limit is 1024.
FAN_OUT = whole("nodes", at_least=1, at_most=400, example="64")


@dataclass(frozen=True, kw_only=True)
class AgentsSettings:
    """How lmaster starts and stops the agents on the nodes."""

    command: str = option(
        COMMAND,
        "systemd",
        "Command that starts and stops lagent on a node: a preset, or a command line for the "
        "node's shell in which {action} stands for start, stop, restart or status. Its exit codes "
        "must be those of LSB: 0 for success, and 3 from status if lagent is not running.",
    )
    ssh_user: str | None = option(
        optional(LOGIN),
        None,
        "User to log in as on the nodes. By default ssh's own configuration decides.",
        key="ssh user",
    )
    ssh_options: str | None = option(
        optional(SSH_OPTIONS),
        None,
        "Options for ssh. They override those that lmaster sets, except BatchMode=yes. ssh's own "
        "configuration decides how host keys are checked.",
        key="ssh options",
    )
    timeout_s: float = option(
        TIMEOUT,
        60.0,
        "Timeout for a node, including the connection, in seconds.",
        key="timeout",
    )
    connect_timeout_s: int = option(
        whole("seconds", at_least=1, at_most=3600, example="10"),
        10,
        "Timeout for connecting to a node, in seconds.",
        key="connect timeout",
    )
    fan_out: int = option(
        FAN_OUT, 64, "Maximum number of nodes that run the command at the same time.", key="fan out"
    )

    def __post_init__(self) -> None:
        if self.connect_timeout_s > self.timeout_s:
            raise KeyProblem(
                "connect timeout",
                CONNECT_TIMEOUT_TOO_LONG.format(
                    connect_s=self.connect_timeout_s, timeout_s=self.timeout_s
                ),
            )

    def overridden(self, timeout_s: float | None, fan_out: int | None) -> "AgentsSettings":
        """Return these settings with the values of the command line, where it gives any."""
        timeout_s = self.timeout_s if timeout_s is None else timeout_s
        return replace(
            self,
            timeout_s=timeout_s,
            connect_timeout_s=min(self.connect_timeout_s, int(timeout_s)),
            fan_out=self.fan_out if fan_out is None else fan_out,
        )


AGENTS = SectionType(
    name="agents",
    help="How `lmaster agents start|stop|restart|status` reaches the nodes, over ssh.",
    settings=AgentsSettings,
)
