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
_SOME_XIDS = "A count that comes back after an outage counts as new in Graphite."

GPUS = (
    Alert(
        name="FructosaGPULost",
        severity="critical",
        hold="5m",
        expr="fructosa_gpu_up == 0",
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} is lost",
        description="GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of {{ $labels.instance }} answered "
        "once and does no longer: it fell off the bus, or its driver is gone.",
        action="Drain the node; see `dmesg` for Xids, and try a restart. One that is lost again "
        "has a bad slot, riser, power or board.",
        why="A driver that is loaded anew is back in a minute.",
        graphite=Condition(query=each("fructosa_gpu_up", 2), evaluator="lt", threshold=1),
    ),
    Alert(
        name="FructosaGPUXidFatal",
        severity="critical",
        hold="0m",
        expr=_new_xids(f'xid=~"{"|".join(_FATAL)}"'),
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} had Xid {{ $labels.xid }}",
        description="The driver of {{ $labels.instance }} has reported Xid {{ $labels.xid }} of "
        "GPU {{ $labels.gpu }} ({{ $labels.uuid }}) in the last hour. 79: fell off the bus; 48, "
        "95, 140: memory errors that were not corrected; 64: no row could be remapped; 74: NVLink; "
        "62, 119, 120, 143: its firmware stands still.",
        action="Drain the node, save `dmesg` and `nvidia-bug-report.sh`, then reset the GPU or "
        "restart the node. One that has it again is to be replaced.",
        why=f"One is enough: jobs on it are lost, or wrong. It ends after an hour. {_SOME_XIDS}",
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
        "GPU {{ $labels.gpu }} ({{ $labels.uuid }}) in the last hour. 63: a row is remapped at the "
        "next reset; 92: many errors corrected; 94: an error that cost one program alone.",
        action="See `dmesg`, and NVIDIA's list of Xids for its number; reset the GPU when it is "
        "free.",
        why=f"Those that FructosaGPUXidFatal does not tell. {', '.join(_HARMLESS[:-1])} and "
        f"{_HARMLESS[-1]} are usually a program's fault, or follow from another: for them "
        f"there is no alert, but a panel. {_SOME_XIDS}",
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
        summary="Memory of GPU {{ $labels.gpu }} of {{ $labels.instance }} had errors",
        description="GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of {{ $labels.instance }} has "
        "counted errors of memory that it could not correct: the programs on it were ended.",
        action="Drain the node and reset the GPU, so that the row is remapped or the page retired. "
        "If it comes again, or nothing can be remapped any more, have the GPU replaced.",
        why="One is too many. Only new ones count, so it ends after an hour.",
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
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} has no spare rows any more",
        description="A row of the memory of GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of "
        "{{ $labels.instance }} is faulty, and there is no spare one to take its place.",
        action="Drain the node and have the GPU replaced; NVIDIA takes this for a reason.",
        why="It does not go away, and the next error is certain.",
        graphite=Condition(query=each("fructosa_gpu_remapped_rows_failed", 2)),
    ),
    Alert(
        name="FructosaGPURemapPending",
        severity="warning",
        hold="15m",
        expr="fructosa_gpu_remapped_rows_pending > 0\nor fructosa_gpu_retired_pages_pending > 0",
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} has to be reset",
        description="Memory of GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of {{ $labels.instance "
        "}} had errors, and is taken out of use when the GPU is reset.",
        action="Let no further job onto the node, and reset the GPU (`nvidia-smi -r`) or restart "
        "the node when it is free.",
        why="Until then the faulty memory is in use, or the GPU runs with less of it.",
        graphite=Condition(query=each("fructosa_gpu_{remapped_rows,retired_pages}_pending", 2)),
    ),
    Alert(
        name="FructosaGPURecovery",
        severity="warning",
        hold="5m",
        expr="fructosa_gpu_recovery_action > 0",
        summary="The driver of {{ $labels.instance }} asks for action on GPU {{ $labels.gpu }}",
        description="For GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of {{ $labels.instance }} it "
        "asks for {{ $value }}: 1 to reset the GPU, 2 to restart the node, 3 to drain the GPU's "
        "peers, 4 to drain and reset it.",
        action="Drain the node and do it.",
        why="The driver knows of an error that it can't mend by itself.",
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
        description="GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of {{ $labels.instance }} slows "
        "down in {{ $value | humanize }} degrees.",
        action="See fans, dust and the blanks of empty slots; if neighbours are hot as well, the "
        "room's cooling, or the liquid's flow.",
        why="The limit is the GPU's own, less three degrees; GPUs that work hard are some ten "
        "below it. In Graphite above 97 % of it.",
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
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} is slowed down",
        description="{{ $labels.reason }} has slowed GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of "
        "{{ $labels.instance }} down for {{ $value | humanizePercentage }} of the last 10 minutes.",
        action="For hw_thermal see the cooling; hw_power_brake is a power supply that is "
        "overloaded or lost; hw_slowdown alone may be either, or a power cable.",
        why="The hardware does it to save itself, and halves the clocks or worse; all other GPUs "
        "of the job wait. Single moments are none of it, nor is the driver's own cap of power.",
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
        summary="GPU {{ $labels.gpu }} of {{ $labels.instance }} has {{ $value }} PCIe lanes alone",
        description="GPU {{ $labels.gpu }} ({{ $labels.uuid }}) of {{ $labels.instance }} has {{ "
        "$value }} PCIe lanes, fewer than GPU and slot can have: copies to and from it are slow.",
        action="Plug the GPU or its riser anew; see `lspci -vv` (LnkSta), and the BIOS's "
        "bifurcation.",
        why="Lanes, other than the generation, are not lowered to save power. GPUs that always "
        "have fewer than they could need a silence.",
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
        action="Drain the node; see `nvidia-smi nvlink -s` and Fabric Manager, then restart the "
        "node.",
        why="It is up no more, though it was a day ago: a link that was never used is none of it.",
        graphite=Condition(
            query="filterSeries(" + each("fructosa_gpu_nvlink_up", 3) + ", 'max', '>', 0)",
            evaluator="lt",
            threshold=1,
            window="1d",
        ),
    ),
)
