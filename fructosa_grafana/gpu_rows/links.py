"""GPUs of a node: PCIe and NVLink."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, Expr
from .series import node_gpus


def _nvlink(way: str) -> Expr:
    return node_gpus(f"nvlink_{way}_bytes_total", link=ANY).rate().sum("gpu")


GPU_LINKS = Row(
    "GPUs of $node: links",
    (
        line_graph(
            "GPU PCIe throughput",
            "Bytes per second that each GPU receives and sends (Hopper and newer).",
            "Bps",
            (node_gpus("pcie_receive_bytes_total").rate(), "GPU {gpu} in"),
            (node_gpus("pcie_transmit_bytes_total").rate(), "GPU {gpu} out"),
        ),
        line_graph(
            "GPU PCIe replays",
            "Packets per second that were sent again after an error.",
            "cps",
            (node_gpus("pcie_replays_total").rate(), "GPU {gpu}"),
        ),
        line_graph(
            "GPU PCIe links",
            "Lanes and generation, as shares of the maximum that GPU and slot support. An idle GPU "
            "uses a lower generation. Fewer lanes are a fault.",
            "percentunit",
            (node_gpus("pcie_link_lanes") / node_gpus("pcie_link_lanes_max"), "GPU {gpu} lanes"),
            (
                node_gpus("pcie_link_generation") / node_gpus("pcie_link_generation_max"),
                "GPU {gpu} generation",
            ),
        ),
        line_graph(
            "BAR1 memory",
            "Used share of the window that maps GPU memory over PCIe. GPUDirect needs it.",
            "percentunit",
            (node_gpus("bar1_used_bytes") / node_gpus("bar1_total_bytes"), "GPU {gpu}"),
        ),
        line_graph(
            "NVLink",
            "Bytes of data per second over all links of each GPU.",
            "Bps",
            (_nvlink("receive"), "GPU {gpu} in"),
            (_nvlink("transmit"), "GPU {gpu} out"),
        ),
        line_graph(
            "NVLink errors",
            "Errors per second on all links of each GPU.",
            "cps",
            (
                node_gpus("nvlink_errors_total", link=ANY, error=ANY).rate().sum("gpu", "error"),
                "GPU {gpu} {error}",
            ),
        ),
        line_graph(
            "NVLinks up",
            "Active links of each GPU.",
            "none",
            (node_gpus("nvlink_up", link=ANY).sum("gpu"), "GPU {gpu}"),
        ),
    ),
    collapsed_in=COLLAPSED,
)
