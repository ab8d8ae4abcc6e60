"""The dashboard Node: all that one node reports. Its rows are the modules of node_rows/."""

from ..gpu_rows.errors import XIDS
from ..gpu_rows.temperatures import TEMPERATURES, THROTTLED
from ..gpu_rows.utilization import BUSY, POWER
from ..gpu_rows.utilization import MEMORY as GPU_MEMORY
from ..node_rows.agent import AGENT
from ..node_rows.disks import DISKS
from ..node_rows.facts import FACTS
from ..node_rows.file_servers import SERVERS
from ..node_rows.hardware import HARDWARE
from ..node_rows.infiniband import INFINIBAND
from ..node_rows.memory import MEMORY
from ..node_rows.network import NETWORK
from ..node_rows.numa import NUMA
from ..node_rows.processors import CPU
from ..node_rows.system import SYSTEM
from ..panels import thresholds
from ..panels.dashboard import COLLAPSED, Dashboard, Row
from ..panels.panel import Query, Stat
from ..queries.expressions import ANY, node, scrape_metric

# The most important panels on GPUs; the dashboard GPUs has all of them.
_GPUS = Row(
    "GPUs", (BUSY, GPU_MEMORY, POWER, TEMPERATURES, THROTTLED, XIDS), collapsed_in=COLLAPSED
)

_UP = Stat(
    title="Up",
    description="Whether the last scrape of the node succeeded, in every section of lmaster.conf "
    "that contains it.",
    queries=(Query(scrape_metric("up", "node").min(), "up"),),
    mappings=((0, "down"), (1, "up")),
    thresholds=((None, "red"), (1, "green")),
)
_THREADS = node("fructosa_cpu_threads")
_LOAD = node("fructosa_load_average", minutes="1")

_OVERVIEW = Row(
    "Overview",
    (
        _UP,
        Stat(
            title="Booted",
            description="When the node last booted.",
            queries=(Query(node("fructosa_boot_time_seconds") * 1000, "booted"),),
            unit="dateTimeFromNow",
            thresholds=thresholds.PLAIN,
            has_sparkline=False,
        ),
        Stat(
            title="Hardware threads",
            description="Online hardware threads.",
            queries=(Query(_THREADS, "threads"),),
            thresholds=thresholds.PLAIN,
            has_sparkline=False,
        ),
        Stat(
            title="Load per thread",
            description="Threads that want to run, per hardware thread. Above 100 %, some of them "
            "wait.",
            queries=(Query(_LOAD.sum() / _THREADS.sum(), "load"),),
            unit="percentunit",
            decimals=0,
            thresholds=thresholds.LOAD,
        ),
        Stat(
            title="Memory in use",
            description="Share of memory that is no longer available.",
            queries=(Query(node("fructosa_memory_utilization_ratio"), "memory"),),
            unit="percentunit",
            decimals=0,
            thresholds=thresholds.FULLNESS,
        ),
        Stat(
            title="Failing sensors",
            description="Sensors whose last reading failed. The agent's page shows the reason.",
            queries=(
                Query(node("fructosa_sensor_success", sensor=ANY).complement().sum(), "failing"),
            ),
            thresholds=thresholds.NONE_IS_GOOD,
        ),
    ),
)

NODE = Dashboard(
    name="node",
    title="Node",
    description="Everything that a node reports, by subject. Panels for hardware that it does not "
    "have are empty.",
    scope="node",
    node_metric="fructosa_cpu_threads",
    rows=(
        _OVERVIEW,
        CPU,
        MEMORY,
        DISKS,
        NETWORK,
        _GPUS,
        NUMA,
        INFINIBAND,
        SERVERS,
        HARDWARE,
        SYSTEM,
        AGENT,
        FACTS,
    ),
)
