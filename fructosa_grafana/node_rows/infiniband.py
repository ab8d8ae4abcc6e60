"""InfiniBand, Omni-Path and RoCE ports."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import Line, line_graph
from ..queries.expressions import ANY, node


def _port(metric: str, legend: str) -> Line:
    found = node(f"fructosa_infiniband_{metric}_total", device=ANY, port=ANY)
    return found.rate(), f"{{device}} {{port}} {legend}"


INFINIBAND = Row(
    "InfiniBand",
    (
        line_graph(
            "InfiniBand traffic",
            "Traffic of each port, and its link rate.",
            "Bps",
            _port("receive_bytes", "in"),
            _port("transmit_bytes", "out"),
            (
                node("fructosa_infiniband_rate_bytes_per_second", device=ANY, port=ANY),
                "{device} {port} rate",
            ),
        ),
        line_graph(
            "InfiniBand packets",
            "Packets of each port.",
            "pps",
            _port("receive_packets", "in"),
            _port("transmit_packets", "out"),
        ),
        line_graph(
            "InfiniBand ports up",
            "1 for a port that is active.",
            "short",
            (node("fructosa_infiniband_up", device=ANY, port=ANY), "{device} {port}"),
        ),
        line_graph(
            "InfiniBand congestion",
            "Ticks per second in which a port had data to send but had to wait.",
            "cps",
            _port("transmit_wait_ticks", "waits"),
        ),
        line_graph(
            "RoCE congestion",
            "Packets marked by a congested switch, and what follows: notifications that slow "
            "senders down, and packets lost.",
            "cps",
            _port("ecn_marked_packets", "marked"),
            _port("congestion_notifications_sent", "notified"),
            _port("congestion_notifications_received", "slowed down"),
            _port("out_of_sequence_packets", "out of sequence"),
            _port("acknowledgement_timeouts", "timeouts"),
            _port("receive_drops", "dropped"),
        ),
        line_graph(
            "InfiniBand link errors",
            "A bad cable or connector shows here first.",
            "cps",
            _port("symbol_errors", "symbols"),
            _port("link_recoveries", "recoveries"),
            _port("link_downs", "downs"),
            _port("link_integrity_errors", "integrity"),
            _port("buffer_overrun_errors", "overruns"),
        ),
        line_graph(
            "InfiniBand packet errors",
            "Packets that were corrupt, dropped or forbidden.",
            "cps",
            _port("receive_errors", "receive errors"),
            _port("receive_remote_errors", "marked bad"),
            _port("receive_constraint_errors", "forbidden in"),
            _port("transmit_constraint_errors", "forbidden out"),
            _port("transmit_discards", "discarded"),
            _port("management_drops", "management dropped"),
        ),
    ),
    collapsed_in=COLLAPSED,
)
