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
            "Full",
            "Share of the space for ordinary users that is in use.",
            "percentunit",
            _space("utilization_ratio", ""),
        ),
        line_graph(
            "Space",
            "What is in use, what ordinary users can still write, and the size.",
            "bytes",
            _space("used_bytes", " used"),
            _space("free_bytes", " free"),
            _space("total_bytes", " size"),
        ),
        line_graph(
            "Read and written",
            "What is read and written, by disks and partitions.",
            "Bps",
            _disk("read_bytes", "read"),
            _disk("written_bytes", "written"),
        ),
        line_graph(
            "Operations",
            "Reads and writes that were completed.",
            "iops",
            _disk("reads", "reads"),
            _disk("writes", "writes"),
            _disk("reads_merged", "reads merged"),
            _disk("writes_merged", "writes merged"),
        ),
        line_graph(
            "Disks busy",
            "Share of time in which a disk had something to do. Disks that do many things at once "
            "can do more at 100 %.",
            "percentunit",
            _disk("busy_seconds", ""),
        ),
        line_graph(
            "Time of reads and writes",
            "Seconds that reads and writes took, in each second: more than 1 are done at once.",
            "short",
            _disk("read_seconds", "reads"),
            _disk("write_seconds", "writes"),
        ),
        line_graph(
            "Not to be measured, or read-only",
            "1 for a file system that does not answer, and for a partition that is read-only.",
            "short",
            _space("error", " does not answer"),
            (
                node("fructosa_disk_partition_read_only", device=ANY, mountpoint=ANY),
                "{device} {mountpoint} read-only",
            ),
        ),
    ),
)
