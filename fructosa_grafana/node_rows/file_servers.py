"""NFS and Lustre, as the client sees them."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, node

SERVERS = Row(
    "File servers",
    (
        line_graph(
            "NFS calls",
            "Calls to NFS servers, and retransmissions.",
            "ops",
            (node("fructosa_nfs_client_rpc_calls_total").rate(), "calls"),
            (node("fructosa_nfs_client_rpc_retransmissions_total").rate(), "retransmissions"),
            (
                node("fructosa_nfs_client_rpc_authentication_refreshes_total").rate(),
                "credentials refreshed",
            ),
        ),
        line_graph(
            "NFS operations",
            "Calls by operation and protocol version.",
            "ops",
            (
                node("fructosa_nfs_client_operations_total", version=ANY, operation=ANY).rate(),
                "{operation} v{version}",
            ),
        ),
        line_graph(
            "Lustre throughput",
            "Data read from and written to each Lustre file system.",
            "Bps",
            (node("fructosa_lustre_read_bytes_total", filesystem=ANY).rate(), "{filesystem} read"),
            (
                node("fructosa_lustre_write_bytes_total", filesystem=ANY).rate(),
                "{filesystem} written",
            ),
        ),
        line_graph(
            "Lustre operations",
            "Operations of programs on each Lustre file system.",
            "ops",
            (
                node("fructosa_lustre_operations_total", filesystem=ANY, operation=ANY).rate(),
                "{filesystem} {operation}",
            ),
        ),
    ),
    collapsed_in=COLLAPSED,
)
