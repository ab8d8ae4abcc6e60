"""GPUs: all of them, the worst of them, and those of one node."""

from ..panels import Dashboard, HeatMap, Query, Row, Table
from ..query import ANY, Expr, Value, nodes
from . import steps
from .rows.gpu_activity import GPU_ACTIVITY
from .rows.gpu_errors import GPU_ERRORS
from .rows.gpu_facts import GPU_FACTS
from .rows.gpu_heat import GPU_HEAT
from .rows.gpu_links import GPU_LINKS
from .rows.gpu_sums import GRAPHS, STATS
from .rows.gpu_work import GPU_WORK
from .worst import HEAVY
from .worst_gpus import WORST_GPUS


def _gpus(metric: str, **labels: Value) -> Expr:
    return nodes(f"fructosa_gpu_{metric}", gpu=ANY, uuid=ANY, **labels)


def _each(metric: str, **labels: Value) -> Expr:
    return _gpus(metric, **labels).sum("instance", "gpu")


_BUSY = _gpus("utilization_ratio")

_TABLE = Row(
    "Each GPU",
    (
        Table(
            title="Each GPU",
            about="GPUs by how busy they are; in Graphite the hundred that are busiest. "
            "A click on a node leads to it.",
            by=("instance", "gpu"),
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
                Query(_each("temperature_celsius"), "Temperature", "celsius", steps.GPU_HEAT),
                Query(
                    _each("memory_temperature_celsius"),
                    "Memory temperature",
                    "celsius",
                    steps.GPU_MEMORY_HEAT,
                ),
                Query(_each("clock_hertz", clock="sm"), "SM clock", "hertz"),
                Query(_each("processes", kind="compute"), "Processes", "none"),
                Query(_each("xids_total"), "Xids", "none", ((None, "green"), (1, "yellow"))),
            ),
            unit="percentunit",
            width=24,
            height=12,
            link=True,
        ),
    ),
    folded_in=HEAVY,
)

_SPREAD = Row(
    "How GPUs differ",
    (
        HeatMap(
            title="GPUs by use",
            about="How many GPUs are busy for which share of the time.",
            queries=(Query(_BUSY, "{instance} GPU {gpu}"),),
            unit="percentunit",
            low=0,
            high=1,
        ),
        HeatMap(
            title="GPUs by temperature",
            about="How many GPUs have which temperature.",
            queries=(Query(_gpus("temperature_celsius"), "{instance} GPU {gpu}"),),
            unit="celsius",
        ),
    ),
    folded_in=HEAVY,
)

GPUS = Dashboard(
    name="gpus",
    title="GPUs",
    about="All GPUs together, the worst of them, and everything that those of a node say.",
    looks_at="nodes",
    example="fructosa_gpu_up",
    rows=(
        Row("All GPUs", (*STATS, *GRAPHS)),
        WORST_GPUS,
        _TABLE,
        _SPREAD,
        GPU_WORK,
        GPU_ACTIVITY,
        GPU_HEAT,
        GPU_LINKS,
        GPU_ERRORS,
        GPU_FACTS,
    ),
)
