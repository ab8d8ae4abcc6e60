"""What ssh says when it fails, and what to do about it."""

import re
from collections.abc import Sequence

# In this order: a key that has changed is told together with the verification that failed.
_ADVICE = (
    (
        "Could not resolve hostname",
        "this machine knows no address of it; check the name in hosts = of its [nodes:...], then "
        "/etc/hosts and DNS",
    ),
    (
        "HOST IDENTIFICATION HAS CHANGED",
        "if the node was installed anew, forget the old key: ssh-keygen -R {host}; if not, find "
        "out who answers",
    ),
    (
        "Host key verification failed",
        "its host key is not known here; log in once: ssh {host}, or put the keys of all nodes "
        "into /etc/ssh/ssh_known_hosts",
    ),
    (
        "Permission denied",
        "put the key of the user who runs lmaster into authorized_keys there, or say with ssh user "
        "and ssh options who logs in",
    ),
    (
        "Too many authentication failures",
        "name the one key with ssh options = -i FILE -o IdentitiesOnly=yes",
    ),
    (
        "Connection refused",
        "the node is up, but no sshd listens; start sshd on it, or give its port in ssh options",
    ),
    *(
        (said, "can't be reached; is the node up, and its network?")
        for said in ("No route to host", "Connection timed out", "Network is unreachable")
    ),
    *(
        (said, "sshd ended the connection; its log says why (often MaxStartups: lower the fan out)")
        for said in ("kex_exchange_identification", "Connection reset", "Connection closed")
    ),
)
_PATTERNS = tuple((re.compile(re.escape(said), re.IGNORECASE), *_) for said, *_ in _ADVICE)


def told(lines: Sequence[str], host: str) -> str:
    """Return in one line what ssh means by these *lines* about a host."""
    text = " / ".join(lines)
    for pattern, advice in _PATTERNS:
        if found := pattern.search(text):
            return f"ssh: {found[0]}: {advice.format(host=host)}"
    return f"ssh, or the command failed (exit code 255): {text or 'it says nothing'}"
