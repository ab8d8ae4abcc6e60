"""Watches lmaster from outside: memory, files, log, and how long an honest client waits."""

import http.client
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psutil

_CLIENT_TIMEOUT_S = 10.0
_COUNT_FILES_S = 5.0


class MasterReading(NamedTuple):
    """What lmaster had in use at a moment: seconds since the start, bytes, and counts."""

    after_s: float
    memory_bytes: int
    cpu_s: float
    open_files: int
    log_bytes: int
    series_files: int


@dataclass
class Waits:
    """How long an honest client waited for each answer; *failed* are those that it did not get."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def ask(self, port: int, path: str) -> None:
        """Ask for a page once."""
        began_s = time.monotonic()
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=_CLIENT_TIMEOUT_S)
        try:
            client.request("GET", path)
            is_right = client.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            is_right = False
        finally:
            client.close()
        self.seconds.append(time.monotonic() - began_s)
        self.failed += not is_right


class MasterWatch:
    """Threads that read what a process has in use and ask for its *pages*, once a second."""

    def __init__(self, pid: int, log: Path, series: Path, pages: Mapping[str, int]) -> None:
        self.readings: list[MasterReading] = []
        self.late_s: list[float] = []  # of this process's own timer: of the machine itself
        self.waits = {path: Waits() for path in pages}
        self._process, self._log, self._series = psutil.Process(pid), log, series
        self._end = threading.Event()
        self._began_s = time.monotonic()
        self._files, self._counted_s = 0, 0.0
        asking = [(self._ask, (path, port)) for path, port in pages.items()]
        self._threads = [
            threading.Thread(target=target, args=arguments, daemon=True)
            for target, arguments in [(self._read, ()), *asking]
        ]

    def __enter__(self) -> "MasterWatch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        while not self._waited():
            try:
                with self._process.oneshot():
                    memory = self._process.memory_info().rss
                    cpu = sum(self._process.cpu_times()[:2])
                open_files = self._process.num_fds()
            except psutil.Error:  # it has ended
                return
            after_s = time.monotonic() - self._began_s
            log = self._log.stat().st_size if self._log.exists() else 0
            files = self._series_files(after_s)
            self.readings.append(MasterReading(after_s, memory, cpu, open_files, log, files))

    def _waited(self) -> bool:
        began_s = time.monotonic()
        is_over = self._end.wait(1)
        self.late_s.append(time.monotonic() - began_s - 1)
        return is_over

    def _series_files(self, after_s: float) -> int:
        if after_s - self._counted_s >= _COUNT_FILES_S or not self._files:
            self._counted_s = after_s
            self._files = sum(len(files) for _, _, files in os.walk(self._series))
        return self._files

    def _ask(self, path: str, port: int) -> None:
        while not self._end.wait(1):
            self.waits[path].ask(port, path.partition(" ")[0])
