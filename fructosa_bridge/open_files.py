"""How many files this process may have open: each target's connection is one."""

import resource
import sys
from contextlib import suppress

# Besides connections: the queue, the log, the pages' clients, the embedded store's files.
_RESERVE = 256


def raise_limit() -> int:
    """Raise the own limit as far as the system lets us; return for how many targets it suffices."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):  # some systems have a lower limit than they name
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return room(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def room(limit: int) -> int:
    """Return for how many targets a *limit* of open files suffices."""
    return sys.maxsize if limit == resource.RLIM_INFINITY else max(0, limit - _RESERVE)


def warning(targets: int, limit_targets: int) -> str | None:
    """Return what to say where the limit is too low for so many *targets*."""
    if targets <= limit_targets:
        return None
    return (
        f"{targets} targets need {targets + _RESERVE} open files, and the limit suffices for about "
        f"{limit_targets} targets: raise the hard limit of open files (LimitNOFILE= of systemd, "
        "rc_ulimit of OpenRC, nofile in limits.conf), or share the nodes among several lmasters "
        "with shard"
    )
