"""Recording rules: the sums of a cluster, so that its dashboards ask for few series."""

from dataclasses import dataclass

from ..queries.expressions import DISKS, RAPL_WHOLE, WIRES
from .nodes import NODES

LEVEL = ("cluster", "group", "job")
"""What the sums are apart by; where a label is absent, Prometheus takes it for empty."""


@dataclass(frozen=True)
class Recording:
    """A rule: what it is called, what it is, and a sentence on it."""

    record: str
    expr: str
    text: str


def _by(how: str, of: str, *more: str) -> str:
    return f"{how} by ({', '.join([*LEVEL, *more])}) ({of})"


def _rate(metric: str, text: str, matcher: str = "") -> Recording:
    """Return the rule of a counter: the sum of rates, called as the metric without _total."""
    name = metric.removesuffix("_total")
    return Recording(f"group:{name}:rate5m", _by("sum", f"rate({metric}{matcher}[5m])"), text)


def _sum(metric: str, text: str, *more: str) -> Recording:
    return Recording(f"group:{metric}:sum", _by("sum", metric, *more), text)


_WIRES = f'{{interface=~"{WIRES.regex}"}}'
_DISKS = f'{{device=~"{DISKS.regex}"}}'
_WHOLE = f'{{name=~"{RAPL_WHOLE.regex}"}}'

RECORDINGS = (
    Recording("group:up:sum", _by("sum", f"up{{{NODES}}}"), "Targets that are up."),
    Recording("group:up:count", _by("count", f"up{{{NODES}}}"), "All targets."),
    _sum("fructosa_cpu_threads", "Hardware threads."),
    _sum("fructosa_load_average", "Load, by the minutes it is averaged over.", "minutes"),
    _sum("fructosa_memory_total_bytes", "Installed memory."),
    _sum("fructosa_memory_available_bytes", "Memory that is usable without swapping."),
    _rate("fructosa_network_receive_bytes_total", "Bytes a second received.", _WIRES),
    _rate("fructosa_network_transmit_bytes_total", "Bytes a second sent.", _WIRES),
    _rate("fructosa_disk_read_bytes_total", "Bytes a second read from whole disks.", _DISKS),
    _rate("fructosa_disk_written_bytes_total", "Bytes a second written to whole disks.", _DISKS),
    _rate("fructosa_energy_joules_total", "Watts of processor packages and memory.", _WHOLE),
    _sum("fructosa_gpu_up", "GPUs that answer."),
    Recording(
        "group:fructosa_gpu_up:count",
        _by("count", "fructosa_gpu_up"),
        "GPUs that answer or once did.",
    ),
    _sum("fructosa_gpu_utilization_ratio", "How many GPUs are busy."),
    _sum("fructosa_gpu_memory_total_bytes", "Memory of GPUs."),
    _sum("fructosa_gpu_memory_used_bytes", "Memory that is allocated on GPUs."),
    _sum("fructosa_gpu_power_watts", "What GPUs draw."),
)
