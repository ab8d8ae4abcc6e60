"""The dashboard GPUs: all GPUs, the worst GPUs, and the GPUs of one node."""

from ..gpu_rows.activity import GPU_ACTIVITY
from ..gpu_rows.errors import GPU_ERRORS
from ..gpu_rows.links import GPU_LINKS
from ..gpu_rows.series import all_gpus
from ..gpu_rows.temperatures import GPU_TEMPERATURES
from ..gpu_rows.totals import GRAPHS, STATS
from ..gpu_rows.utilization import GPU_UTILIZATION
from ..gpu_rows.worst import WORST_GPUS
from ..panels import thresholds
from ..panels.dashboard import COLLAPSED, COLLAPSED_IN_GRAPHITE, Dashboard, Row
from ..panels.panel import HeatMap, Query, Table
from ..panels.shorthand import facts_table
from ..queries.expressions import Expr, Value


def _each(metric: str, **labels: Value) -> Expr:
    return all_gpus(metric, **labels).sum("instance", "gpu")


_BUSY = all_gpus("utilization_ratio")

_TABLE = Row(
    "Each GPU",
    (
        Table(
            title="Each GPU",
            description="GPUs by utilization. Graphite shows only the 100 busiest. Click a node to "
            "open its dashboard.",
            row_labels=("instance", "gpu"),
            queries=(
                Query(
                    _BUSY.sum("instance", "gpu"),
                    "Busy",
                    "percentunit",
                    in_graphite=_BUSY.top(100),
                ),
                Query(_each("sm_active_ratio"), "Multiprocessors", "percentunit"),
                Query(
                    _each("memory_used_bytes") / _each("memory_total_bytes"),
                    "Memory",
                    "percentunit",
                ),
                Query(_each("power_watts"), "Power", "watt"),
                Query(
                    _each("temperature_celsius"),
                    "Temperature",
                    "celsius",
                    thresholds.GPU_TEMPERATURE,
                ),
                Query(
                    _each("memory_temperature_celsius"),
                    "Memory temperature",
                    "celsius",
                    thresholds.GPU_MEMORY_TEMPERATURE,
                ),
                Query(_each("clock_hertz", clock="sm"), "SM clock", "hertz"),
                Query(_each("processes", kind="compute"), "Processes", "none"),
                Query(_each("xids_total"), "Xids", "none", ((None, "green"), (1, "yellow"))),
            ),
            unit="percentunit",
            width=24,
            height=12,
            links_to_node=True,
        ),
    ),
    collapsed_in=COLLAPSED_IN_GRAPHITE,
)

_SPREAD = Row(
    "Distribution of GPUs",
    (
        HeatMap(
            title="GPUs by utilization",
            description="Distribution of the share of time in which GPUs are busy.",
            queries=(Query(_BUSY, "{instance} GPU {gpu}"),),
            unit="percentunit",
            minimum=0,
            maximum=1,
        ),
        HeatMap(
            title="GPUs by temperature",
            description="Distribution of GPU temperatures.",
            queries=(Query(all_gpus("temperature_celsius"), "{instance} GPU {gpu}"),),
            unit="celsius",
        ),
    ),
    collapsed_in=COLLAPSED_IN_GRAPHITE,
)

_FACTS = Row(
    "GPUs of $node: facts",
    (
        facts_table(
            "GPUs",
            "The model of each GPU, and the versions of its driver and of the newest CUDA that it "
            "supports.",
            "fructosa_gpu_info",
            *("gpu", "uuid", "name", "pci_bus_id", "vendor", "driver_version", "cuda_version"),
        ),
        facts_table(
            "MIG instances",
            "Instances into which GPUs are partitioned.",
            "fructosa_gpu_mig_info",
            *("gpu", "uuid", "gpu_instance", "compute_instance", "mig_uuid", "profile"),
        ),
    ),
    collapsed_in=COLLAPSED,
)

GPUS = Dashboard(
    name="gpus",
    title="GPUs",
    description="All GPUs together, the worst GPUs, and everything that the GPUs of one node "
    "report.",
    scope="nodes",
    node_metric="fructosa_gpu_up",
    rows=(
        Row("All GPUs", (*STATS, *GRAPHS)),
        WORST_GPUS,
        _TABLE,
        _SPREAD,
        GPU_UTILIZATION,
        GPU_ACTIVITY,
        GPU_TEMPERATURES,
        GPU_LINKS,
        GPU_ERRORS,
        _FACTS,
    ),
)
