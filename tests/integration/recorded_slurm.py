"""What an lmaster reports that has read Slurm: its page, and the points that it sends to carbon.

``python -m tests.integration.recorded_slurm`` serves the samples of a cluster as the page of
lmaster does, and sends them to carbon once a second, below ``PREFIX.slurm``. Counters grow.
"""

import argparse
import pickle
import signal
import socket
import struct
import threading
import time

from prometheus_client import CollectorRegistry, start_http_server

from fructosa_bridge.config.targets import slurm_target
from fructosa_bridge.naming import graphite_paths
from fructosa_bridge.slurm import metrics as m
from fructosa_bridge.web.metrics import MasterCollector
from fructosa_bridge.web.status import JobsStatus

from ..bridge.fake_status import FakeStatus

_GIB = 2**30
_SCHEDULERS = ("main", "backfill")
# A cluster of three partitions on a busy day.
GAUGES = {
    m.UP: {(): 1},
    m.READING_AGE: {(): 17},
    m.READING_DURATION: {(): 0.42},
    m.TARGETS: {
        ("died", "compute"): 2,
        ("agent_dead", "compute"): 1,
        ("drained", "compute"): 3,
        ("drained", "gpu"): 1,
        ("lost_by_slurm", "gpu"): 1,
        ("unmatched", "login"): 2,
    },
    m.JOBS: {
        ("cpu", "running"): 412,
        ("cpu", "pending"): 1310,
        ("cpu", "completed"): 18,
        ("gpu.a100", "running"): 37,
        ("gpu.a100", "pending"): 84,
        ("debug", "running"): 0,
        ("debug", "pending"): 0,
    },
    m.CLUSTER_JOBS: {("running",): 449, ("pending",): 1352, ("completed",): 18, ("failed",): 3},
    m.PENDING_JOBS: {
        ("cpu", "Priority"): 1200,
        ("cpu", "Resources"): 4,
        ("cpu", "Dependency"): 106,
        ("gpu.a100", "Priority"): 60,
        ("gpu.a100", "QOSMaxGRESPerUser"): 24,
    },
    m.CLUSTER_PENDING_JOBS: {
        ("Priority",): 1218,
        ("Resources",): 4,
        ("Dependency",): 106,
        ("QOSMaxGRESPerUser",): 24,
    },
    m.PENDING_CPUS: {("cpu",): 38_528, ("gpu.a100",): 1344, ("debug",): 0},
    m.PENDING_GPUS: {("cpu",): 0, ("gpu.a100",): 336, ("debug",): 0},
    m.PENDING_NODES: {("cpu",): 1606, ("gpu.a100",): 88, ("debug",): 0},
    m.CLUSTER_PENDING_CPUS: {(): 39_872},
    m.CLUSTER_PENDING_GPUS: {(): 336},
    m.CLUSTER_PENDING_NODES: {(): 1694},
    m.WAIT: {
        ("cpu", "0.5"): 5400,
        ("cpu", "0.9"): 64_000,
        ("gpu.a100", "0.5"): 21_600,
        ("gpu.a100", "0.9"): 93_000,
    },
    m.OLDEST_WAIT: {("cpu",): 171_000, ("gpu.a100",): 98_000},
    m.NODES: {
        ("cpu", "allocated"): 310,
        ("cpu", "mixed"): 71,
        ("cpu", "idle"): 6,
        ("drained", "cpu"): 9,
        ("cpu", "draining"): 2,
        ("cpu", "down"): 2,
        ("gpu.a100", "mixed"): 30,
        ("gpu.a100", "powered_down"): 10,
        ("debug", "idle"): 4,
    },
    m.CLUSTER_NODES: {
        ("allocated",): 310,
        ("mixed",): 101,
        ("idle",): 10,
        ("drained",): 9,
        ("draining",): 2,
        ("down",): 2,
        ("powered_down",): 10,
    },
    m.CPUS: {
        ("cpu", "allocated"): 46_100,
        ("cpu", "idle"): 3436,
        ("cpu", "other"): 1664,
        ("gpu.a100", "allocated"): 1480,
        ("gpu.a100", "idle"): 440,
        ("gpu.a100", "other"): 640,
        ("debug", "allocated"): 0,
        ("debug", "idle"): 512,
        ("debug", "other"): 0,
    },
    m.CLUSTER_CPUS: {("allocated",): 47_580, ("idle",): 4388, ("other",): 2304},
    m.MEMORY: {
        ("cpu", "allocated"): 130_000 * _GIB,
        ("cpu", "idle"): 60_000 * _GIB,
        ("cpu", "other"): 6000 * _GIB,
        ("gpu.a100", "allocated"): 12_000 * _GIB,
        ("gpu.a100", "idle"): 3000 * _GIB,
        ("gpu.a100", "other"): 5000 * _GIB,
    },
    m.CLUSTER_MEMORY: {
        ("allocated",): 142_000 * _GIB,
        ("idle",): 63_000 * _GIB,
        ("other",): 11_000 * _GIB,
    },
    m.GPUS: {
        ("gpu.a100", "allocated", "a100"): 86,
        ("gpu.a100", "idle", "a100"): 10,
        ("gpu.a100", "other", "a100"): 40,
        ("gpu.a100", "allocated", "a100_1g.10gb"): 12,
        ("gpu.a100", "idle", "a100_1g.10gb"): 44,
    },
    m.CLUSTER_GPUS: {
        ("allocated", "a100"): 86,
        ("idle", "a100"): 10,
        ("other", "a100"): 40,
        ("allocated", "a100_1g.10gb"): 12,
        ("idle", "a100_1g.10gb"): 44,
    },
    m.PARTITION_UP: {("cpu",): 1, ("gpu.a100",): 1, ("debug",): 0},
    m.RESERVATIONS: {(): 2},
    m.RESERVED_NODES: {(): 12},
    m.LICENSES: {
        ("matlab@licenses.example", "used"): 34,
        ("matlab@licenses.example", "reserved"): 0,
        ("matlab@licenses.example", "free"): 16,
    },
    m.WORST_NODE: {(): 4},
    m.SERVER_THREADS: {(): 3},
    m.AGENT_QUEUE: {(): 1},
    m.DBD_QUEUE: {(): 0},
    m.LAST_CYCLE: {("main",): 0.021, ("backfill",): 1.7},
    m.MEAN_CYCLE: {("main",): 0.012, ("backfill",): 1.1},
    m.MAX_CYCLE: {("main",): 0.9, ("backfill",): 12.4},
    m.QUEUE_LENGTH: {("main",): 1352, ("backfill",): 1300},
    m.BACKFILL_AGE: {(): 24},
}
# Increase per second.
COUNTERS = {
    m.COMMANDS: {("ping", "ok"): 1, ("scontrol", "ok"): 1, ("sdiag", "ok"): 1, ("squeue", "ok"): 1},
    m.CYCLES: {("main",): 4, ("backfill",): 2},
    m.BACKFILLED: {(): 3},
    m.EVENTS: {
        ("submitted",): 9,
        ("started",): 8,
        ("completed",): 7,
        ("canceled",): 1,
        ("failed",): 1,
    },
    m.RPCS: {
        ("REQUEST_JOB_INFO",): 12,
        ("REQUEST_NODE_INFO",): 4,
        ("REQUEST_SUBMIT_BATCH_JOB",): 9,
        ("MESSAGE_NODE_REGISTRATION_STATUS",): 2,
    },
    m.RPC_SECONDS: {
        ("REQUEST_JOB_INFO",): 0.12,
        ("REQUEST_NODE_INFO",): 0.02,
        ("REQUEST_SUBMIT_BATCH_JOB",): 0.03,
        ("MESSAGE_NODE_REGISTRATION_STATUS",): 0.001,
    },
}
for _by, _names in (
    (m.BY_ACCOUNT, ("physics", "chemistry")),
    (m.BY_USER, ("anna", "b.o")),
    (m.BY_QOS, ("normal", "long")),
):
    _jobs, _cpus, _gpus = _by
    GAUGES[_jobs] = {
        (name, state) if _jobs.labels[1] == "state" else (state, name): 10 * number + more
        for number, name in enumerate(_names, 1)
        for state, more in (("pending", 25), ("running", 0))
    }
    GAUGES[_cpus] = {(name,): 640 * number for number, name in enumerate(_names, 1)}
    GAUGES[_gpus] = {(name,): 8 * number for number, name in enumerate(_names, 1)}


def samples(passed_s):
    """Return the samples of the cluster when so many seconds have passed."""
    grown = {
        metric: {labels: pace * passed_s for labels, pace in paces.items()}
        for metric, paces in COUNTERS.items()
    }
    return {metric: (GAUGES | grown)[metric] for metric in m.METRICS}


class Recorded:
    """What Slurm reports, and the part of lmaster's page that has it."""

    def __init__(self):
        self._began_s = time.monotonic()

    def collect(self):
        """Yield the metrics of Slurm and of keeping jobs, for prometheus_client."""
        status = FakeStatus(slurm=self, jobs_status=self.jobs_status())
        for metric in MasterCollector(status).collect():
            if metric.name.startswith(("fructosa_slurm_", "fructosa_master_job_")):
                yield metric

    def jobs_status(self):
        """Return how keeping jobs goes now."""
        passed_s = int(time.monotonic() - self._began_s)
        return JobsStatus(
            pages={"ok": 15 * passed_s, "refused": 0, "failed": passed_s},
            incomplete={"missed": 2 * passed_s, "dropped": 0, "unknown": passed_s},
            open_runs=449,
            is_writable=True,
            archive_bytes=3 * _GIB,
        )

    def samples(self):
        """Return what it reports now."""
        return samples(time.monotonic() - self._began_s)


def points(found, prefix, when_s):
    """Return the points of samples: paths, times and values."""
    place = slurm_target(1, 0, prefix, "plain").graphite_path
    return [
        (
            ".".join([place, metric.name, *map(graphite_paths.part, labels)]),
            (when_s, float(value)),
        )
        for metric, values in found.items()
        for labels, value in values.items()
    ]


def _send_each_second(slurm, port, prefix, ended):
    with socket.create_connection(("127.0.0.1", port), 10) as carbon:
        while not ended.wait(1 - time.time() % 1):
            payload = pickle.dumps(points(slurm.samples(), prefix, int(time.time())), protocol=2)
            carbon.sendall(struct.pack("!L", len(payload)) + payload)


def main():
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--carbon-port", type=int, required=True)
    parser.add_argument("--prefix", required=True)
    arguments = parser.parse_args()
    slurm, ended = Recorded(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    page = CollectorRegistry()
    page.register(slurm)
    start_http_server(arguments.port, arguments.host, page)
    _send_each_second(slurm, arguments.carbon_port, arguments.prefix, ended)


if __name__ == "__main__":
    main()
