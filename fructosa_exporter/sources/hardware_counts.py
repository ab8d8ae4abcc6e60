"""Counts of hardware in files of the kernel, some of which the hardware does not have."""

import errno
import re
import time
from collections.abc import Callable, Iterable

# A little less than a minute, so that a sensor that is read every minute asks once a minute.
AGAIN_S = 50.0
_COUNT = re.compile(r"\+?[0-9]{1,20}")
# The hardware or its driver does not count that. Other errors pass, such as EIO and ETIMEDOUT.
_LASTING = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EINVAL,
    errno.EOPNOTSUPP,
    errno.ENODATA,
    errno.ENOSYS,
}
_LIMIT = 100_000  # of files that are remembered; names of devices may change


class HardwareCounts:
    """Reads counts; one that does not exist is looked for again only once a minute.

    The kernel asks the hardware for each, which may take a millisecond, also if it has no answer.
    *read_text* returns the text of the file at a path.
    """

    def __init__(
        self, read_text: Callable[[str], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read_text, self._clock = read_text, clock
        self._again_s: dict[str, float] = {}

    def exists(self, path: str) -> bool:
        """Return whether there may be a count at *path*, by the last attempt to read it."""
        return path not in self._again_s

    def count(self, path: str) -> int | None:
        """Return the count in the file at *path*; None if there is none.

        Raises: PermissionError.
        """
        if path in self._again_s and self._clock() < self._again_s[path]:
            return None
        try:
            text = self._read_text(path).strip()
        except PermissionError:
            raise
        except OSError as error:
            if error.errno in _LASTING:
                self._set_absent(path)
            return None
        count = int(text) if _COUNT.fullmatch(text) else 2**64
        # All bits are set if the adapter has fallen off the bus.
        if count >= 2**64 - 1:
            self._set_absent(path)
            return None
        self._again_s.pop(path, None)
        return count

    def first(self, groups: Iterable[tuple[str, ...]]) -> int | None:
        """Return the sum of the counts of the first of the *groups* of paths that exists.

        None if one of these can't be read now. Raises: PermissionError.
        """
        for paths in groups:
            counts = {path: self.count(path) for path in paths}
            there = [count for path, count in counts.items() if self.exists(path)]
            if there:
                known = [count for count in there if count is not None]
                return sum(known) if len(known) == len(there) else None
        return None

    def _set_absent(self, path: str) -> None:
        if len(self._again_s) >= _LIMIT:
            self._again_s.clear()
        self._again_s[path] = self._clock() + AGAIN_S
