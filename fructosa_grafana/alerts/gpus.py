"""Alerts on GPUs: lost, faulty, too hot or throttled."""

from ..queries.graphite import percent
from .alert import Alert, Condition
from .graphite_targets import each, named, path

_GPU = "(cluster, group, job, instance, gpu, uuid)"
_XIDS = "fructosa_gpu_xid_errors_total"
# Xids after which the GPU, its memory or its firmware can no longer be trusted, and Xids that a
# program causes, or that follow from another Xid.
_FATAL = ("48", "62", "64", "74", "79", "95", "119", "120", "140", "143")
_HARMLESS = ("13", "31", "32", "43", "45", "68", "69", "109", "137")
_HEAT = "fructosa_gpu_temperature"
_MARGIN = f"{_HEAT}_margin_celsius"
_EVENT = "fructosa_gpu_clocks_event"
_LANES = "fructosa_gpu_pcie_link_lanes"
_ECC = "fructosa_gpu_ecc_errors_total"


def _new_xids(matcher: str) -> str:
    """Return a query for the Xids of the last hour, including those whose series is new."""
    series = f"{_XIDS}{{{matcher}}}"
    return (
        f"increase({series}[1h]) > 0\n"
        f"or ({series} unless {series} offset 1h)\n"
        f"and on {_GPU} increase(fructosa_gpu_xids_total[1h]) > 0"
    )


def _steps(query: str) -> str:
    """Return a target for the steps of Xid counters; the first value of a counter is a step too."""
    return named(f"nonNegativeDerivative(transformNull(keepLastValue({query}), 0))", 3)


def _by_gpu(query: str, labels: int) -> str:
    """Return a target with one series per node, GPU and UUID; *labels* is the number of labels."""
    parts = ", ".join(map(str, (-labels - 2, -labels, -labels + 1)))
    return f"groupByNodes({query}, 'sum', {parts})"


def _percent(query: str, labels: int, of: str, of_labels: int) -> str:
    """Return a target for values of a GPU as percentages of others, if both exist."""
    both = percent(_by_gpu(query, labels), _by_gpu(of, of_labels), 3)
    return f"aliasByNode({both}, 0, 1, 2)"


_OF_SLOWDOWN = _percent(
    path(f"{_HEAT}_celsius", 2), 2, path(f"{_HEAT}_threshold_celsius", 2) + ".slowdown", 3
)
_OF_HUNDRED = named(f"offset(scale({path(_MARGIN, 2)}, -1), 100)", 2)
_NEW_COUNTS = "In Graphite, a count that reappears after an outage counts as new."

GPUS = (
    Alert(
        name="FructosaGPULost",
        severity="critical",
        hold="5m",
        expr="fructosa_gpu_up == 0",
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} is lost",
        description="GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of {{ $labels.instance }} "
        "responded earlier and no longer does. It fell off the bus, or its driver is gone.",
        action="Drain the node, look for Xids in `dmesg`, and try a restart. If the GPU is lost "
        "again, its slot, riser, power supply or board is bad.",
        why="A driver that is reloaded is back within a minute.",
        graphite=Condition(query=each("fructosa_gpu_up", 2), evaluator="lt", threshold=1),
    ),
    Alert(
        name="FructosaGPUXidFatal",
        severity="critical",
        hold="0m",
        expr=_new_xids(f'xid=~"{"|".join(_FATAL)}"'),
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} had Xid {{ $labels.xid }}",
        description="The driver of {{ $labels.instance }} has reported Xid {{ $labels.xid }} of "
        "GPU {{ $labels.gpu }} ({{ $labels.uuid }}) in the last hour. 79: fell off the bus. 48, "
        "95, 140: uncorrected memory errors. 64: a row could not be remapped. 74: NVLink. 62, "
        "119, 120, 143: its firmware has stopped.",
        action="Drain the node, save the output of `dmesg` and `nvidia-bug-report.sh`, then reset "
        "the GPU or restart the node. If the GPU has the error again, replace it.",
        why="A single one is enough: jobs on the GPU are lost, or their results are wrong. The "
        f"alert ends after an hour. {_NEW_COUNTS}",
        graphite=Condition(
            query=_steps(f"{path(_XIDS, 2)}.{{{','.join(_FATAL)}}}"), reducer="sum", window="1h"
        ),
    ),
    Alert(
        name="FructosaGPUXid",
        severity="warning",
        hold="0m",
        expr=_new_xids(f'xid!~"{"|".join((*_FATAL, *_HARMLESS))}"'),
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} had Xid {{ $labels.xid }}",
        description="The driver of {{ $labels.instance }} has reported Xid {{ $labels.xid }} of "
        "GPU {{ $labels.gpu }} ({{ $labels.uuid }}) in the last hour. 63: a row will be remapped "
        "at the next reset. 92: many corrected errors. 94: an error that affected only one "
        "program.",
        action="Check `dmesg`, and look up the number in NVIDIA's list of Xids. Reset the GPU "
        "when it is free.",
        why=f"All Xids that FructosaGPUXidFatal does not cover, except {', '.join(_HARMLESS[:-1])} "
        f"and {_HARMLESS[-1]}: these are usually caused by a program, or follow from another Xid. "
        f"There is a panel for them, but no alert. {_NEW_COUNTS}",
        graphite=Condition(
            query=_steps(f"exclude({path(_XIDS, 3)}, '\\.({'|'.join((*_FATAL, *_HARMLESS))})$')"),
            reducer="sum",
            window="1h",
        ),
    ),
    Alert(
        name="FructosaGPUMemoryUncorrected",
        severity="critical",
        hold="0m",
        expr=f'increase({_ECC}{{kind="uncorrected"}}[1h]) > 0',
        summary="Memory of GPU {{ $labels.gpu }} of {{ $labels.instance }} had uncorrected errors",
        description="GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of {{ $labels.instance }} has "
        "counted memory errors that it could not correct. The programs on it were terminated.",
        action="Drain the node and reset the GPU, so that the row is remapped or the page "
        "retired. If it happens again, or if no row can be remapped any more, have the GPU "
        "replaced.",
        why="A single error is too many. Only new errors count, so the alert ends after an hour.",
        graphite=Condition(
            query=named(f"nonNegativeDerivative(keepLastValue({path(_ECC, 2)}.uncorrected))", 3),
            reducer="sum",
            window="1h",
        ),
    ),
    Alert(
        name="FructosaGPURemapFailed",
        severity="critical",
        hold="0m",
        expr="fructosa_gpu_remapped_rows_failed > 0",
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} has no spare rows left",
        description="A memory row of GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of "
        "{{ $labels.instance }} is faulty, and there is no spare row to replace it.",
        action="Drain the node and have the GPU replaced. NVIDIA accepts this as a reason.",
        why="It does not go away, and the next error is certain.",
        graphite=Condition(query=each("fructosa_gpu_remapped_rows_failed", 2)),
    ),
    Alert(
        name="FructosaGPURemapPending",
        severity="warning",
        hold="15m",
        expr="fructosa_gpu_remapped_rows_pending > 0\nor fructosa_gpu_retired_pages_pending > 0",
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} has to be reset",
        description="Memory of GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of "
        "{{ $labels.instance }} had errors, and will be taken out of use when the GPU is reset.",
        action="Start no more jobs on the node. When it is free, reset the GPU (`nvidia-smi -r`) "
        "or restart the node.",
        why="Until then, the faulty memory is in use, or the GPU runs with less memory.",
        graphite=Condition(query=each("fructosa_gpu_{remapped_rows,retired_pages}_pending", 2)),
    ),
    Alert(
        name="FructosaGPURecovery",
        severity="warning",
        hold="5m",
        expr="fructosa_gpu_recovery_action > 0",
        summary="The driver of {{ $labels.instance }} requests recovery of GPU {{ $labels.gpu }}",
        description="For GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of {{ $labels.instance }}, "
        "the driver requests action {{ $value }}. 1: reset the GPU. 2: restart the node. 3: drain "
        "the GPU's peers. 4: drain and reset the GPU.",
        action="Drain the node, and do what the driver requests.",
        why="The driver knows of an error that it cannot repair by itself.",
        graphite=Condition(query=each("fructosa_gpu_recovery_action", 2)),
    ),
    Alert(
        name="FructosaGPUHot",
        severity="critical",
        hold="2m",
        expr=f"""\
{_MARGIN} < 3
or {_HEAT}_threshold_celsius{{threshold="slowdown"}}
- ignoring (threshold) {_HEAT}_celsius < 3""",
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} is too hot",
        description="GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of {{ $labels.instance }} will "
        "slow down if it gets {{ $value | humanize }} degrees hotter.",
        action="Check fans, dust, and the blanks of empty slots. If neighbors are hot as well, "
        "check the cooling of the room, or the flow of the liquid.",
        why="The threshold is three degrees below the GPU's own limit. GPUs under load are about "
        "ten degrees below the limit. In Graphite, the threshold is 97 % of the limit.",
        graphite=Condition(
            query=f"groupByNodes(group({_OF_SLOWDOWN}, {_OF_HUNDRED}), 'max', 0, 1, 2)",
            threshold=97,
        ),
    ),
    Alert(
        name="FructosaGPUThrottled",
        severity="warning",
        hold="5m",
        expr=f"""\
avg_over_time({_EVENT}{{reason=~"hw_thermal|hw_power_brake"}}[10m]) > 0.2
or ignoring (reason) avg_over_time({_EVENT}{{reason="hw_slowdown"}}[10m]) > 0.2""",
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} is throttled",
        description="{{ $labels.reason }} has slowed down GPU {{ $labels.gpu }} "
        "({{ $labels.uuid }}) of {{ $labels.instance }} for {{ $value | humanizePercentage }} of "
        "the last 10 minutes.",
        action="For hw_thermal, check the cooling. hw_power_brake means that a power supply is "
        "overloaded or lost. hw_slowdown alone may be either, or a power cable.",
        why="The hardware does this to protect itself, and halves the clocks or worse. All other "
        "GPUs of the job wait. Short moments do not count, nor does the driver's own power cap.",
        graphite=Condition(
            query=named(f"{path(_EVENT, 2)}.{{hw_slowdown,hw_thermal,hw_power_brake}}", 3),
            reducer="avg",
            threshold=0.2,
        ),
    ),
    Alert(
        name="FructosaGPUPcieNarrow",
        severity="warning",
        hold="30m",
        expr=f"{_LANES} < {_LANES}_max",
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} has only {{ $value }} PCIe lanes",
        description="GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of {{ $labels.instance }} has "
        "{{ $value }} PCIe lanes, fewer than GPU and slot support. Copies to and from it are "
        "slow.",
        action="Reseat the GPU or its riser. Check `lspci -vv` (LnkSta), and the bifurcation in "
        "the BIOS.",
        why="Unlike the generation, lanes are not reduced to save power. If a GPU always has "
        "fewer lanes than it could, add a silence.",
        graphite=Condition(
            query=_percent(path(_LANES, 2), 2, path(f"{_LANES}_max", 2), 2),
            evaluator="lt",
            threshold=100,
        ),
    ),
    Alert(
        name="FructosaGPUNVLinkDown",
        severity="warning",
        hold="10m",
        expr="fructosa_gpu_nvlink_up == 0 and (fructosa_gpu_nvlink_up offset 1d) == 1",
        summary="NVLink {{ $labels.link }} of GPU {{ $labels.gpu }} of {{ $labels.instance }} is "
        "down",
        description="Link {{ $labels.link }} of GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of "
        "{{ $labels.instance }} is down, and was up a day ago.",
        action="Drain the node. Check `nvidia-smi nvlink -s` and Fabric Manager, then restart the "
        "node.",
        why="It is down, and was up a day ago: a link that was never used raises no alert.",
        graphite=Condition(
            query="filterSeries(" + each("fructosa_gpu_nvlink_up", 3) + ", 'max', '>', 0)",
            evaluator="lt",
            threshold=1,
            window="1d",
        ),
    ),
)
