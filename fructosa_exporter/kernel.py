"""The edge to the kernel's files: /proc and /sys of this machine, or a recorded copy of them."""

import os
import re
from collections.abc import Iterator

import psutil

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")
_CHUNK = 64 * 1024
_FILE_SIZE_LIMIT = 16 * 1024 * 1024  # no file of the kernel is as large; what is would fill memory


class Kernel:
    """Reads files by the paths that they have on Linux: ``/proc/loadavg``, ``/sys/class/net``.

    *root* is where a recorded tree begins, for tests; ``/proc`` is else where psutil has it
    (``[lagent] procfs``).
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        self._root = None if root is None else os.fspath(root)

    def path(self, path: str) -> str:
        """Return where the file that Linux has at *path* is to be found."""
        if self._root is not None:
            return f"{self._root}{path}"
        if path.startswith("/proc/"):
            return f"{psutil.PROCFS_PATH}{path[5:]}"
        return path

    def content(self, path: str) -> bytes:
        """Return what the file at *path* holds.

        Raises: OSError, FileNotFoundError among them.
        """
        # A third of what open() costs; on a node with many CPUs, disks and ports it adds up.
        file = os.open(self.path(path), os.O_RDONLY | os.O_CLOEXEC)
        try:
            chunks, size = [], 0
            while (chunk := os.read(file, _CHUNK)) and size < _FILE_SIZE_LIMIT:
                chunks.append(chunk)
                size += len(chunk)
        finally:
            os.close(file)
        return b"".join(chunks)

    def text(self, path: str) -> str:
        """Return the file at *path* as text, what is no UTF-8 as lone surrogates.

        Raises: OSError, FileNotFoundError among them.
        """
        return self.content(path).decode("utf-8", "surrogateescape")

    def lines(self, path: str) -> Iterator[list[str]]:
        """Yield the words of each line of the file at *path* that has any."""
        for line in self.text(path).split("\n"):
            if words := line.split():
                yield words

    def word(self, path: str) -> str | None:
        """Return the stripped text of a file that holds one value; None where it can't be had.

        sysfs answers with errors of many kinds (EINVAL, ENODATA, EIO, EOPNOTSUPP) where the
        hardware has nothing to tell. A right that is missing is told apart.

        Raises: PermissionError.
        """
        try:
            return self.text(path).strip()
        except PermissionError:
            raise
        except OSError:
            return None

    def number(self, path: str) -> int | None:
        """Return the whole number that the file at *path* holds; None where it holds none.

        The kernel's numbers have 64 bits: what is beyond is no number of its own.

        Raises: PermissionError.
        """
        word = self.word(path)
        if word is None or not _NUMBER.fullmatch(word):
            return None
        number = int(word)
        return number if -(2**63) <= number < 2**64 else None

    def count(self, path: str) -> int | None:
        """Return the count that the file at *path* holds: a number of at least zero, or None.

        Raises: PermissionError.
        """
        number = self.number(path)
        return None if number is None or number < 0 else number

    def names(self, folder: str) -> list[str]:
        """Return the names in a *folder*, in their order; none where there is no folder."""
        try:
            found = os.listdir(self.path(folder))  # noqa: PTH208 - names, not Path objects
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(found, key=_natural)


def _natural(name: str) -> tuple[str, int, str]:
    """Return a key that sorts node2 before node10."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or -1), name
