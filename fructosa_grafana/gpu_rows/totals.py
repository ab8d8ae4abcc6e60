"""The GPUs of all nodes together; for Graphite lmaster has added them up."""

from ..panels import thresholds
from ..panels.panel import Graph, Panel, Query, Stat
from ..queries.expressions import sums
from .series import all_gpus

_UP = Query(all_gpus("up").sum(), "up", in_graphite=sums("gpus_up"))
_DOWN = Query(
    all_gpus("up").count() - all_gpus("up").sum(),
    "down",
    in_graphite=sums("gpus") - sums("gpus_up"),
)
_BUSY = Query(all_gpus("utilization_ratio").sum(), "busy", in_graphite=sums("gpu_utilization"))
_BUSY_SHARE = Query(
    all_gpus("utilization_ratio").sum() / all_gpus("up").sum(),
    "busy",
    in_graphite=sums("gpu_utilization") / sums("gpus_up"),
)
_INSTALLED = Query(
    all_gpus("memory_total_bytes").sum(), "installed", in_graphite=sums("gpu_memory_total_bytes")
)
_USED = Query(
    all_gpus("memory_used_bytes").sum(), "allocated", in_graphite=sums("gpu_memory_used_bytes")
)
_USED_SHARE = Query(
    all_gpus("memory_used_bytes").sum() / all_gpus("memory_total_bytes").sum(),
    "allocated",
    in_graphite=sums("gpu_memory_used_bytes") / sums("gpu_memory_total_bytes"),
)
_WATTS = Query(all_gpus("power_watts").sum(), "drawn", in_graphite=sums("gpu_power_watts"))
_MAY_DRAW = Query(
    all_gpus("power_limit_watts").sum(), "allowed", in_graphite=sums("gpu_power_limit_watts")
)
_ABOUT_BUSY = "Something runs on so many of them; those that MIG has divided tell nothing of it."

STATS: tuple[Panel, ...] = (
    Stat(
        title="GPUs up",
        about="GPUs that answer, of all nodes that are up.",
        queries=(_UP,),
    ),
    Stat(
        title="GPUs down",
        about="GPUs that answered once and no longer do: fallen off the bus, or without driver.",
        queries=(_DOWN,),
        steps=thresholds.NONE_IS_GOOD,
    ),
    Stat(
        title="GPUs busy",
        about=f"Share of the GPUs that are up. {_ABOUT_BUSY}",
        queries=(_BUSY_SHARE,),
        unit="percentunit",
        decimals=0,
        steps=thresholds.PLAIN,
    ),
    Stat(
        title="GPU memory allocated",
        about="Share of the memory of all GPUs that is allocated.",
        queries=(_USED_SHARE,),
        unit="percentunit",
        decimals=0,
        steps=thresholds.PLAIN,
    ),
    Stat(
        title="GPU memory installed",
        about="Memory of all GPUs that are up.",
        queries=(_INSTALLED,),
        unit="bytes",
        steps=thresholds.PLAIN,
    ),
    Stat(
        title="GPU power now",
        about="What all GPUs draw, their memory included.",
        queries=(_WATTS,),
        unit="watt",
        steps=thresholds.PLAIN,
    ),
)

GRAPHS: tuple[Panel, ...] = (
    Graph(
        title="GPUs up and busy",
        about=f"GPUs that answer, those that no longer do, and how many are busy. {_ABOUT_BUSY}",
        queries=(_UP, _DOWN, _BUSY),
        low=0,
        width=8,
    ),
    Graph(
        title="Memory of all GPUs",
        about="Memory that is allocated, beside what is installed.",
        queries=(_USED, _INSTALLED),
        unit="bytes",
        low=0,
        width=8,
    ),
    Graph(
        title="Power of all GPUs",
        about="What GPUs draw with their memory, and what they are held to.",
        queries=(_WATTS, _MAY_DRAW),
        unit="watt",
        low=0,
        width=8,
    ),
)
