"""Disks and file systems."""

from ..panels.dashboard import Row
from ..panels.shorthand import Line, line_graph
from ..queries.expressions import ANY, node


def _disk(metric: str, legend: str) -> Line:
    return node(f"fructosa_disk_{metric}_total", device=ANY).rate(), f"{{device}} {legend}"


def _space(metric: str, legend: str) -> Line:
    return node(f"fructosa_filesystem_{metric}", mountpoint=ANY), f"{{mountpoint}}{legend}"


DISKS = Row(
    "Disks and file systems",
    (
        line_graph(
            "File system usage",
            "Used share of the space for ordinary users.",
            "percentunit",
            _space("utilization_ratio", ""),
        ),
        line_graph(
            "File system space",
            "Used space, free space for ordinary users, and size.",
            "bytes",
            _space("used_bytes", " used"),
            _space("free_bytes", " free"),
            _space("total_bytes", " size"),
        ),
        line_graph(
            "Disk throughput",
            "Data read and written, by disk and partition.",
            "Bps",
            _disk("read_bytes", "read"),
            _disk("written_bytes", "written"),
        ),
        line_graph(
            "Disk operations",
            "Completed and merged reads and writes.",
            "iops",
            _disk("reads", "reads"),
            _disk("writes", "writes"),
            _disk("reads_merged", "reads merged"),
            _disk("writes_merged", "writes merged"),
        ),
        line_graph(
            "Disks busy",
            "Share of time in which a disk had requests. Disks that process many requests at once "
            "can do more even at 100 %.",
            "percentunit",
            _disk("busy_seconds", ""),
        ),
        line_graph(
            "Disk request time",
            "Seconds that reads and writes took, per second. Above 1, several of them ran at once.",
            "short",
            _disk("read_seconds", "reads"),
            _disk("write_seconds", "writes"),
        ),
        line_graph(
            "Not responding, or read-only",
            "1 for a file system that does not respond, and for a partition that is read-only.",
            "short",
            _space("error", " does not respond"),
            (
                node("fructosa_disk_partition_read_only", device=ANY, mountpoint=ANY),
                "{device} {mountpoint} read-only",
            ),
        ),
    ),
)
