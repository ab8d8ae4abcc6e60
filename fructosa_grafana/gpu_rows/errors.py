"""GPUs of a node: errors."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY
from .series import node_gpus

XIDS = line_graph(
    "Xids",
    "Errors that the driver has reported since the agent started, by number. 79: fell off the bus. "
    "48, 94, 95: memory errors. 74: NVLink. 13, 31, 43 and 45 are usually caused by the program.",
    "none",
    (node_gpus("xid_errors_total", xid=ANY), "GPU {gpu} Xid {xid}"),
)

GPU_ERRORS = Row(
    "GPUs of $node: errors",
    (
        line_graph(
            "GPUs that respond",
            "1 while a GPU responds, 0 if it fell off the bus or its driver is gone.",
            "none",
            (node_gpus("up"), "GPU {gpu}"),
        ),
        XIDS,
        line_graph(
            "Last Xid",
            "Number of the last error that the driver reported.",
            "none",
            (node_gpus("last_xid"), "GPU {gpu}"),
        ),
        line_graph(
            "Requested recovery",
            "What the driver requests. 0: nothing. 1: reset the GPU. 2: restart the node. 3: drain "
            "the GPU's peers. 4: drain and reset the GPU.",
            "none",
            (node_gpus("recovery_action"), "GPU {gpu}"),
        ),
        line_graph(
            "ECC errors",
            "Memory errors since the driver was loaded.",
            "none",
            (node_gpus("ecc_errors_total", kind=ANY), "GPU {gpu} {kind}"),
        ),
        line_graph(
            "ECC errors, lifetime",
            "Memory errors over the lifetime of the board.",
            "none",
            (node_gpus("ecc_lifetime_errors_total", kind=ANY), "GPU {gpu} {kind}"),
        ),
        line_graph(
            "Remapped rows and retired pages",
            "Memory rows replaced by spare ones (Ampere and newer), or retired memory pages, by "
            "kind of error.",
            "none",
            (node_gpus("remapped_rows", kind=ANY), "GPU {gpu} rows {kind}"),
            (node_gpus("retired_pages", kind=ANY), "GPU {gpu} pages {kind}"),
        ),
        line_graph(
            "Memory that requires a reset",
            "1 for a GPU with rows or pages that will be taken out of use at its next reset, or "
            "without spare rows.",
            "none",
            (node_gpus("remapped_rows_pending"), "GPU {gpu} rows"),
            (node_gpus("retired_pages_pending"), "GPU {gpu} pages"),
            (node_gpus("remapped_rows_failed"), "GPU {gpu} no spare rows"),
        ),
    ),
    collapsed_in=COLLAPSED,
)
