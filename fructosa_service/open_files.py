"""How many files this process may have open."""

import resource
from contextlib import suppress


def raise_limit() -> int:
    """Raise the soft limit to the hard one, as far as the system permits; return the limit.

    Unit: files; ``resource.RLIM_INFINITY`` where there is no limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):  # some systems have a lower limit than they name
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
