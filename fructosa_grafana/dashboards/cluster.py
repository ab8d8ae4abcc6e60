"""The dashboard Cluster: all nodes together, and the worst nodes."""

from fructosa_service.device_names import DISKS, NETWORK_INTERFACES, RAPL_ZONES

from ..gpu_rows.totals import GRAPHS, STATS
from ..panels import thresholds
from ..panels.dashboard import COLLAPSED, COLLAPSED_IN_GRAPHITE, Dashboard, Row
from ..panels.panel import Graph, HeatMap, Query, Stat, Table
from ..queries.expressions import ANY, Expr, cluster_total, master, nodes, scrape_metric
from ..slurm_rows.nodes import STATES
from ..slurm_rows.queue import JOBS, REASONS
from .worst_nodes import WORST

_THREADS = nodes("fructosa_cpu_threads")
_LOAD = nodes("fructosa_load_average", minutes="1")
_BUSY = _LOAD / _THREADS
_MEMORY = nodes("fructosa_memory_total_bytes")
_AVAILABLE = nodes("fructosa_memory_available_bytes")
_MEMORY_RATIO = nodes("fructosa_memory_utilization_ratio")
_DISK_RATIO = nodes("fructosa_filesystem_utilization_ratio", mountpoint=ANY)
_RECEIVED = nodes("fructosa_network_receive_bytes_total", interface=NETWORK_INTERFACES).rate()
_SENT = nodes("fructosa_network_transmit_bytes_total", interface=NETWORK_INTERFACES).rate()
_READ = nodes("fructosa_disk_read_bytes_total", device=DISKS).rate()
_WRITTEN = nodes("fructosa_disk_written_bytes_total", device=DISKS).rate()
_POWER = nodes("fructosa_energy_joules_total", zone=ANY, name=RAPL_ZONES).rate()


def _summed(expr: Expr, legend: str, in_graphite: Expr) -> Query:
    """Return the sum over all nodes; for Graphite, the total that lmaster has computed."""
    return Query(expr.sum(), legend, in_graphite=in_graphite)


def _targets(state: str) -> Expr:
    return master("fructosa_master_targets", section=ANY, state=state).sum()


_UP = _summed(scrape_metric("up"), "up", _targets("up"))
_DOWN = _summed(scrape_metric("up").complement(), "down", _targets("down"))
_ALL_THREADS = _summed(_THREADS, "hardware threads", cluster_total("cpu_threads"))
_ALL_LOAD = _summed(_LOAD, "load (1 minute)", cluster_total("load_average"))
_INSTALLED = _summed(_MEMORY, "installed", cluster_total("memory_total_bytes"))
_USED = Query(
    _MEMORY.sum() - _AVAILABLE.sum(),
    "used",
    in_graphite=cluster_total("memory_total_bytes") - cluster_total("memory_available_bytes"),
)
_WATTS = _summed(_POWER, "packages and memory", cluster_total("power_watts"))

_OVERVIEW = Row(
    "Overview",
    (
        Stat(
            title="Targets up",
            description="Targets whose last scrape succeeded.",
            queries=(_UP,),
        ),
        Stat(
            title="Targets down",
            description="Targets whose last scrape failed.",
            queries=(_DOWN,),
            thresholds=thresholds.NONE_IS_GOOD,
        ),
        Stat(
            title="Hardware threads",
            description="Online hardware threads of all nodes that are up.",
            queries=(_ALL_THREADS,),
            thresholds=thresholds.PLAIN,
        ),
        Stat(
            title="Installed memory",
            description="Memory of all nodes that are up.",
            queries=(_INSTALLED,),
            unit="bytes",
            thresholds=thresholds.PLAIN,
        ),
        Stat(
            title="Load per thread",
            description="Threads that want to run, per hardware thread. Above 100 %, some of them "
            "wait.",
            queries=(
                Query(
                    _LOAD.sum() / _THREADS.sum(),
                    "load",
                    in_graphite=cluster_total("load_average") / cluster_total("cpu_threads"),
                ),
            ),
            unit="percentunit",
            decimals=0,
            thresholds=thresholds.LOAD,
        ),
        Stat(
            title="Current power",
            description="Power draw of processor packages and memory, on nodes whose processors "
            "meter it (RAPL).",
            queries=(_WATTS,),
            unit="watt",
            thresholds=thresholds.PLAIN,
        ),
        Graph(
            title="Targets",
            description="Targets whose last scrape succeeded or failed.",
            queries=(_UP, _DOWN),
            minimum=0,
            decimals=0,
        ),
        Graph(
            title="Load",
            description="Threads that run, want to run or wait for a disk, and the number of "
            "hardware threads.",
            queries=(
                _ALL_LOAD,
                _summed(
                    nodes("fructosa_load_runnable_threads"),
                    "runnable now",
                    cluster_total("load_runnable_threads"),
                ),
                _ALL_THREADS,
            ),
            minimum=0,
        ),
        Graph(
            title="Memory",
            description="Memory that is no longer available, and installed memory.",
            queries=(_USED, _INSTALLED),
            unit="bytes",
            minimum=0,
        ),
        Graph(
            title="Power",
            description="Power draw of processor packages and memory, on nodes whose processors "
            "meter it (RAPL).",
            queries=(_WATTS,),
            unit="watt",
            minimum=0,
        ),
        Graph(
            title="Network",
            description="Traffic of Ethernet, InfiniBand and Slingshot interfaces of all nodes.",
            queries=(
                _summed(_RECEIVED, "received", cluster_total("network_receive_bytes_per_second")),
                _summed(_SENT, "sent", cluster_total("network_transmit_bytes_per_second")),
            ),
            unit="Bps",
            minimum=0,
        ),
        Graph(
            title="Disks",
            description="Data read from and written to the local disks of all nodes.",
            queries=(
                _summed(_READ, "read", cluster_total("disk_read_bytes_per_second")),
                _summed(_WRITTEN, "written", cluster_total("disk_written_bytes_per_second")),
            ),
            unit="Bps",
            minimum=0,
        ),
    ),
)

_GPUS = Row("GPUs", (*STATS, *GRAPHS), collapsed_in=COLLAPSED)

_SLURM = Row("Slurm", (STATES, JOBS, REASONS), collapsed_in=COLLAPSED)

_SPREAD = Row(
    "Distribution of nodes",
    (
        HeatMap(
            title="Nodes by load",
            description="Distribution of the load per hardware thread. At 100 %, a node is fully "
            "used.",
            queries=(Query(_BUSY, "{instance}"),),
            unit="percentunit",
            minimum=0,
        ),
        HeatMap(
            title="Nodes by memory",
            description="Distribution of the share of memory in use.",
            queries=(Query(_MEMORY_RATIO, "{instance}"),),
            unit="percentunit",
            minimum=0,
            maximum=1,
        ),
    ),
    collapsed_in=COLLAPSED_IN_GRAPHITE,
)

_NODES = Row(
    "Nodes",
    (
        Table(
            title="Nodes",
            description="Nodes by load per hardware thread. Graphite shows only the 100 highest. "
            "Click a node to open its dashboard.",
            queries=(
                Query(_BUSY, "Load per thread", "percentunit", thresholds.LOAD, _BUSY.top(100)),
                Query(_MEMORY_RATIO.sum("instance"), "Memory", "percentunit", thresholds.FULLNESS),
                Query(
                    _DISK_RATIO.max("instance"),
                    "Fullest file system",
                    "percentunit",
                    thresholds.FULLNESS,
                ),
                Query(_RECEIVED.sum("instance"), "Received", "Bps"),
                Query(_SENT.sum("instance"), "Sent", "Bps"),
                Query(
                    nodes("fructosa_boot_time_seconds").sum("instance") * 1000,
                    "Booted",
                    "dateTimeAsIso",
                ),
            ),
            unit="percentunit",
            thresholds=thresholds.LOAD,
            width=24,
            height=12,
            links_to_node=True,
        ),
    ),
    collapsed_in=COLLAPSED_IN_GRAPHITE,
)

CLUSTER = Dashboard(
    name="cluster",
    title="Cluster",
    description="All nodes together, how they differ, and which of them need attention.",
    scope="nodes",
    node_metric="fructosa_cpu_threads",
    rows=(_OVERVIEW, _GPUS, _SLURM, _SPREAD, _NODES, WORST),
)
