"""An environment in which the commands of the pages run: a folder, an agent, a master, a shell."""

import io
import os
import re
import shlex
import shutil
import subprocess
from contextlib import chdir, redirect_stderr, redirect_stdout

from fructosa_bridge import cli as of_lmaster
from fructosa_exporter import cli as of_lagent

from .page_terminal import typed
from .processes import BIN, Agent, Master, free_port, wait_until

_MAIN = {"lagent": of_lagent.main, "lmaster": of_lmaster.main}
# Commands without side effects on their process: logging, signal handlers, children.
WITHIN = {
    "agents",
    "check",
    "dashboards",
    "nodes",
    "ping",
    "read",
    "reload",
    "schemas",
    "sensors",
    "targets",
}
_NODES = re.compile(r"\bnode\d+:9888|\bnode\[[\d-]+\]|\bnode\d+\b|\bhead(?=:\d)")


class Sandbox:
    """The environment of the pages, on free loopback ports and in one folder."""

    def __init__(self, folder, running):
        self.folder = folder
        self.agent_port, self.master_port = free_port(), free_port()
        (folder / "etc/carbon").mkdir(parents=True)
        (folder / "etc/fructosa").mkdir()
        (folder / "carbon.conf").write_text("[cache]\n")
        self.lagent_conf = folder / "etc/lagent.conf"
        self.lagent_conf.write_text(f"[lagent]\nport = {self.agent_port}\n")
        self.conf = folder / "etc/lmaster.conf"
        self.conf.write_text(
            f"[lmaster]\nport = {self.master_port}\ndata directory = {folder}/data\n"
            f"[nodes:compute]\nhosts = localhost\nport = {self.agent_port}\ninterval = 1\n"
            f"[Graphite]\nwhisper directory = {folder}/whisper\n"
        )
        for file in (self.lagent_conf, self.conf):
            shutil.copy(file, folder)
            shutil.copy(file, folder / f"etc/fructosa/{file.stem}-new.conf")
        self._running = running

    def begin(self):
        """Start an agent and a master, which most pages expect."""
        agent = Agent(self.folder, "-c", self.lagent_conf, "--port", self.agent_port)
        self._running.enter_context(agent)
        master = Master(self.folder, "-c", self.conf, "--port", self.master_port)
        self._running.enter_context(master)
        self.wait()

    def wait(self):
        """Wait until the node is up."""
        seen = wait_until(
            lambda: re.search("^up ", self.run("lmaster nodes").stdout, re.MULTILINE),
            lambda: self.run("lmaster nodes").stdout,
        )
        assert seen

    def adapted(self, line):
        """Return a line with the paths, ports and programs of the sandbox."""
        line = line.replace("/opt/fructosa/bin/", "")
        line = _NODES.sub(lambda found: "localhost:9888" if ":" in found[0] else "localhost", line)
        for there, port in ((9888, self.agent_port), (9889, self.master_port)):
            line = line.replace(f"localhost:{there}", f"localhost:{port}")
        line = line.replace("--interval 5", "--interval 1").replace(" [NODES]", "")
        line = re.sub(r"(?<= )(/etc|/var)/", rf"{self.folder}\1/", line)
        line = re.sub(r"(?<= )~/", f"{self.folder}/", line)
        return re.sub(r"\b(lagent|lmaster) (agents \w+|\w+)", self._with_files, line)

    def _with_files(self, found):
        """Return a program and command with options for the files that it would use by default."""
        program, command = found.groups()
        line = f"{program} {command}"
        conf = self.conf if program == "lmaster" else self.lagent_conf
        if command != "sensors" and not re.search(r" -c ", found.string):
            line += f" -c {conf}"
        if command in {"start", "stop", "restart", "status"}:
            line += f" -p {self.folder}/{program}.pid"
        return line

    def run(self, line):
        """Run a line; return the completed process.

        Starting our programs takes long, so some commands run in the process of the test.
        """
        line = self.adapted(line)
        words = shlex.split(line)
        if words[0] in _MAIN and words[1] in WITHIN and not set("|&;") & set(line):
            return within(_MAIN[words[0]], words, self.folder)
        if words[0] == "htpasswd":
            return typed(words, self.folder)
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def within(main, words, folder):
    """Run one of our commands in this process, in a *folder*; return a completed process."""
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error), chdir(folder):
        try:
            code = main(words[1:])
        except SystemExit as ended:
            code = ended.code
    return subprocess.CompletedProcess(words, code, out.getvalue(), error.getvalue())
