"""A file system that hangs when it is told to: FUSE with a statfs that waits for a lock.

``python hangfs.py FOLDER LOCK`` mounts it on FOLDER. While anybody holds a lock (flock) on the
file LOCK, whoever asks for its size, or goes into its folder ``inner``, waits in the kernel, as
with a file server that is gone. The lock goes with its holder: a test that dies leaves nobody
waiting.
"""

import errno
import fcntl
import stat
import sys
from pathlib import Path

import mfusepy


class HangFS(mfusepy.Operations):
    """A folder with a folder in it, of a certain size."""

    use_ns = True  # else mfusepy warns

    def __init__(self, lock):
        self._lock = Path(lock)

    def _wait(self):
        """Wait until nobody holds the lock."""
        with self._lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)

    def getattr(self, path, fh=None):
        """Return what is at a *path*."""
        if path not in ("/", "/inner"):
            raise mfusepy.FuseOSError(errno.ENOENT)
        if path == "/inner":
            self._wait()
        return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}

    def statfs(self, path):
        """Return the size."""
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
        entry_timeout=0,  # the kernel asks each time
    )
