"""Alerts on clocks, memory modules, links and temperatures."""

from .alert import Alert, Condition
from .graphite_targets import each, each_change, each_increase, named, path, positions

_TIME = "fructosa_clock_time_seconds"
_DEGREES = "fructosa_temperature_celsius"
_CRITICAL = "fructosa_temperature_critical_celsius"
_RATE = "fructosa_infiniband_rate_bytes_per_second"
_SPEED = "fructosa_network_speed_bytes_per_second"
_NETWORK_ERRORS = path("fructosa_network_{receive,transmit}_errors_total", 1)
# Times are about 1.8e9 s, so 1 % of a time is 1.8e7 s.
_SECONDS_PER_PERCENT = 1.8e7
_WAS_UP = "It is down, and was up a day ago: a port that was never used raises no alert."


def _peers(metric: str, port: str) -> str:
    """Return the ports that are slower than most of the same name on the nodes of the group."""
    alike = f"(cluster, group, job, {port})"
    return f"{metric}\n< on {alike} group_left ()\nquantile by {alike} (0.5, {metric})"


CLOCK = (
    Alert(
        name="FructosaClockNotSynchronized",
        severity="warning",
        hold="30m",
        expr="fructosa_clock_synchronized == 0",
        summary="The clock of {{ $labels.instance }} is not synchronized",
        description="The kernel of {{ $labels.instance }} reports that its clock is not "
        "synchronized. It will drift.",
        action="Check whether chronyd, ntpd or systemd-timesyncd runs and reaches its servers.",
        why="After a boot, synchronization takes some minutes. Drift takes hours to do harm.",
        graphite=Condition(query=each("fructosa_clock_synchronized"), evaluator="lt", threshold=1),
    ),
    Alert(
        name="FructosaClockOffset",
        severity="warning",
        hold="10m",
        expr="abs(fructosa_clock_offset_seconds) > 0.05",
        summary="The clock of {{ $labels.instance }} is off by {{ $value | humanizeDuration }}",
        description="The clock of {{ $labels.instance }} still has to be corrected by "
        "{{ $value | humanizeDuration }}.",
        action="Check the sources of its time daemon (`chronyc sources`, `ntpq -p`).",
        why="A synchronized clock is accurate to milliseconds. 50 ms is much more, but still "
        "harmless.",
        graphite=Condition(
            query=named(f"absolute({path('fructosa_clock_offset_seconds')})"), threshold=0.05
        ),
    ),
    Alert(
        name="FructosaClockSkew",
        severity="critical",
        hold="10m",
        expr=f"abs(timestamp({_TIME}) - {_TIME}) > 10",
        summary="The clock of {{ $labels.instance }} differs by {{ $value | humanizeDuration }}",
        description="The clocks of {{ $labels.instance }} and of the scraper differ by "
        "{{ $value | humanizeDuration }}. Logins, file servers and make go wrong.",
        action="Set the clock (`chronyc makestep`). If many nodes differ, the clock of the "
        "scraper is wrong.",
        why="A reading may be some seconds old if the page is served slowly, but not 10 s. The "
        "`time_interval` of ClockSync must be below that. In Graphite, a node is compared with "
        "the median of all nodes. Nodes are read at different moments of the interval, so the "
        "threshold is 30 s, and the interval must be shorter.",
        graphite=Condition(
            query=named(
                f"absolute(scale(offset(asPercent({path(_TIME)}, "
                f"percentileOfSeries({path(_TIME)}, 50)), -100), {_SECONDS_PER_PERCENT:.0f}))"
            ),
            threshold=30,
        ),
    ),
)

MODULES = (
    Alert(
        name="FructosaMemoryUncorrected",
        severity="critical",
        hold="0m",
        expr="increase(fructosa_edac_uncorrected_errors_total[1h]) > 0",
        summary="Memory of {{ $labels.instance }} had an uncorrected error",
        description="Memory controller {{ $labels.controller }} of {{ $labels.instance }} has "
        "counted errors that it could not correct. Data may be wrong.",
        action="Drain the node, find the module (`fructosa_edac_dimm_uncorrected_errors_total`), "
        "and have it replaced.",
        why="A single error is too many. Only new errors count: the alert ends after an hour, and "
        "an old counter value raises none.",
        graphite=Condition(
            query=each_increase("fructosa_edac_uncorrected_errors_total", 1),
            reducer="sum",
            window="1h",
        ),
    ),
    Alert(
        name="FructosaMemoryCorrected",
        severity="warning",
        hold="30m",
        expr="increase(fructosa_edac_corrected_errors_total[1h]) > 60",
        summary="Memory of {{ $labels.instance }} corrects {{ $value | humanize }} errors per hour",
        description="Memory controller {{ $labels.controller }} of {{ $labels.instance }} has "
        "corrected {{ $value | humanize }} errors in an hour.",
        action="Find the module (`fructosa_edac_dimm_corrected_errors_total`), and plan to "
        "replace it.",
        why="Single errors are normal. More than one per minute over an hour means that a module "
        "is failing.",
        graphite=Condition(
            query=each_increase("fructosa_edac_corrected_errors_total", 1),
            reducer="sum",
            threshold=60,
            window="1h",
        ),
    ),
)

LINKS = (
    Alert(
        name="FructosaNetworkErrors",
        severity="warning",
        hold="15m",
        expr="""\
rate(fructosa_network_receive_errors_total[10m])
+ rate(fructosa_network_transmit_errors_total[10m]) > 1""",
        summary="{{ $labels.interface }} of {{ $labels.instance }} has {{ $value | humanize }} "
        "errors per second",
        description="Interface {{ $labels.interface }} of {{ $labels.instance }} has sent or "
        "received {{ $value | humanize }} faulty packets per second for 15 minutes.",
        action="Change the cable or transceiver, then the port of the switch.",
        why="A healthy link has no errors, except for a few when it is plugged in.",
        graphite=Condition(
            query=f"groupByNodes(perSecond({_NETWORK_ERRORS}), 'sum', {positions(1)})",
            reducer="avg",
            threshold=1,
        ),
    ),
    Alert(
        name="FructosaNetworkDown",
        severity="warning",
        hold="10m",
        expr="fructosa_network_up == 0 and (fructosa_network_up offset 1d) == 1",
        summary="{{ $labels.interface }} of {{ $labels.instance }} is down",
        description="Interface {{ $labels.interface }} of {{ $labels.instance }} is down, and was "
        "up a day ago.",
        action="Check the cable, the transceiver and the switch. `ip link` shows whether somebody "
        "set the interface down.",
        why=_WAS_UP,
        graphite=Condition(
            query="filterSeries(" + each("fructosa_network_up", 1) + ", 'max', '>', 0)",
            evaluator="lt",
            threshold=1,
            window="1d",
        ),
    ),
    Alert(
        name="FructosaNetworkSlow",
        severity="warning",
        hold="15m",
        expr=_peers(_SPEED, "interface"),
        summary="{{ $labels.interface }} of {{ $labels.instance }} is slower than its peers",
        description="Interface {{ $labels.interface }} of {{ $labels.instance }} runs at "
        "{{ $value | humanize }}B/s, less than on most nodes of its group.",
        action="Change the cable or transceiver. Compare the output of `ethtool` with that of a "
        "healthy node.",
        why="The nodes of a group are alike, so at least half of them have the intended speed. A "
        "Graphite path does not contain the group. There, the alert fires if the link is slower "
        "than a day ago.",
        graphite=Condition(
            query=each_change(_SPEED, 1), reducer="sum", evaluator="lt", window="1d"
        ),
    ),
    Alert(
        name="FructosaInfinibandDown",
        severity="critical",
        hold="5m",
        expr="fructosa_infiniband_up == 0 and (fructosa_infiniband_up offset 1d) == 1",
        summary="InfiniBand {{ $labels.device }} port {{ $labels.port }} of "
        "{{ $labels.instance }} is down",
        description="Port {{ $labels.port }} of {{ $labels.device }} on {{ $labels.instance }} is "
        "not active, and was a day ago. Jobs that use several nodes fail there.",
        action="Drain the node. Check `ibstat`, the cable and the switch.",
        why=_WAS_UP,
        graphite=Condition(
            query="filterSeries(" + each("fructosa_infiniband_up", 2) + ", 'max', '>', 0)",
            evaluator="lt",
            threshold=1,
            window="1d",
        ),
    ),
    Alert(
        name="FructosaInfinibandSlow",
        severity="warning",
        hold="15m",
        expr=_peers(_RATE, "device, port"),
        summary="InfiniBand {{ $labels.device }} port {{ $labels.port }} of "
        "{{ $labels.instance }} is slower than its peers",
        description="Port {{ $labels.port }} of {{ $labels.device }} on {{ $labels.instance }} "
        "runs at {{ $value | humanize }}B/s, less than on most nodes of its group.",
        action="Reseat or replace the cable. Every job that uses this node waits for it.",
        why="A link that has lost lanes or speed still works, so nobody notices. A Graphite path "
        "does not contain the group. There, the alert fires if the link is slower than a day ago.",
        graphite=Condition(query=each_change(_RATE, 2), reducer="sum", evaluator="lt", window="1d"),
    ),
    Alert(
        name="FructosaInfinibandErrors",
        severity="warning",
        hold="15m",
        expr="increase(fructosa_infiniband_symbol_errors_total[1h]) > 120",
        summary="InfiniBand {{ $labels.device }} port {{ $labels.port }} of "
        "{{ $labels.instance }} has {{ $value | humanize }} symbol errors per hour",
        description="The link of port {{ $labels.port }} of {{ $labels.device }} on "
        "{{ $labels.instance }} has had {{ $value | humanize }} symbol errors in an hour.",
        action="Reseat or replace the cable, then reset the counters (`perfquery -R`).",
        why="InfiniBand allows one wrong bit in 1e12. At 120 errors per hour, a link is worse. "
        "Only increases count, so a counter that has reached its maximum raises no alert.",
        graphite=Condition(
            query=each_increase("fructosa_infiniband_symbol_errors_total", 2),
            reducer="sum",
            threshold=120,
            window="1h",
        ),
    ),
)

TEMPERATURES = (
    Alert(
        name="FructosaTemperatureCritical",
        severity="critical",
        hold="2m",
        expr=f"{_DEGREES} > {_CRITICAL} - 1 and {_CRITICAL} > 0",
        summary="{{ $labels.label }} of {{ $labels.instance }} has {{ $value | humanize }} "
        "degrees, which is critical",
        description="{{ $labels.label }} ({{ $labels.sensor }} of {{ $labels.chip }}) of "
        "{{ $labels.instance }} is at "
        "{{ $value | humanize }} degrees Celsius. The hardware will slow down or switch off.",
        action="Check fans and cooling. If neighbors are hot as well, check the cooling of the "
        "room.",
        why="The threshold is one degree below the limit of the hardware. A limit of 0 means that "
        "nobody has set one.",
        # Without a limit, the sum would be the temperature. The offsets of 1000, which cancel
        # otherwise, keep it far below zero.
        graphite=Condition(
            query=f"groupByNodes(group(offset({path(_DEGREES, 3)}, -1000), "
            f"offset(scale(removeBelowValue({path(_CRITICAL, 3)}, 1), -1), 1000)), "
            f"'sum', {positions(3)})",
            threshold=-1,
        ),
    ),
)
