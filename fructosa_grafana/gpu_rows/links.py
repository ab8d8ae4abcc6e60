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
            "PCIe of GPUs",
            "Bytes a second that each GPU receives and sends, from Hopper on.",
            "Bps",
            (node_gpus("pcie_receive_bytes_total").rate(), "GPU {gpu} in"),
            (node_gpus("pcie_transmit_bytes_total").rate(), "GPU {gpu} out"),
        ),
        line_graph(
            "PCIe replays of GPUs",
            "Packets a second that were sent again for an error.",
            "cps",
            (node_gpus("pcie_replays_total").rate(), "GPU {gpu}"),
        ),
        line_graph(
            "PCIe links of GPUs",
            "Lanes and generation, as shares of the most that GPU and slot can have. An idle GPU "
            "lowers the generation; fewer lanes are a fault.",
            "percentunit",
            (node_gpus("pcie_link_lanes") / node_gpus("pcie_link_lanes_max"), "GPU {gpu} lanes"),
            (
                node_gpus("pcie_link_generation") / node_gpus("pcie_link_generation_max"),
                "GPU {gpu} generation",
            ),
        ),
        line_graph(
            "BAR1 memory",
            "Share of the window that maps GPU memory over PCIe; GPUDirect needs it.",
            "percentunit",
            (node_gpus("bar1_used_bytes") / node_gpus("bar1_total_bytes"), "GPU {gpu}"),
        ),
        line_graph(
            "NVLink",
            "Bytes of data a second over all links of each GPU.",
            "Bps",
            (_nvlink("receive"), "GPU {gpu} in"),
            (_nvlink("transmit"), "GPU {gpu} out"),
        ),
        line_graph(
            "NVLink errors",
            "Errors a second on all links of each GPU.",
            "cps",
            (
                node_gpus("nvlink_errors_total", link=ANY, error=ANY).rate().sum("gpu", "error"),
                "GPU {gpu} {error}",
            ),
        ),
        line_graph(
            "NVLinks up",
            "Links of each GPU that are active.",
            "none",
            (node_gpus("nvlink_up", link=ANY).sum("gpu"), "GPU {gpu}"),
        ),
    ),
    collapsed_in=COLLAPSED,
)
