"""Alerts on nodes, agents, memory and file systems."""

from .alert import Alert, Condition
from .graphite_targets import each, each_change, each_rate, path

# The jobs whose targets are nodes, named as in examples/prometheus.yml. "node" is for a
# node_exporter that is already installed. Other jobs of the same Prometheus are not ours.
NODES = 'job=~"fructosa.*|node.*"'


def _by_host(vector: str) -> str:
    """Return a vector with the label host: lagent and node_exporter differ only in the port."""
    return f'label_replace({vector}, "host", "$1", "instance", "(.+?)(:[0-9]+)?")'


_UP = _by_host(f"up{{{NODES}}}")
# Nodes that are down as planned in Slurm, as lmaster's page /metrics/nodes says. Without it, none.
_NOT_EXPECTED = _by_host("fructosa_node_expected == 0")

_GRAPHITE_EXPECTED = f"groupByNodes({path('fructosa_node_expected')}, 'max', -2)"
_GRAPHITE_UP = f"groupByNodes({path('up', 1)}, 'max', -3)"


def _both(function: str, one: str, other: str) -> str:
    """Return for each node the *function* of two targets that are named by nodes."""
    return f"groupByNodes(group({one}, {other}), '{function}', -1)"


# 1 for a node that is up, or down as planned.
_GRAPHITE_FINE = _both("max", _GRAPHITE_UP, f"offset(scale({_GRAPHITE_EXPECTED}, -1), 1)")
_GRAPHITE_ALL = f"offset(scale({_GRAPHITE_UP}, 0), 1)"

_UTILIZATION = "fructosa_filesystem_utilization_ratio"
_USED = f"currentAbove({path(_UTILIZATION, 1)}, 0.7)"
_DAY_S = 86400

AVAILABILITY = (
    Alert(
        name="FructosaNodeDown",
        severity="warning",
        hold="5m",
        expr=f"""\
max by (cluster, host, instance) (
  {_UP}
) == 0
unless on (cluster, host)
{_UP} == 1
unless on (cluster, host)
{_NOT_EXPECTED}""",
        summary="{{ $labels.host }} is down",
        description="No target on {{ $labels.host }} has responded to a scrape for 5 minutes.",
        action="Check whether the node responds to ping and on its console. Drain it until it "
        "does.",
        why="Most reboots take less than five minutes. A single node that is down is only a "
        "warning; FructosaManyNodesDown is critical. A node that is down as planned in Slurm "
        "raises no alert: drained, set down by a person, in maintenance, rebooting, powered down.",
        graphite=Condition(query=_GRAPHITE_FINE, evaluator="lt", threshold=1),
    ),
    Alert(
        name="FructosaManyNodesDown",
        severity="critical",
        hold="2m",
        expr=f"""\
1 - avg by (cluster) (
  max by (cluster, host) (
    {_UP}
  )
  unless on (cluster, host)
  {_NOT_EXPECTED}
) > 0.1""",
        summary="{{ $value | humanizePercentage }} of the nodes are down",
        description="{{ $value | humanizePercentage }} of the nodes{{ with $labels.cluster }} of "
        "{{ . }}{{ end }} do not respond to scrapes.",
        action="Check what they share: a switch, the power supply of a rack, the network of the "
        "scraper.",
        why="Nodes fail independently. If a tenth of them fail at once, they share a cause. Nodes "
        "that are down as planned in Slurm do not count.",
        graphite=Condition(
            query="alias(divideSeries("
            f"sumSeries({_both('min', _GRAPHITE_UP, _GRAPHITE_EXPECTED)}), "
            f"sumSeries({_both('min', _GRAPHITE_ALL, _GRAPHITE_EXPECTED)})), "
            '"share of nodes that are up")',
            evaluator="lt",
            threshold=0.9,
        ),
    ),
    Alert(
        name="FructosaTargetDown",
        severity="warning",
        hold="10m",
        expr=f"""\
{_UP} == 0
and on (cluster, host)
{_UP} == 1""",
        summary="{{ $labels.instance }} is down, but its node is up",
        description="Scrapes of {{ $labels.instance }} (job {{ $labels.job }}) fail, but scrapes "
        "of another target on {{ $labels.host }} succeed. The agent does not run, or its page is "
        "rejected.",
        action="Find the reason with `lmaster ping` or on the targets page of Prometheus. Restart "
        "the agent.",
        why="Ten minutes allow for an update of the agent.",
        graphite=Condition(
            query=f"groupByNodes({path('up', 1)}, 'range', -3)",
        ),
    ),
    Alert(
        name="FructosaNodeRebooted",
        severity="warning",
        hold="0m",
        expr="""\
fructosa_boot_time_seconds - (fructosa_boot_time_seconds offset 1h) > 60
unless on (cluster, instance)
min_over_time(fructosa_node_expected[1h]) == 0""",
        summary="{{ $labels.instance }} was rebooted",
        description="{{ $labels.instance }} was up an hour ago, and has booted since.",
        action="If nobody intended this, check the console log and the event log (BMC) of that "
        "time.",
        why="Clock corrections change the boot time by some seconds, but never by a minute. The "
        "alert ends after an hour. It does not fire for a node that was already down an hour ago: "
        "that node counts as serviced. The same holds for one that Slurm did not expect to be up "
        "within the hour.",
        graphite=Condition(
            query=_both(
                "sum",
                each_change("fructosa_boot_time_seconds"),
                f"scale(offset({_GRAPHITE_EXPECTED}, -1), 1000000000000)",
            ),
            reducer="sum",
            threshold=60,
            window="1h",
        ),
    ),
)

SENSORS = (
    Alert(
        name="FructosaSensorFailing",
        severity="warning",
        hold="15m",
        expr="fructosa_sensor_success == 0 unless fructosa_sensor_age_seconds > 1800",
        summary="Sensor {{ $labels.sensor }} fails on {{ $labels.instance }}",
        description="Sensor {{ $labels.sensor }} of {{ $labels.instance }} returns no reading. "
        "Its metrics are missing.",
        action="The agent's log and its page `/` show the reason. `lagent read` runs the sensor "
        "by hand.",
        why="A sensor for hardware that the node does not have does not fail. 15 minutes cover a "
        "reading that was slow once.",
        graphite=Condition(query=each("fructosa_sensor_success", 1), evaluator="lt", threshold=1),
    ),
    Alert(
        name="FructosaSensorStuck",
        severity="warning",
        hold="5m",
        expr="fructosa_sensor_age_seconds > 1800",
        summary="Sensor {{ $labels.sensor }} hangs on {{ $labels.instance }}",
        description="The last reading of sensor {{ $labels.sensor }} of {{ $labels.instance }} is "
        "{{ $value | humanizeDuration }} old.",
        action="Something that the sensor reads hangs, often a file server or a driver. Check the "
        "kernel log.",
        why="By default, a sensor is read at least once a minute. If `time_interval` is half an "
        "hour or more, the threshold must be higher.",
        graphite=Condition(query=each("fructosa_sensor_age_seconds", 1), threshold=1800),
    ),
)

MEMORY = (
    Alert(
        name="FructosaMemoryAlmostFull",
        severity="warning",
        hold="15m",
        expr="fructosa_memory_utilization_ratio > 0.97",
        summary="Memory of {{ $labels.instance }} is {{ $value | humanizePercentage }} full",
        description="{{ $value | humanizePercentage }} of the memory of {{ $labels.instance }} is "
        "not available without swapping. The kernel may soon kill processes.",
        action="Find the job that uses the memory, and check whether it requested that much.",
        why="Jobs may well use 90 %. Cached memory counts as available, so at 97 % little is left. "
        "Memory that is reserved as huge pages does not count, neither as used nor as a part of "
        "the whole: `fructosa_memory_hugepages_total_bytes` has it.",
        graphite=Condition(query=each("fructosa_memory_utilization_ratio"), threshold=0.97),
    ),
    Alert(
        name="FructosaSwapping",
        severity="warning",
        hold="15m",
        expr="rate(fructosa_swap_in_bytes_total[5m]) > 1e6",
        summary="{{ $labels.instance }} swaps in {{ $value | humanize }}B/s",
        description="{{ $labels.instance }} has read {{ $value | humanize }}B/s back from swap "
        "space for 15 minutes. Its programs wait for their memory.",
        action="Find the job that uses more memory than there is.",
        why="Swapping out may be harmless. But if 1 MB/s is swapped in all the time, programs "
        "wait for it.",
        graphite=Condition(
            query=each_rate("fructosa_swap_in_bytes_total"), reducer="avg", threshold=1e6
        ),
    ),
)

DISKS = (
    Alert(
        name="FructosaFilesystemFilling",
        severity="warning",
        hold="1h",
        expr=f"""\
predict_linear({_UTILIZATION}[6h], {_DAY_S}) > 1
and {_UTILIZATION} > 0.7""",
        summary="{{ $labels.mountpoint }} of {{ $labels.instance }} will be full within a day",
        description="If {{ $labels.mountpoint }} of {{ $labels.instance }} keeps filling as it "
        "did for the last 6 hours, {{ $value | humanizePercentage }} of its space will be needed "
        "in a day.",
        action="Find what grows (`du -x`). Clean up, or ask its owner to do so.",
        why="A day leaves time to act during working hours. Below 70 %, a job may just be writing "
        "its results.",
        graphite=Condition(
            query=f"groupByNodes(group({_USED}, "
            f"scaleToSeconds(derivative(keepLastValue({_USED})), {_DAY_S})), 'sum', -3, -1)",
            reducer="avg",
            threshold=1,
            window="6h",
        ),
    ),
    Alert(
        name="FructosaFilesystemFull",
        severity="critical",
        hold="15m",
        expr=f"{_UTILIZATION} > 0.95",
        summary="{{ $labels.mountpoint }} of {{ $labels.instance }} is "
        "{{ $value | humanizePercentage }} full",
        description="{{ $value | humanizePercentage }} of {{ $labels.mountpoint }} on "
        "{{ $labels.instance }} is in use. Programs will soon fail to write.",
        action="Find what is large (`du -x`), and clean up. Drain the node if its jobs fail.",
        why="Most programs and file systems still work well at 95 %.",
        graphite=Condition(query=each(_UTILIZATION, 1), threshold=0.95),
    ),
    Alert(
        name="FructosaFilesystemHung",
        severity="critical",
        hold="5m",
        expr="fructosa_filesystem_error == 1",
        summary="{{ $labels.mountpoint }} of {{ $labels.instance }} does not respond",
        description="{{ $labels.mountpoint }} of {{ $labels.instance }} hangs or cannot be "
        "measured. Programs that use it may wait forever.",
        action="Check whether its server is up and reachable. If it is, remount the file system.",
        why="A busy server responds within minutes. (Remote file systems need `remote = yes`.)",
        graphite=Condition(query=each("fructosa_filesystem_error", 1)),
    ),
    Alert(
        name="FructosaFilesystemReadOnly",
        severity="critical",
        hold="5m",
        expr="""\
fructosa_disk_partition_read_only == 1
and (fructosa_disk_partition_read_only offset 1d) == 0""",
        summary="{{ $labels.mountpoint }} of {{ $labels.instance }} has become read-only",
        description="{{ $labels.mountpoint }} ({{ $labels.device }}) of {{ $labels.instance }} is "
        "read-only, and was not a day ago. The kernel does this after disk errors.",
        action="Check the kernel log. Drain the node, and have the disk checked.",
        why="A file system that is meant to be read-only was read-only a day ago. The alert ends "
        "after a day.",
        graphite=Condition(
            query="filterSeries("
            + each("fructosa_disk_partition_read_only", 2)
            + ", 'min', '<', 1)",
            window="1d",
        ),
    ),
)
