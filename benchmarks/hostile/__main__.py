"""`python -m benchmarks.hostile`: 20 honest and 45 hostile nodes, and hostile clients, at once.

An lmaster with a store of its own scrapes all of them. No slot of an honest node may be missed, all
of their points must be stored, and what lmaster needs may not grow.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bridge.program import run
from benchmarks.exporter.processes import CannotRun
from benchmarks.exporter.table import table
from benchmarks.soak.counting import Count, count, missed, stored
from fructosa_bridge.scrape.schedule import offset
from tests.integration.faults_nodes import PARTS, Nodes
from tests.integration.processes import Agent, Master

from .nodes import KINDS, address
from .promises import HEAD, Measure, of_lateness, of_process, of_waits, percentile
from .watch import MasterWatch

_PREFIX, _PATH = "mixed", "/metrics"
_HONEST = 20
_INTERVAL_S, _HOSTILE_INTERVAL_S = 2, 5
_WARM_UP_S, _SETTLE_S = 5.0, 60.0
_CONFIG = """
[lmaster]
data directory = {folder}/data
[Graphite]
prefix = {prefix}
whisper directory = {folder}/whisper
[nodes:honest]
hosts = {honest}
port = {port}
interval = {interval}
timeout = {timeout:g}
[nodes:agent]
hosts = 127.0.0.1
port = {agent}
interval = {interval}
[nodes:hostile]
hosts = {hostile}
port = {hostile_port}
interval = {hostile_interval}
[logging]
filename = {folder}/log
"""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--for", dest="seconds", type=float, default=300, help="seconds (300)")
    for name, default, text in (("only", [*KINDS], "only"), ("without", [], "not")):
        text = f"{text} these kinds of nodes"
        parser.add_argument(f"--{name}", nargs="*", choices=[*KINDS], default=default, help=text)
    parser.add_argument("--no-clients", action="store_true", help="no hostile clients")
    return parser.parse_args()


@contextmanager
def helper(module: str, *words: object) -> Iterator["subprocess.Popen[str]"]:
    """Run a module of this benchmark in a process of its own until the block ends."""
    command = [sys.executable, "-m", f"benchmarks.hostile.{module}", *map(str, words)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class MixedRun:
    """The nodes, lmaster and the clients, in a *folder*."""

    def __init__(self, folder: Path, kinds: Sequence[str]) -> None:
        self._folder, self._kinds = folder, kinds
        self.honest = [f"127.2.0.{number}" for number in range(1, _HONEST + 1)]
        self.nodes = Nodes()
        self.from_s = time.time()

    def watched(self, seconds: float, *, has_clients: bool) -> tuple[MasterWatch, list[Measure]]:
        """Run everything for some *seconds*; return what was measured."""
        with (
            self.nodes,
            helper("nodes", *self._kinds) as hostile,
            Agent(self._folder) as agent,
            Master(
                self._folder, "-c", self._config(hostile, agent), log=self._folder / "log"
            ) as master,
        ):
            ports = [int(url.rsplit(":", 1)[1].split("/")[0]) for url in (master.url, agent.url)]
            pages = {"/-/healthy of lmaster": ports[0], "/metrics of lmaster": ports[0]}
            pages["/metrics of lagent"] = ports[1]
            log, series = self._folder / "log", self._folder / "whisper" / _PREFIX
            self._wait(_WARM_UP_S)
            with MasterWatch(master.process.pid, log, series, pages) as watch:
                if has_clients:
                    with helper("clients", *ports):
                        self._wait(seconds)
                else:
                    self._wait(seconds)
            is_alive = master.process.poll() is None
            until_s = time.time()
            result = self._settled()
            alive = Measure("lmaster has ended", float(not is_alive), 0)
            return watch, [alive, *self._of_points(result, until_s)]

    def _master(self, hostile: "subprocess.Popen[str]", agent: Agent) -> Master:
        config = self._config(hostile, agent)
        return Master(self._folder, "-c", config, log=self._folder / "log")

    def _wait(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            time.sleep(min(left_s, 30))
            pages = sum(map(len, self.nodes.times.values()))
            print(f"{time.strftime('%H:%M:%S')}: {pages:,} pages of honest nodes", flush=True)

    def _config(self, hostile: "subprocess.Popen[str]", agent: Agent) -> Path:
        assert hostile.stdout is not None  # noqa: S101 - it is a pipe
        path = self._folder / "lmaster.conf"
        path.write_text(
            _CONFIG.format(
                folder=self._folder,
                prefix=_PREFIX,
                honest=",".join(self.honest),
                port=self.nodes.port,
                interval=_INTERVAL_S,
                timeout=0.8 * _INTERVAL_S,
                agent=agent.address.rpartition(":")[2],
                hostile=",".join(address(number) for number in range(len(self._kinds))),
                hostile_port=int(hostile.stdout.readline()),
                hostile_interval=_HOSTILE_INTERVAL_S,
            )
        )
        return path

    def _settled(self) -> Count:
        """Count the points that are stored, until all are, or the time to settle is over."""
        deadline_s = time.monotonic() + _SETTLE_S
        while True:
            pages = {node: self._times(node)[:-1] for node in self.honest}
            folders = {node: self._series / node.replace(".", "-") for node in self.honest}
            series = {
                node: [folder / f"ticks/part/{part}.wsp" for part in range(PARTS)]
                for node, folder in folders.items()
            }
            ups = {node: folder / "up/honest.wsp" for node, folder in folders.items()}
            result = count(pages, series, ups, [], self.from_s, _INTERVAL_S)
            if not result.lost or time.monotonic() > deadline_s:
                return result
            time.sleep(2)

    @property
    def _series(self) -> Path:
        return self._folder / "whisper" / _PREFIX

    def _times(self, node: str) -> list[float]:
        return list(self.nodes.times[_PATH, node])

    def _of_points(self, result: Count, until_s: float) -> list[Measure]:
        slots = sum(
            missed(times or [self.from_s], [], until_s, _INTERVAL_S)[1]
            for times in map(self._times, self.honest)
        )
        lost = sum(page.points for page in result.lost)
        return [
            Measure("slots of honest nodes missed", slots, 0),
            Measure(f"points of honest nodes not stored, of {result.served:,}", lost, 0),
            Measure("points at a wrong time", result.misplaced, 0),
            Measure("slots in which lagent was down", self._down_slots(), 0),
        ]

    def _down_slots(self) -> int:
        return len(stored(self._series / "127-0-0-1/up/agent.wsp", self.from_s).get(0, []))

    def lateness_s(self) -> list[float]:
        """Return how long after its slot each scrape of an honest node came."""
        found = []
        for node in self.honest:
            offset_s = offset(f"honest/{node}:{self.nodes.port}", _INTERVAL_S)
            found += [(at_s - offset_s) % _INTERVAL_S for at_s in self._times(node)[1:]]
        return found


def mixed_run(options: argparse.Namespace) -> bool:
    """Run it and print the table; return whether all promises were kept."""
    kinds = [kind for kind in options.only if kind not in options.without]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mixed = MixedRun(folder, kinds)
        watch, measures = mixed.watched(options.seconds, has_clients=not options.no_clients)
        if len(watch.readings) < 2:
            raise CannotRun(f"lmaster ended at once; its log: {_log(folder)[-500:]}")
        log = _log(folder)
    measures += of_lateness(mixed.lateness_s(), watch.late_s)
    measures += of_process(watch.readings)
    for page, waits in watch.waits.items():
        measures += of_waits(page, waits, watch.late_s)
    measures.append(Measure("tracebacks in the log", log.count("Traceback"), 0))
    first, last = watch.readings[0], watch.readings[-1]
    took_s = last.after_s - first.after_s
    core = 100 * (last.cpu_s - first.cpu_s) / took_s
    who = f"{_HONEST} honest nodes, {len(kinds)} hostile ones"
    print(f"\n{who}, {took_s:.0f} s; lmaster needed {core:.0f} % of a core.\n")
    print(table(HEAD, [one.row for one in measures]))
    late_ms = 1000 * percentile(watch.late_s, 99)
    print(
        f"\nA timer of an idle process came up to {late_ms:.0f} ms late: so busy was the machine."
    )
    return all(one.is_kept for one in measures)


def _log(folder: Path) -> str:
    texts = [one.read_text(errors="replace") for one in folder.glob("*log") if one.is_file()]
    return re.sub(r"\x1b", "", "\n".join(texts))


if __name__ == "__main__":
    sys.exit(run(lambda: mixed_run(arguments())))
