"""The limits of lmaster's process: open files, and how it keeps freed memory."""

import ctypes
import gc
import resource
import sys

# Besides connections: the queue, the log, web clients, the Whisper files of the embedded store.
_RESERVED_FILES = 256
# Parameters of mallopt(3), from glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
# A page has tens of kilobytes, a busy moment some megabytes. By default glibc returns freed memory
# beyond 128 KiB to the kernel, so that the next page has to be allocated and zeroed again: that was
# half of the cost of a fetch.
_KEPT_BYTES = 32 * 2**20
_LARGE_BYTES = 4 * 2**20
# Pages make no reference cycles, and 10,000 targets have a million objects to traverse. The first
# two generations are traversed in milliseconds, also while a huge page makes many objects.
_GC_THRESHOLDS = (5_000, 4, 2_000)
_SWITCH_S = 0.001


def target_limit(open_files: int) -> int:
    """Return how many connections to nodes a limit of *open_files* allows.

    Each target has one, and each node whose jobs are read another.
    """
    if open_files == resource.RLIM_INFINITY:
        return sys.maxsize
    return max(0, open_files - _RESERVED_FILES)


def open_files_warning(connections: int, limit: int) -> str | None:
    """Return a warning if so many *connections* to nodes are more than their *limit*."""
    if connections <= limit:
        return None
    return (
        f"{connections} connections to nodes need {connections + _RESERVED_FILES} open files, but "
        f"the limit allows only {limit} of them: raise the hard limit of open files (LimitNOFILE= "
        "of systemd, rc_ulimit of OpenRC, nofile in limits.conf), or share the nodes among several "
        "lmasters with shard"
    )


def keep_freed() -> None:
    """Keep freed memory in this process; without glibc, nothing changes."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
    mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)


def let_threads_alternate() -> None:
    """Let a thread that computes give way to the event loop after a millisecond, not after five.

    The loop may have to wait several times in a turn, whenever it returns from the kernel.
    """
    sys.setswitchinterval(_SWITCH_S)


def collect_garbage_rarely() -> None:
    """Let the garbage collector run rarely, and leave out the objects that exist now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
