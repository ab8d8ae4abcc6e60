"""Alerts on nodes, agents, memory and file systems."""

from .alert import Alert, Condition
from .graphite_targets import each, each_change, each_rate, path

# The jobs whose targets are nodes, named as in examples/prometheus.yml. "node" is for a
# node_exporter that is already installed. Other jobs of the same Prometheus are not ours.
NODES = 'job=~"fructosa.*|node.*"'

# A node is the host of its targets: lagent and node_exporter differ only in the port.
_UP = f'label_replace(up{{{NODES}}}, "host", "$1", "instance", "(.+?)(:[0-9]+)?")'
_GRAPHITE_NODE_UP = f"groupByNodes({path('up', 1)}, 'max', -3)"
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
{_UP} == 1""",
        summary="{{ $labels.host }} is down",
        description="Nothing on {{ $labels.host }} has answered a scrape for 5 minutes.",
        action="See whether it answers ping and its console; drain it until it does.",
        why="Five minutes are longer than most reboots. One node of many wakes nobody: "
        "FructosaManyNodesDown does.",
        graphite=Condition(query=_GRAPHITE_NODE_UP, evaluator="lt", threshold=1),
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
) > 0.1""",
        summary="{{ $value | humanizePercentage }} of the nodes are down",
        description="{{ $value | humanizePercentage }} of the nodes"
        "{{ with $labels.cluster }} of {{ . }}{{ end }} answer no scrape.",
        action="Look at what they share: a switch, a rack's power, the network of the scraper.",
        why="Single nodes fail independently; a tenth of them at once has one cause.",
        graphite=Condition(
            query=f'alias(averageSeries({_GRAPHITE_NODE_UP}), "share of nodes that are up")',
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
        summary="{{ $labels.instance }} answers no scrape, though its node does",
        description="The scrape of {{ $labels.instance }} (job {{ $labels.job }}) fails, while "
        "another one of {{ $labels.host }} works: the agent is gone, or its page is refused.",
        action="`lmaster ping` or Prometheus' page of targets says why; start the agent again.",
        why="Ten minutes leave time for an update of the agent.",
        graphite=Condition(
            query=f"groupByNodes({path('up', 1)}, 'range', -3)",
        ),
    ),
    Alert(
        name="FructosaNodeRebooted",
        severity="warning",
        hold="0m",
        expr="fructosa_boot_time_seconds - (fructosa_boot_time_seconds offset 1h) > 60",
        summary="{{ $labels.instance }} was rebooted",
        description="{{ $labels.instance }} was up an hour ago, and has been booted since.",
        action="If nobody meant to, read its console and its event log (BMC) of that time.",
        why="Corrections of the clock move the time of boot by some seconds, never by a minute. "
        "It ends by itself after an hour. A node that was down an hour ago counts as serviced.",
        graphite=Condition(
            query=each_change("fructosa_boot_time_seconds"),
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
        description="Sensor {{ $labels.sensor }} of {{ $labels.instance }} gives no reading; its "
        "metrics are missing.",
        action="The agent's log and its page `/` say why; `lagent read` tries it by hand.",
        why="What a machine does not have is no failure; 15 minutes pass over what was slow once.",
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
        action="Something it reads hangs, often a file server or a driver: see the kernel's log.",
        why="By default a sensor is read at least once a minute. Where `time_interval` is half an "
        "hour or more, the limit must be longer.",
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
        description="{{ $value | humanizePercentage }} of the memory of {{ $labels.instance }} "
        "can't be had without swapping; the kernel may soon kill processes.",
        action="See which job uses it, and whether it asked for as much.",
        why="Jobs may well use 90 %; what is cached counts as available, so at 97 % it gets tight.",
        graphite=Condition(query=each("fructosa_memory_utilization_ratio"), threshold=0.97),
    ),
    Alert(
        name="FructosaSwapping",
        severity="warning",
        hold="15m",
        expr="rate(fructosa_swap_in_bytes_total[5m]) > 1e6",
        summary="{{ $labels.instance }} swaps in {{ $value | humanize }}B/s",
        description="{{ $labels.instance }} has read {{ $value | humanize }}B/s back from swap "
        "space for 15 minutes: its programs wait for their memory.",
        action="See which job uses more memory than there is.",
        why="Swapping out may be mere tidying; a steady 1 MB/s coming back is work that waits.",
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
        description="If {{ $labels.mountpoint }} of {{ $labels.instance }} goes on filling as it "
        "did for 6 hours, {{ $value | humanizePercentage }} of it will be needed in a day.",
        action="Find what grows (`du -x`), and clean up or ask its owner to.",
        why="A day is time to act in working hours. Below 70 % a job may just write its results.",
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
        description="Of {{ $labels.mountpoint }} on {{ $labels.instance }} "
        "{{ $value | humanizePercentage }} is in use; programs will soon fail to write.",
        action="Find what is large (`du -x`), and clean up; drain the node if its jobs fail.",
        why="Most programs and file systems still work well at 95 %.",
        graphite=Condition(query=each(_UTILIZATION, 1), threshold=0.95),
    ),
    Alert(
        name="FructosaFilesystemHung",
        severity="critical",
        hold="5m",
        expr="fructosa_filesystem_error == 1",
        summary="{{ $labels.mountpoint }} of {{ $labels.instance }} does not answer",
        description="{{ $labels.mountpoint }} of {{ $labels.instance }} hangs or can't be "
        "measured; what works on it may wait for ever.",
        action="See whether its server is up and reachable; if it is, mount it again.",
        why="A busy server answers within minutes. (Remote file systems need `remote = yes`.)",
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
        "read-only, and was not a day ago: the kernel does so after errors of the disk.",
        action="Read the kernel's log; drain the node and have the disk checked.",
        why="What is meant to be read-only was so before. It ends by itself after a day.",
        graphite=Condition(
            query="filterSeries("
            + each("fructosa_disk_partition_read_only", 2)
            + ", 'min', '<', 1)",
            window="1d",
        ),
    ),
)
