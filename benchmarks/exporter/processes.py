"""Starts and stops the exporters, and reads their CPU time and memory."""

import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NODE_EXPORTER = Path("/usr/bin/prometheus-node-exporter")
LAGENT = (sys.executable, "-m", "fructosa_exporter")
PROFILED_LAGENT = (sys.executable, "-m", "benchmarks.exporter.profiled")
_START_TIMEOUT_S = 10
# Selects the CPU clock of another process, as clock_getcpuclockid(3) does. That clock counts
# nanoseconds and includes threads that have exited; /proc/PID/stat counts hundredths of seconds.
_CPU_CLOCK = 2


class CannotRun(Exception):
    """The benchmark cannot run; the message says why, and what to do."""


@dataclass(frozen=True)
class Exporter:
    """A running exporter."""

    name: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """Return the CPU time used so far, in user and kernel mode."""
        return time.clock_gettime((~self.pid << 3) | _CPU_CLOCK)

    def resident_kb(self) -> int:
        """Return the resident memory."""
        return status_number(self.pid, "VmRSS")


def status_number(pid: int, key: str) -> int:
    """Return a number from /proc/PID/status; memory is in kB."""
    match = re.search(rf"^{key}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M)
    if match is None:
        raise CannotRun(f"/proc/{pid}/status has no {key}; did the process exit?")
    return int(match[1])


@contextmanager
def node_exporter(*options: str) -> Iterator[Exporter]:
    """Run Debian's node_exporter until the block ends."""
    if not NODE_EXPORTER.exists():
        raise CannotRun(
            f"{NODE_EXPORTER} is missing: apt-get install prometheus-node-exporter "
            "(the benchmark starts its own, the service is not needed)"
        )
    port = free_port()
    command = [NODE_EXPORTER, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    with running("node_exporter", [*map(str, command), *options], port) as exporter:
        yield exporter


@contextmanager
def lagent(
    config: Path,
    intervals_s: Mapping[str, float],
    settings: Mapping[str, str] | None = None,
    command: Sequence[str] = LAGENT,
) -> Iterator[Exporter]:
    """Run lagent until the block ends, with the sensors and intervals of *intervals_s*."""
    lines = ["[lagent]", *(f"{key} = {value}" for key, value in (settings or {}).items())]
    for name, interval_s in intervals_s.items():
        lines += ["", f"[sensor:{name}]", f"time_interval = {interval_s:g}"]
    config.write_text("\n".join(lines) + "\n")
    port = free_port()
    serve = [*command, "serve", "-c", str(config), "--port", str(port)]
    with running("lagent", serve, port) as exporter:
        yield exporter


def read_at_each_scrape(sensors: Iterable[str]) -> dict[str, float]:
    """Return intervals with which lagent reads all *sensors* at each scrape."""
    return dict.fromkeys(sensors, 0.0)


def default_sensors() -> list[str]:
    """Return the sensors that lagent reads on this machine without a configuration."""
    overview = subprocess.check_output([*LAGENT, "sensors"], text=True)
    return re.findall(r"^(\w+) +\* ", overview, re.MULTILINE)


@contextmanager
def running(name: str, command: Sequence[str], port: int) -> Iterator[Exporter]:
    """Run a server that listens on a loopback *port* until the block ends."""
    # A file: with a pipe that nobody reads, the server would block.
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            if not _listens(process, port):
                log.seek(0)
                output = log.read().decode(errors="replace").strip()
                raise CannotRun(f"{' '.join(command)} did not start; its output: {output}")
            yield Exporter(name, port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False


def free_port() -> int:
    """Return a free TCP port of the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
