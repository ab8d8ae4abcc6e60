"""Real programs as children of the test: started, awaited, always ended."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent
_END_S = 10


def wait_until(condition, what, deadline_s=30.0, pause_s=0.02):
    """Return the first true value of *condition*; fail when the deadline passes."""
    end_s = time.monotonic() + deadline_s
    while not (found := condition()):
        assert time.monotonic() < end_s, f"not within {deadline_s:g} s: {what()}"
        time.sleep(pause_s)
    return found


def free_port():
    """Return a TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    """Tell whether somebody accepts connections on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Program:
    """A program in the foreground, its output in a file."""

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
        """Return what the program has said so far."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def wait(self, condition, deadline_s=30.0):
        """Wait until *condition* is true; end the program and fail when it never is."""

        def look():
            assert self.process.poll() is None, f"{self.name} ended:\n{self.text()[-2000:]}"
            return condition()

        try:
            return wait_until(
                look, lambda: f"{self.name} to be ready:\n{self.text()[-2000:]}", deadline_s
            )
        except BaseException:
            self.end()  # who waits in a constructor has nobody else to do it
            raise

    def said(self, pattern):
        """Wait until the program has said *pattern*; return the match."""
        return self.wait(lambda: re.search(pattern, self.text()))

    def end(self, number=signal.SIGTERM):
        """End the program; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()


class Agent(Program):
    """`lagent serve` on a free port; its *log* is a file where the configuration says so."""

    def __init__(self, folder, *arguments, log=None):
        output = folder / "lagent.log"
        super().__init__(output, BIN / "lagent", "serve", "--port", "0", *arguments)
        self.log = log or output
        self.url = self.said(r"are served on (http://\S+)")[1]
        self.place = re.search(r"//(.*)/metrics", self.url)[1]


class Master(Program):
    """`lmaster scrape` with its status page on a free port; *log* as of an agent."""

    def __init__(self, folder, *arguments, log=None):
        output = folder / "lmaster.log"
        if "--data" not in arguments:  # root's would be the system's
            arguments = (*arguments, "--data", folder / "data")
        super().__init__(output, BIN / "lmaster", "scrape", "--port", "0", *arguments)
        self.log = log or output
        self.url = self.said(r"status page: (https?://\S+)")[1]
