"""Kernel resources, logins and the clock."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, node

SYSTEM = Row(
    "System",
    (
        line_graph(
            "Open files",
            "Open files of all processes, and the limit, if there is one.",
            "short",
            (node("fructosa_file_descriptors_allocated"), "open"),
            (node("fructosa_file_descriptors_limit"), "limit"),
        ),
        line_graph(
            "Inodes in memory",
            "Inodes in memory. Unused ones are freed when memory is short.",
            "short",
            (node("fructosa_file_inodes_cached"), "in memory"),
            (node("fructosa_file_inodes_unused"), "unused"),
        ),
        line_graph(
            "Processes",
            "Processes by state, if the sensor Processes is configured, and the limits.",
            "short",
            (node("fructosa_processes", state=ANY), "{state}"),
            (node("fructosa_process_ids_limit"), "process id limit"),
            (node("fructosa_process_threads_limit"), "thread limit"),
        ),
        line_graph(
            "Connections",
            "Network connections, if the sensor NetConnections is configured.",
            "short",
            (
                node("fructosa_network_connections", family=ANY, protocol=ANY, state=ANY).sum(
                    "protocol", "state"
                ),
                "{protocol} {state}",
            ),
        ),
        line_graph(
            "Logins", "Login sessions.", "short", (node("fructosa_user_sessions"), "sessions")
        ),
        line_graph(
            "Clock error",
            "Error of the clock, as reported by the time daemon, and the pending correction.",
            "s",
            (node("fructosa_clock_offset_seconds"), "pending correction"),
            (node("fructosa_clock_estimated_error_seconds"), "estimated error"),
            (node("fructosa_clock_max_error_seconds"), "maximum error"),
            minimum=None,
        ),
        line_graph(
            "Clock synchronization",
            "Synchronized: 1 if the clock is synchronized, otherwise 0. Correction: by how much "
            "the kernel makes the clock run faster, as a ratio.",
            "short",
            (node("fructosa_clock_synchronized"), "synchronized"),
            (node("fructosa_clock_frequency_correction_ratio"), "correction"),
            minimum=None,
        ),
    ),
    collapsed_in=COLLAPSED,
)
