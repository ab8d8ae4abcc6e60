"""GPUs of a node: errors."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY
from .series import node_gpus

XIDS = line_graph(
    "Xids",
    "Errors that the driver has reported since the agent began, by number. 79 fell off the bus, "
    "48, 94 and 95 are of memory, 74 is NVLink; 13, 31, 43 and 45 are usually the program's fault.",
    "none",
    (node_gpus("xid_errors_total", xid=ANY), "GPU {gpu} Xid {xid}"),
)

GPU_ERRORS = Row(
    "GPUs of $node: errors",
    (
        line_graph(
            "GPUs that answer",
            "1 while a GPU answers; 0 when it fell off the bus or its driver is gone.",
            "none",
            (node_gpus("up"), "GPU {gpu}"),
        ),
        XIDS,
        line_graph(
            "Last Xid",
            "Number of the last error that the driver has reported.",
            "none",
            (node_gpus("last_xid"), "GPU {gpu}"),
        ),
        line_graph(
            "What the driver asks for",
            "1 to reset the GPU, 2 to restart the node, 3 to drain the GPU's peers, 4 to drain and "
            "reset it; 0 is nothing.",
            "none",
            (node_gpus("recovery_action"), "GPU {gpu}"),
        ),
        line_graph(
            "ECC errors",
            "Errors of memory since the driver was loaded.",
            "none",
            (node_gpus("ecc_errors_total", kind=ANY), "GPU {gpu} {kind}"),
        ),
        line_graph(
            "ECC errors ever",
            "Errors of memory over the life of the board.",
            "none",
            (node_gpus("ecc_lifetime_errors_total", kind=ANY), "GPU {gpu} {kind}"),
        ),
        line_graph(
            "Memory taken out of use",
            "Rows that spare ones replace, from Ampere on, or pages that were retired; by the "
            "errors that they had.",
            "none",
            (node_gpus("remapped_rows", kind=ANY), "GPU {gpu} rows {kind}"),
            (node_gpus("retired_pages", kind=ANY), "GPU {gpu} pages {kind}"),
        ),
        line_graph(
            "Memory that waits for a reset",
            "1 for a GPU whose rows or pages are taken out of use at its next reset, or that has "
            "no spare rows any more.",
            "none",
            (node_gpus("remapped_rows_pending"), "GPU {gpu} rows"),
            (node_gpus("retired_pages_pending"), "GPU {gpu} pages"),
            (node_gpus("remapped_rows_failed"), "GPU {gpu} no spare rows"),
        ),
    ),
    collapsed_in=COLLAPSED,
)
