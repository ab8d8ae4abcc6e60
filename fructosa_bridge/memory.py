"""How the C library keeps freed memory: for the next page, instead of giving it back each time."""

import ctypes
import gc

# Parameters of mallopt(3), as glibc's malloc.h numbers them.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
# A page is some tens of kilobytes, a busy moment some megabytes. By default glibc returns what is
# free beyond 128 KiB to the kernel, and the next page pays for its zeroed pages again: half of what
# a fetch cost.
_KEPT_BYTES = 32 * 2**20
_LARGE_BYTES = 4 * 2**20
# Pages make no cycles, and what is known of 10,000 targets is a million objects to look through.
_OBJECTS_BEFORE_A_LOOK = 50_000


def keep_freed() -> None:
    """Let this process keep what it frees; where the C library is another one, nothing changes."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
    mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)


def look_through_seldom() -> None:
    """Let the garbage collector look at new objects seldom, and at those there are not at all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK, 20, 100)
