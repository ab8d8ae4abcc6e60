"""Kernel resources, logins and the clock."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, node

SYSTEM = Row(
    "System",
    (
        line_graph(
            "Open files",
            "Open files of all processes, beside the limit where there is one.",
            "short",
            (node("fructosa_file_descriptors_allocated"), "open"),
            (node("fructosa_file_descriptors_limit"), "limit"),
        ),
        line_graph(
            "Inodes in memory",
            "Inodes in memory; those that nobody uses are freed when memory is short.",
            "short",
            (node("fructosa_file_inodes_cached"), "in memory"),
            (node("fructosa_file_inodes_unused"), "unused"),
        ),
        line_graph(
            "Processes",
            "Processes by state, where the sensor Processes is configured, and what fits.",
            "short",
            (node("fructosa_processes", state=ANY), "{state}"),
            (node("fructosa_process_ids_limit"), "ids there are"),
            (node("fructosa_process_threads_limit"), "threads allowed"),
        ),
        line_graph(
            "Connections",
            "Network connections, where the sensor NetConnections is configured.",
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
            "Clock",
            "By how much the clock is off, as its daemon says, and what is still to be made up.",
            "s",
            (node("fructosa_clock_offset_seconds"), "correction to come"),
            (node("fructosa_clock_estimated_error_seconds"), "error, estimated"),
            (node("fructosa_clock_max_error_seconds"), "error, at most"),
            minimum=None,
        ),
        line_graph(
            "Clock's daemon",
            "1 while something corrects the clock, and by how much it makes it run faster.",
            "short",
            (node("fructosa_clock_synchronized"), "synchronized"),
            (node("fructosa_clock_frequency_correction_ratio"), "correction"),
            minimum=None,
        ),
    ),
    collapsed_in=COLLAPSED,
)
