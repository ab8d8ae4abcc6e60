"""Network interfaces."""

from ..panels.dashboard import Row
from ..panels.shorthand import Line, line_graph
from ..queries.expressions import ANY, node


def _net(metric: str, legend: str) -> Line:
    return node(f"fructosa_network_{metric}_total", interface=ANY).rate(), f"{{interface}} {legend}"


NETWORK = Row(
    "Network",
    (
        line_graph(
            "Traffic",
            "Traffic of each interface.",
            "Bps",
            _net("receive_bytes", "in"),
            _net("transmit_bytes", "out"),
        ),
        line_graph(
            "Packets",
            "Packets of each interface.",
            "pps",
            _net("receive_packets", "in"),
            _net("transmit_packets", "out"),
        ),
        line_graph(
            "Errors and drops",
            "Lost or corrupt packets. A few drops at a start are harmless.",
            "pps",
            _net("receive_errors", "errors in"),
            _net("transmit_errors", "errors out"),
            _net("receive_drops", "drops in"),
            _net("transmit_drops", "drops out"),
        ),
        line_graph(
            "Link speed",
            "Speed of each link. 0: the link is down. No data: the driver does not report a speed.",
            "Bps",
            (
                node("fructosa_network_speed_bytes_per_second", interface=ANY),
                "{interface} speed",
            ),
        ),
        line_graph(
            "Interfaces up, and MTU",
            "1 for an interface that is up, and its MTU.",
            "short",
            (node("fructosa_network_up", interface=ANY), "{interface} up"),
            (node("fructosa_network_mtu_bytes", interface=ANY), "{interface} MTU"),
        ),
    ),
)
