"""lmaster's part that keeps jobs, in a process of its own: what it costs with HTTP.

`python -m benchmarks.bridge.job_keeping NODES SINCE PORT FOLDER ROUNDS` runs lmaster's JobService:
it fetches the pages of a BusyCluster each 30 s, joins and archives them. Slurm's list comes each
minute; the CPU time in which the benchmark makes it is not counted. keep_jobs() starts it.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.exporter.processes import CannotRun, status_number
from fructosa_bridge.app.job_service import JobService
from fructosa_bridge.app.process_limits import (
    collect_garbage_rarely,
    keep_freed,
    let_threads_alternate,
)
from fructosa_bridge.config.jobs_settings import JobsSettings
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.settings import GraphiteSettings, MasterConfig, MasterSettings
from fructosa_bridge.config.slurm_settings import SlurmSettings
from fructosa_bridge.nodes.hosts import parse_hosts
from fructosa_bridge.nodes.slurm_nodes import ListedNode, NodeList
from fructosa_bridge.slurm_output.records import SlurmConfig, SlurmReading
from fructosa_bridge.slurm_states.matching import NodeIndex
from fructosa_service.logs import LoggingSettings

from .busy_cluster import BusyCluster
from .farm import NodeAddresses

CLUSTER = "c1"
ROUND_S = 30
_LIST_S = 60
_FIRST_S = 180  # within this time, all nodes are fetched from once
# Then all is new to the archive, which is written once a minute: one write more.
_SETTLES_S = 75


@dataclass(frozen=True)
class KeepingCost:
    """CPU seconds of each round once all is known, and the most memory; and what was done.

    *keeping_s* are those of the thread that joins and archives. *first_s* is what it took to learn
    all of it.
    """

    rounds_s: list[float]
    keeping_s: list[float]
    first_s: float
    peak_kb: int
    pages: int
    failures: int
    refused: int


def keep_jobs(addresses: NodeAddresses, since_s: float, folder: Path, rounds: int) -> KeepingCost:
    """Run it in a process of its own.

    Raises: CannotRun if it ends with an error.
    """
    arguments = (addresses.targets, repr(since_s), addresses.port, folder, rounds)
    command = [sys.executable, "-m", "benchmarks.bridge.job_keeping", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise CannotRun("the process that keeps the jobs has failed; see above")
    return KeepingCost(**json.loads(done.stdout))


class ListedJobs:
    """Tells a service of Slurm's jobs, as a SlurmMonitor does."""

    def __init__(self, cluster: BusyCluster, nodes: NodeList) -> None:
        self.made_s = 0.0  # CPU time that is not lmaster's
        self._cluster = cluster
        self._monitor = SimpleNamespace(
            listeners=[], index=NodeIndex(nodes.nodes), read_gpus=lambda: None
        )

    def tell(self, service: JobService) -> None:
        """Let a service listen."""
        monitor: Any = self._monitor
        service.listen(monitor)

    async def run(self) -> None:
        """Tell it each minute, for ever."""
        config = SlurmConfig(cluster=CLUSTER)
        while True:
            now_s = time.time()
            reading = SlurmReading(now_s, config=config, jobs=await asyncio.to_thread(self._make))
            for listener in self._monitor.listeners:
                listener(reading)
            del reading
            await asyncio.sleep(_LIST_S)

    def _make(self) -> Any:
        before_s = time.thread_time()
        records = self._cluster.records(time.time())
        self.made_s += time.thread_time() - before_s
        return records


def _config(addresses: NodeAddresses, folder: Path) -> MasterConfig:
    section = NodesSettings(hosts=parse_hosts(addresses.node_set), port=addresses.port)
    return MasterConfig(
        master=MasterSettings(data_directory=folder),
        nodes={"all": section},
        destinations={"": GraphiteSettings(send=False)},
        logging=LoggingSettings(),
        slurm=SlurmSettings(),
        jobs=JobsSettings(interval_s=ROUND_S, socket=folder / "socket"),
    )


async def _measure(
    cluster: BusyCluster, addresses: NodeAddresses, folder: Path, rounds: int
) -> KeepingCost:
    keep_freed()  # as lmaster does, and the next two
    let_threads_alternate()
    named = zip(cluster.names, addresses.addresses, strict=True)
    nodes = NodeList([ListedNode(name, address, address) for name, address in named])
    service = JobService(_config(addresses, folder), lambda: nodes)
    lists = ListedJobs(cluster, nodes)

    def used_s() -> tuple[float, float]:
        return time.process_time() - lists.made_s, _keeping_s()

    began_s = time.process_time()
    await service.start()
    lists.tell(service)
    collect_garbage_rarely()
    task = asyncio.create_task(lists.run())
    try:
        async with asyncio.timeout(_FIRST_S):
            while service.status.pages["ok"] < addresses.targets:
                await asyncio.sleep(0.1)
        await asyncio.sleep(_SETTLES_S)
        marks = [used_s()]
        pages = service.status.pages["ok"]
        for _ in range(rounds):
            await asyncio.sleep(ROUND_S)
            marks.append(used_s())
        status = service.status
    finally:
        task.cancel()
        await service.stop()
    of_all, of_keeping = zip(*marks, strict=True)
    return KeepingCost(
        _differences(of_all),
        _differences(of_keeping),
        of_all[0] - began_s,
        status_number(os.getpid(), "VmHWM"),
        status.pages["ok"] - pages,
        status.pages["failed"],
        status.pages["refused"],
    )


def _keeping_s() -> float:
    """Return the CPU time of the thread that keeps the jobs."""
    (number,) = (one.native_id for one in threading.enumerate() if one.name.startswith("jobs"))
    return int(Path(f"/proc/self/task/{number}/schedstat").read_text().split()[0]) / 1e9


def _differences(marks: Sequence[float]) -> list[float]:
    return [after - before for before, after in pairwise(marks)]


def main() -> int:
    """Measure, and print the result as JSON."""
    nodes, since_s, port, folder, rounds = sys.argv[1:]
    measure = partial(_measure, BusyCluster(int(nodes), float(since_s)))
    cost = asyncio.run(measure(NodeAddresses(int(nodes), int(port)), Path(folder), int(rounds)))
    print(json.dumps(asdict(cost)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
