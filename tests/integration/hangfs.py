"""A FUSE filesystem that hangs on request.

``python hangfs.py FOLDER LOCK`` mounts it on FOLDER. While a process holds a lock (flock) on the
file LOCK, statfs and any access to the folder ``inner`` block in the kernel, as if a file server
were down. The lock is released when its holder exits, so a test that crashes leaves no process
blocked.
"""

import errno
import fcntl
import stat
import sys
from pathlib import Path

import mfusepy


class HangFS(mfusepy.Operations):
    """A filesystem of a fixed size with the single folder ``inner``."""

    use_ns = True  # else mfusepy warns

    def __init__(self, lock):
        self._lock = Path(lock)

    def _wait(self):
        """Wait until no process holds the lock."""
        with self._lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)

    def getattr(self, path, fh=None):
        """Return the attributes of a *path*."""
        if path not in ("/", "/inner"):
            raise mfusepy.FuseOSError(errno.ENOENT)
        if path == "/inner":
            self._wait()
        return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}

    def statfs(self, path):
        """Return the size of the filesystem."""
        self._wait()
        return {
            "f_bsize": 4096,
            "f_frsize": 4096,
            "f_blocks": 1000,
            "f_bfree": 400,
            "f_bavail": 300,
        }


if __name__ == "__main__":
    mfusepy.FUSE(
        HangFS(sys.argv[2]),
        sys.argv[1],
        foreground=True,
        fsname="hangfs",
        subtype="hang",
        entry_timeout=0,  # the kernel must not cache lookups
    )
