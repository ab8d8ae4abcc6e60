"""The exporters as processes: how they are started and ended, and what they cost."""

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
_START_S = 10
# The clock of another process's CPU time, as clock_getcpuclockid(3) makes its number. It counts
# in nanoseconds, threads that have ended included; /proc/PID/stat counts in hundredths of seconds.
_CPU_CLOCK = 2


class CannotRun(Exception):
    """What keeps the benchmark from running, and what to do about it."""


@dataclass(frozen=True)
class Exporter:
    """A running exporter."""

    name: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """Return the CPU time that it has used so far, in user and kernel mode."""
        return time.clock_gettime((~self.pid << 3) | _CPU_CLOCK)

    def resident_kb(self) -> int:
        """Return its resident memory."""
        return status_number(self.pid, "VmRSS")


def status_number(pid: int, key: str) -> int:
    """Return a number of /proc/PID/status, memory in kB."""
    found = re.search(rf"^{key}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M)
    if found is None:
        raise CannotRun(f"/proc/{pid}/status has no {key}; did the process end?")
    return int(found[1])


@contextmanager
def node_exporter(*options: str) -> Iterator[Exporter]:
    """Run Debian's node exporter until the block ends."""
    if not NODE_EXPORTER.exists():
        raise CannotRun(
            f"{NODE_EXPORTER} is missing: apt-get install prometheus-node-exporter "
            "(the benchmark starts it by itself, its service is not needed)"
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
    """Run lagent until the block ends, with the sensors that *intervals_s* names."""
    lines = ["[lagent]", *(f"{key} = {value}" for key, value in (settings or {}).items())]
    for name, interval_s in intervals_s.items():
        lines += ["", f"[sensor:{name}]", f"time_interval = {interval_s:g}"]
    config.write_text("\n".join(lines) + "\n")
    port = free_port()
    serve = [*command, "serve", "-c", str(config), "--port", str(port)]
    with running("lagent", serve, port) as exporter:
        yield exporter


def anew(sensors: Iterable[str]) -> dict[str, float]:
    """Return intervals with which every one of *sensors* is read at each scrape."""
    return dict.fromkeys(sensors, 0.0)


def default_sensors() -> list[str]:
    """Return the sensors that lagent reads on this machine when none is configured."""
    overview = subprocess.check_output([*LAGENT, "sensors"], text=True)
    return re.findall(r"^(\w+) +\* ", overview, re.MULTILINE)


@contextmanager
def running(name: str, command: Sequence[str], port: int) -> Iterator[Exporter]:
    """Run a server that listens on the loopback's *port* until the block ends."""
    # A file, not a pipe: what nobody reads must not hold the server up.
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            if not _listens(process, port):
                log.seek(0)
                said = log.read().decode(errors="replace").strip()
                raise CannotRun(f"{' '.join(command)} does not serve; it said: {said}")
            yield Exporter(name, port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    until_s = time.monotonic() + _START_S
    while time.monotonic() < until_s and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
