"""Totals of the GPUs of all nodes; for Graphite, lmaster computes them."""

from ..panels import thresholds
from ..panels.panel import Graph, Panel, Query, Stat
from ..queries.expressions import cluster_total
from .series import all_gpus

_UP = Query(all_gpus("up").sum(), "up", in_graphite=cluster_total("gpus_up"))
_DOWN = Query(
    all_gpus("up").count() - all_gpus("up").sum(),
    "down",
    in_graphite=cluster_total("gpus") - cluster_total("gpus_up"),
)
_BUSY = Query(
    all_gpus("utilization_ratio").sum(), "busy", in_graphite=cluster_total("gpu_utilization")
)
_BUSY_SHARE = Query(
    all_gpus("utilization_ratio").sum() / all_gpus("up").sum(),
    "busy",
    in_graphite=cluster_total("gpu_utilization") / cluster_total("gpus_up"),
)
_INSTALLED = Query(
    all_gpus("memory_total_bytes").sum(),
    "installed",
    in_graphite=cluster_total("gpu_memory_total_bytes"),
)
_USED = Query(
    all_gpus("memory_used_bytes").sum(),
    "allocated",
    in_graphite=cluster_total("gpu_memory_used_bytes"),
)
_USED_SHARE = Query(
    all_gpus("memory_used_bytes").sum() / all_gpus("memory_total_bytes").sum(),
    "allocated",
    in_graphite=cluster_total("gpu_memory_used_bytes") / cluster_total("gpu_memory_total_bytes"),
)
_WATTS = Query(
    all_gpus("power_watts").sum(), "power draw", in_graphite=cluster_total("gpu_power_watts")
)
_MAY_DRAW = Query(
    all_gpus("power_limit_watts").sum(),
    "power limit",
    in_graphite=cluster_total("gpu_power_limit_watts"),
)
_ABOUT_BUSY = "A GPU is busy while something runs on it. GPUs partitioned by MIG do not report it."

STATS: tuple[Panel, ...] = (
    Stat(
        title="GPUs up",
        description="GPUs that respond, on all nodes that are up.",
        queries=(_UP,),
    ),
    Stat(
        title="GPUs down",
        description="GPUs that responded earlier and no longer do: they fell off the bus, or their "
        "driver is gone.",
        queries=(_DOWN,),
        thresholds=thresholds.NONE_IS_GOOD,
    ),
    Stat(
        title="GPUs busy",
        description=f"Share of the GPUs that are up. {_ABOUT_BUSY}",
        queries=(_BUSY_SHARE,),
        unit="percentunit",
        decimals=0,
        thresholds=thresholds.PLAIN,
    ),
    Stat(
        title="Allocated GPU memory",
        description="Allocated share of the memory of all GPUs.",
        queries=(_USED_SHARE,),
        unit="percentunit",
        decimals=0,
        thresholds=thresholds.PLAIN,
    ),
    Stat(
        title="Installed GPU memory",
        description="Memory of all GPUs that are up.",
        queries=(_INSTALLED,),
        unit="bytes",
        thresholds=thresholds.PLAIN,
    ),
    Stat(
        title="Current GPU power",
        description="Power draw of all GPUs, including their memory.",
        queries=(_WATTS,),
        unit="watt",
        thresholds=thresholds.PLAIN,
    ),
)

GRAPHS: tuple[Panel, ...] = (
    Graph(
        title="GPUs up and busy",
        description=f"GPUs that answer, those that no longer do, and how many are busy. "
        f"{_ABOUT_BUSY}",
        queries=(_UP, _DOWN, _BUSY),
        minimum=0,
        width=8,
    ),
    Graph(
        title="Memory of all GPUs",
        description="Allocated and installed memory.",
        queries=(_USED, _INSTALLED),
        unit="bytes",
        minimum=0,
        width=8,
    ),
    Graph(
        title="Power of all GPUs",
        description="Power draw of GPUs, including their memory, and their power limits.",
        queries=(_WATTS, _MAY_DRAW),
        unit="watt",
        minimum=0,
        width=8,
    ),
)
