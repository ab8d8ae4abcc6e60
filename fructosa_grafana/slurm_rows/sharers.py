"""Who uses the cluster: accounts, users and QOS, if ``labels`` in [slurm] names them."""

from collections.abc import Iterator

from ..panels.dashboard import COLLAPSED, Row
from ..panels.panel import Graph, Panel, Query
from ..queries.expressions import ANY, Expr
from .series import each

_NAMES = {"account": "account", "user": "user", "qos": "QOS"}


def _panels(label: str, name: str) -> Iterator[Panel]:
    jobs = each(f"{label}_jobs", **dict.fromkeys(sorted((label, "state")), ANY))
    yield _top(f"Jobs by {name}", "pending and running jobs", jobs, f"{{{label}}} {{state}}")
    for what, metric in (("CPUs", f"{label}_cpus"), ("GPUs", f"{label}_gpus")):
        of_running = each(metric, **{label: ANY})
        yield _top(f"{what} by {name}", f"{what} of running jobs", of_running, f"{{{label}}}")


def _top(title: str, what: str, expr: Expr, legend: str) -> Graph:
    return Graph(
        title=title,
        description=f"The ten largest numbers of {what}.",
        queries=(Query(expr.top(10), legend),),
        minimum=0,
        width=8,
    )


SHARERS = Row(
    "Accounts, users and QOS",
    tuple(panel for label, name in _NAMES.items() for panel in _panels(label, name)),
    collapsed_in=COLLAPSED,
)
