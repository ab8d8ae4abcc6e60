"""The page of Slurm's jobs, in the text format. Pure.

Other than on the page of metrics, hardly any series is the same on the next page.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from fructosa_exporter.metrics import Metric
from fructosa_exporter.slurm.lives import JobEntry
from fructosa_exporter.slurm.series import (
    OF_JOB,
    OF_NODE,
    JobsState,
    labels_of,
    values_of_job,
    values_of_node,
)
from fructosa_exporter.slurm_totals.node_series import (
    NOT_READ,
    OF_MACHINE,
    MachineTotals,
    values_of_machine,
)

from .exposition import head, label_value

_HEADS = {metric: head(metric) for metric in (*OF_NODE, *OF_MACHINE, *OF_JOB)}


def jobs_page(
    state: JobsState,
    entries: Iterable[JobEntry],
    now_s: float,
    machine: MachineTotals = NOT_READ,
) -> str:
    """Return the page of a node and its jobs; labels without a value are left out."""
    lines: dict[Metric, list[str]] = {metric: [] for metric in _HEADS}
    for metric, labels, value in chain(values_of_node(state), values_of_machine(machine)):
        lines[metric].append(f"{metric.name}{_labels(metric.labels, labels)} {value}\n")
    for entry in entries:
        of_job = labels_of(entry)
        text = _labels(OF_JOB[0].labels, of_job)
        for metric, more, value in values_of_job(entry, now_s):
            shown = _labels(metric.labels, (*of_job, *more)) if more else text
            lines[metric].append(f"{metric.name}{shown} {value}\n")
    return "".join(_HEADS[metric] + "".join(found) for metric, found in lines.items() if found)


@lru_cache(maxsize=4096)  # those of the node and of running jobs are the same on the next page
def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    pairs = zip(names, values, strict=True)
    text = ",".join(f'{name}="{label_value(value)}"' for name, value in pairs if value)
    return f"{{{text}}}" if text else ""
