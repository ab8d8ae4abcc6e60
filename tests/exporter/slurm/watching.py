"""A tracker of jobs that a test drives, and processes for it."""

import os
import subprocess
import sys

from fructosa_exporter.slurm.ends import ProcessEnds
from fructosa_exporter.slurm.inotify import Inotify
from fructosa_exporter.slurm.lives import Lives
from fructosa_exporter.slurm.tracker import Tracker


class Process:
    """A process that waits until it is ended."""

    def __init__(self):
        self._child = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.pid = self._child.pid

    def end(self):
        """End it."""
        self._child.communicate()


class Watching:
    """A tracker whose messages and ends are handled when the test says so."""

    def __init__(self, cgroups, open_pidfd=os.pidfd_open):
        self.lives, self.now_s, self.pidfds = Lives(), 100.0, []
        self.messages = Inotify()
        ends = ProcessEnds(self, open_pidfd)
        self.tracker = Tracker(cgroups.folders, self.lives, lambda: self.now_s, self.messages, ends)
        self.tracker.refresh()

    def register(self, fd):
        """Note a pidfd."""
        self.pidfds.append(fd)

    def unregister(self, fd):
        """Forget a pidfd."""
        self.pidfds.remove(fd)

    def pump(self):
        """Handle the messages that have come."""
        while events := list(self.messages.events()):
            for event in events:
                self.tracker.handle(event)
        return self.tracker.look_if_due()

    def all_end(self):
        """Tell that the processes of all pidfds have ended."""
        for fd in list(self.pidfds):
            self.tracker.ended(fd)
        return self.tracker.look_if_due()

    def entries(self):
        """Return all entries as job, restart, CPU time, and whether they have ended."""
        return [
            (one.key.job, one.restart, one.total("cpu_s"), one.ended_s is not None)
            for one in self.lives.entries(0, self.now_s)
        ]
