"""The ssh command line for a node, and what an error of ssh means."""

import re
import shlex
from collections.abc import Sequence

from ..config.agents_settings import AgentsSettings, command_for


def ssh_command(
    settings: AgentsSettings, host: str, action: str, address: str | None = None
) -> list[str]:
    """Return the ssh command line that performs *action* on a host, which may have an *address*."""
    # For ssh the first value of an option counts: nothing in ssh options can make it prompt for a
    # password, but they override the options after them.
    words = ["ssh", "-n", "-T", "-oBatchMode=yes", *shlex.split(settings.ssh_options or "")]
    words += ["-oForwardAgent=no", "-oForwardX11=no"]
    words.append("-oLogLevel=ERROR")  # without the login banner in the output
    if settings.connect_timeout_s < settings.timeout_s:  # if equal, either could expire first
        words.append(f"-oConnectTimeout={settings.connect_timeout_s}")
    if address is not None:  # known_hosts has the host, not its address
        words += [f"-oHostName={address}", f"-oHostKeyAlias={host}"]
    if settings.ssh_user is not None:
        words += ["-l", settings.ssh_user]
    return [*words, "--", host, command_for(settings.command, action)]


SSHD_DOWN = "the node is up, but sshd is not listening; start sshd, or set its port in ssh options"
UNREACHABLE = "check whether the node and its network are up"
# The first match counts. ssh reports a changed key together with the failed verification.
_ADVICE = (
    (
        "Could not resolve hostname",
        "this machine cannot resolve the name; check it in hosts of its [nodes:...] section, then "
        "/etc/hosts and DNS",
    ),
    (
        "HOST IDENTIFICATION HAS CHANGED",
        "if the node was reinstalled, remove its old key: ssh-keygen -R {host}; if not, find out "
        "which machine responds",
    ),
    (
        "Host key verification failed",
        "its host key is not known here; log in once (ssh {host}), or add the keys of all nodes "
        "to /etc/ssh/ssh_known_hosts",
    ),
    (
        "Permission denied",
        "add the key of the user who runs lmaster to authorized_keys on the node, or set ssh user "
        "and ssh options in [agents]",
    ),
    (
        "Too many authentication failures",
        "offer only one key: ssh options = -i FILE -o IdentitiesOnly=yes",
    ),
    ("Connection refused", SSHD_DOWN),
    *(
        (error, UNREACHABLE)
        for error in ("No route to host", "Connection timed out", "Network is unreachable")
    ),
    *(
        (error, "sshd closed the connection; see its log (often MaxStartups: lower the fan out)")
        for error in ("kex_exchange_identification", "Connection reset", "Connection closed")
    ),
)
_PATTERNS = tuple((re.compile(re.escape(error), re.IGNORECASE), *_) for error, *_ in _ADVICE)


def explain_error(lines: Sequence[str], host: str) -> str:
    """Return the error in ssh's output *lines* and what to do about it, in one line."""
    text = " / ".join(lines)
    for pattern, advice in _PATTERNS:
        if match := pattern.search(text):
            return f"ssh: {match[0]}: {advice.format(host=host)}"
    return f"ssh, or the command, failed (exit code 255): {text or 'no output'}"
