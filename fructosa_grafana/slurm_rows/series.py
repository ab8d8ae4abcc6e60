"""Series of Slurm, each once: both lmasters of a hot pair report the same to Prometheus."""

from ..panels.panel import Query
from ..queries.expressions import ANY, Aggregate, Value, slurm
from ..queries.slurm_states import one_of

LAST = "5m"
"""What panels of the present state ask for: a state that no node is in any more has no value."""

# Uses of CPUs, memory and GPUs of nodes that take jobs.
_USABLE = one_of("allocated", "idle")


def each(metric: str, **labels: Value) -> Aggregate:
    """Return the series of a gauge; name all of its labels."""
    series = slurm(metric, **labels)
    return series.max(*series.keys)


def each_rate(metric: str, **labels: Value) -> Aggregate:
    """Return the increase per second of each series of a counter."""
    series = slurm(metric, **labels)
    return series.rate().max(*series.keys)


def allocated(metric: str, legend: str, *by: str, **more: Value) -> Query:
    """Return the allocated share of CPUs, memory or GPUs of nodes that take jobs or run some.

    There is one for each value of the labels *by*; *more* are the labels after the state.
    """
    first = dict.fromkeys(by, ANY)
    used, usable = (each(metric, **first, state=state, **more) for state in ("allocated", _USABLE))
    return Query(used.sum(*by) / usable.sum(*by), legend)
