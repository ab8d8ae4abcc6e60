"""Runs real programs as children of a test: starts them, waits until they are ready, ends them."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from fructosa_bridge.app.run import STATUS_PAGE
from fructosa_exporter.cli import SERVED

BIN = Path(sys.executable).parent
# What lagent logs as soon as it serves; the group is its URL.
SERVED_ON = SERVED.replace("%d", r"\d+").replace("%s", r"(https?://\S+)")
_END_S = 10


def wait_until(condition, what, deadline_s=30.0, pause_s=0.02):
    """Return the first true value of *condition*; fail at the deadline, with the text of *what*."""
    end_s = time.monotonic() + deadline_s
    while not (found := condition()):
        assert time.monotonic() < end_s, f"not within {deadline_s:g} s: {what()}"
        time.sleep(pause_s)
    return found


def free_port():
    """Return a free TCP port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    """Return whether a loopback port accepts connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Program:
    """A program in the foreground with its output in a file."""

    def __init__(self, log, *command, env=None):
        self.log = Path(log)
        self.name = Path(str(command[0])).name
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdout=output, stderr=output, env=env
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def text(self):
        """Return the output so far."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def wait(self, condition, deadline_s=30.0):
        """Wait until *condition* is true; on failure, end the program."""

        def checked():
            assert self.process.poll() is None, f"{self.name} ended:\n{self.text()[-2000:]}"
            return condition()

        try:
            return wait_until(
                checked, lambda: f"{self.name} to be ready:\n{self.text()[-2000:]}", deadline_s
            )
        except BaseException:
            self.end()  # a caller in a constructor has no object yet to end it with
            raise

    def wait_for_output(self, pattern):
        """Wait until the output matches *pattern*; return the match."""
        return self.wait(lambda: re.search(pattern, self.text()))

    def end(self, number=signal.SIGTERM):
        """End the program with a signal; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()


class Agent(Program):
    """`lagent serve` on a free port; *log* is its log file, if the configuration sets one."""

    def __init__(self, folder, *arguments, log=None):
        output = folder / "lagent.log"
        super().__init__(output, BIN / "lagent", "serve", "--port", "0", *arguments)
        self.log = log or output
        self.url = self.wait_for_output(SERVED_ON)[1]
        self.address = re.search(r"//(.*)/metrics", self.url)[1]


class Master(Program):
    """`lmaster scrape` with its status page on a free port; *log* is as for Agent."""

    def __init__(self, folder, *arguments, log=None, env=None):
        output = folder / "lmaster.log"
        if "--data" not in arguments:  # the default of root is the system's data directory
            arguments = (*arguments, "--data", folder / "data")
        super().__init__(output, BIN / "lmaster", "scrape", "--port", "0", *arguments, env=env)
        self.log = log or output
        self.url = self.wait_for_output(re.escape(STATUS_PAGE) % r"(https?://\S+)")[1]
