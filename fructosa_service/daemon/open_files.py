"""The limit on open files of this process."""

import resource
from contextlib import suppress


def raise_limit() -> int:
    """Raise the soft limit to the hard limit, as far as the system permits; return the limit.

    Unit: files; ``resource.RLIM_INFINITY`` if there is no limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):  # some systems permit less than their hard limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
