"""Recording rules: totals of a cluster, so that dashboards query few series."""

from dataclasses import dataclass

from fructosa_service.device_names import DISKS, NETWORK_INTERFACES, RAPL_ZONES

from .nodes import NODES

LEVEL = ("cluster", "group", "job")
"""The labels that totals are grouped by; Prometheus treats a missing label as empty."""


@dataclass(frozen=True)
class RecordingRule:
    """A recording rule, with a sentence that describes it."""

    record: str
    expr: str
    text: str


def _aggregated(function: str, expr: str, *labels: str) -> str:
    return f"{function} by ({', '.join([*LEVEL, *labels])}) ({expr})"


def _rate(metric: str, text: str, matcher: str = "") -> RecordingRule:
    """Return the rule for the sum of a counter's rates, named after the metric without _total."""
    name = metric.removesuffix("_total")
    return RecordingRule(
        f"group:{name}:rate5m", _aggregated("sum", f"rate({metric}{matcher}[5m])"), text
    )


def _sum(metric: str, text: str, *labels: str) -> RecordingRule:
    return RecordingRule(f"group:{metric}:sum", _aggregated("sum", metric, *labels), text)


_INTERFACES = f'{{interface=~"{NETWORK_INTERFACES.regex}"}}'
_DISKS = f'{{device=~"{DISKS.regex}"}}'
_ZONES = f'{{name=~"{RAPL_ZONES.regex}"}}'

RECORDING_RULES = (
    RecordingRule("group:up:sum", _aggregated("sum", f"up{{{NODES}}}"), "Targets that are up."),
    RecordingRule("group:up:count", _aggregated("count", f"up{{{NODES}}}"), "All targets."),
    _sum("fructosa_cpu_threads", "Hardware threads."),
    _sum("fructosa_load_average", "Load average, by the minutes it covers.", "minutes"),
    _sum("fructosa_memory_total_bytes", "Installed memory."),
    _sum("fructosa_memory_available_bytes", "Memory available without swapping."),
    _rate("fructosa_network_receive_bytes_total", "Received bytes per second.", _INTERFACES),
    _rate("fructosa_network_transmit_bytes_total", "Sent bytes per second.", _INTERFACES),
    _rate("fructosa_disk_read_bytes_total", "Bytes per second read from whole disks.", _DISKS),
    _rate("fructosa_disk_written_bytes_total", "Bytes per second written to whole disks.", _DISKS),
    _rate(
        "fructosa_energy_joules_total",
        "Power draw of processor packages and memory, in watts.",
        _ZONES,
    ),
    _sum("fructosa_gpu_up", "GPUs that respond."),
    RecordingRule(
        "group:fructosa_gpu_up:count",
        _aggregated("count", "fructosa_gpu_up"),
        "GPUs that respond, or responded earlier.",
    ),
    _sum("fructosa_gpu_utilization_ratio", "Number of busy GPUs."),
    _sum("fructosa_gpu_memory_total_bytes", "Installed GPU memory."),
    _sum("fructosa_gpu_memory_used_bytes", "Allocated GPU memory."),
    _sum("fructosa_gpu_power_watts", "Power draw of GPUs, in watts."),
)
