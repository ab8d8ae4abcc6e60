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
_WATTS = Query(all_gpus("power_watts").sum(), "drawn", in_graphite=cluster_total("gpu_power_watts"))
_MAY_DRAW = Query(
    all_gpus("power_limit_watts").sum(),
    "allowed",
    in_graphite=cluster_total("gpu_power_limit_watts"),
)
_ABOUT_BUSY = "Something runs on so many of them; those that MIG has divided tell nothing of it."

STATS: tuple[Panel, ...] = (
    Stat(
        title="GPUs up",
        description="GPUs that answer, of all nodes that are up.",
        queries=(_UP,),
    ),
    Stat(
        title="GPUs down",
        description="GPUs that answered once and no longer do: fallen off the bus, or without "
        "driver.",
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
        title="GPU memory allocated",
        description="Share of the memory of all GPUs that is allocated.",
        queries=(_USED_SHARE,),
        unit="percentunit",
        decimals=0,
        thresholds=thresholds.PLAIN,
    ),
    Stat(
        title="GPU memory installed",
        description="Memory of all GPUs that are up.",
        queries=(_INSTALLED,),
        unit="bytes",
        thresholds=thresholds.PLAIN,
    ),
    Stat(
        title="GPU power now",
        description="What all GPUs draw, their memory included.",
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
        description="Memory that is allocated, beside what is installed.",
        queries=(_USED, _INSTALLED),
        unit="bytes",
        minimum=0,
        width=8,
    ),
    Graph(
        title="Power of all GPUs",
        description="What GPUs draw with their memory, and what they are held to.",
        queries=(_WATTS, _MAY_DRAW),
        unit="watt",
        minimum=0,
        width=8,
    ),
)
