"""The system under test: nodes, carbon, and lmaster and two lagents as daemons."""

import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil

from benchmarks.exporter.processes import CannotRun
from tests.integration.faults_nodes import Nodes
from tests.integration.graphite import Carbon
from tests.integration.processes import free_port

PREFIX, PAGE = "soak", "/metrics"
AGENTS = ("127.2.1.1", "127.2.1.2")
_BIN = Path(sys.executable).parent
_COMMAND_TIMEOUT_S = 60
_AGGREGATION = "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = last\n"


class BackgroundProgram:
    """`lagent` or `lmaster` as a daemon, with all its files in one folder."""

    def __init__(self, program: str, folder: Path) -> None:
        folder.mkdir()
        self.program, self.folder, self.log = program, folder, folder / "log"
        self._pid_file, self._config = folder / "pid", folder / f"{program}.conf"

    def write(self, settings: str, sections: str) -> None:
        """Write the configuration: *settings* of its own section, and other *sections*."""
        self._config.write_text(
            f"[{self.program}]\npid file = {self._pid_file}\n{settings}\n{sections}\n"
            f"[logging]\nfilename = {self.log}\n"
        )

    def __call__(self, command: str) -> None:
        """Run start, stop or restart.

        Raises: CannotRun with the output of the command if it failed.
        """
        done = subprocess.run(
            [_BIN / self.program, command, "-c", self._config],
            check=False,
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIMEOUT_S,
        )
        if done.returncode or "was killed" in done.stdout + done.stderr:
            raise CannotRun(
                f"{self.program} {command} exited with {done.returncode}: "
                f"{done.stdout}{done.stderr}"
            )

    @property
    def process(self) -> psutil.Process | None:
        """The process of the daemon; None if it does not run."""
        try:
            return psutil.Process(int(self._pid_file.read_text().split()[0]))
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            return None

    def end(self) -> None:
        """Stop it, whatever its state."""
        with suppress(CannotRun, subprocess.TimeoutExpired):
            self("stop")


class System:
    """All parts together; *has_spare* says whether lmaster scrapes one more node."""

    def __init__(self, folder: Path, count: int, interval_s: int, retention_s: int) -> None:
        self.nodes = [f"127.2.0.{number}" for number in range(1, count + 1)]
        self.spare = f"127.2.0.{count + 1}"
        self.has_spare, self.interval_s = False, interval_s
        self._folder, self._retention_s = folder, retention_s
        self._port, self._agent_port = free_port(), free_port()
        self._stack = ExitStack()

    def __enter__(self) -> "System":
        with ExitStack() as stack:
            self.farm = stack.enter_context(Nodes())
            self.carbon = self._start_carbon()
            stack.callback(self.carbon.end)
            self.agents = [self._agent(host) for host in AGENTS]
            self.master = BackgroundProgram("lmaster", self._folder / "lmaster")
            self.configure()
            for daemon in (*self.agents, self.master):
                stack.callback(daemon.end)
                daemon("start")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def whisper(self) -> Path:
        """The folder with the Whisper files of all nodes."""
        return self._folder / "carbon/storage/whisper" / PREFIX

    def _start_carbon(self) -> Carbon:
        rules = self._folder / "rules"
        rules.mkdir()
        schema = f"[all]\npattern = .*\nretentions = 1s:{self._retention_s}s\n"
        (rules / "storage-schemas.conf").write_text(schema)
        (rules / "storage-aggregation.conf").write_text(_AGGREGATION)
        (self._folder / "carbon").mkdir()
        return Carbon(self._folder / "carbon", rules)

    def _agent(self, host: str) -> BackgroundProgram:
        agent = BackgroundProgram("lagent", self._folder / host)
        agent.write(f"host = {host}\nport = {self._agent_port}", "")
        return agent

    def configure(self) -> None:
        """Write lmaster's configuration, with or without the spare node."""
        farm = ",".join([*self.nodes, *([self.spare] if self.has_spare else [])])
        each = f"interval = {self.interval_s}\ntimeout = {self.interval_s * 0.8:g}\n"
        self.master.write(
            f"port = {self._port}\ndata directory = {self._folder}/data",
            f"[nodes:farm]\nhosts = {farm}\nport = {self.farm.port}\npath = {PAGE}\n{each}"
            f"[nodes:agents]\nhosts = {','.join(AGENTS)}\nport = {self._agent_port}\n{each}"
            f"[Graphite]\nhost = 127.0.0.1\nprefix = {PREFIX}\n"
            f"carbon receiver pickle port = {self.carbon.pickle_port}\n",
        )
