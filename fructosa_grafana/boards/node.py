"""Everything that a node has: each row is a module in rows/, and a name in the list here."""

from ..panels import Dashboard, Query, Row, Stat
from ..query import ANY, node, own
from . import steps
from .rows.agent import AGENT
from .rows.disks import DISKS
from .rows.facts import FACTS
from .rows.gpus import GPUS
from .rows.hardware import HARDWARE
from .rows.infiniband import INFINIBAND
from .rows.memory import MEMORY
from .rows.network import NETWORK
from .rows.numa import NUMA
from .rows.processors import CPU
from .rows.servers import SERVERS
from .rows.system import SYSTEM

_UP = Stat(
    title="Up",
    about="Whether the node answered its last scrape, in each section of lmaster.conf that has it.",
    queries=(Query(own("up", "node").min(), "up"),),
    words=((0, "down", "red"), (1, "up", "green")),
    steps=((None, "red"), (1, "green")),
)
_THREADS = node("fructosa_cpu_threads")
_LOAD = node("fructosa_load_average", minutes="1")

_OVERVIEW = Row(
    "Overview",
    (
        _UP,
        Stat(
            title="Booted",
            about="When the node was booted.",
            queries=(Query(node("fructosa_boot_time_seconds") * 1000, "booted"),),
            unit="dateTimeFromNow",
            steps=steps.PLAIN,
            with_history=False,
        ),
        Stat(
            title="Hardware threads",
            about="Hardware threads that are online.",
            queries=(Query(_THREADS, "threads"),),
            steps=steps.PLAIN,
            with_history=False,
        ),
        Stat(
            title="Load a thread",
            about="Threads that want to run, for each that can. More than 100 % wait.",
            queries=(Query(_LOAD.sum() / _THREADS.sum(), "load"),),
            unit="percentunit",
            decimals=0,
            steps=steps.LOAD,
        ),
        Stat(
            title="Memory in use",
            about="Share of the memory that is not available any more.",
            queries=(Query(node("fructosa_memory_utilization_ratio"), "memory"),),
            unit="percentunit",
            decimals=0,
            steps=steps.FULLNESS,
        ),
        Stat(
            title="Sensors that fail",
            about="Sensors whose last reading failed; the page of the agent says why.",
            queries=(
                Query(node("fructosa_sensor_success", sensor=ANY).complement().sum(), "failing"),
            ),
            steps=steps.NONE_IS_GOOD,
        ),
    ),
)

NODE = Dashboard(
    name="node",
    title="Node",
    about="Everything that a node says, by subject. What it does not have is empty.",
    looks_at="node",
    example="fructosa_cpu_threads",
    rows=(
        _OVERVIEW,
        CPU,
        MEMORY,
        DISKS,
        NETWORK,
        GPUS,
        NUMA,
        INFINIBAND,
        SERVERS,
        HARDWARE,
        SYSTEM,
        AGENT,
        FACTS,
    ),
)
