"""Memory of each NUMA node."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import Line, line_graph
from ..queries.expressions import ANY, node


def _numa_memory(kind: str, legend: str) -> Line:
    return node(f"fructosa_numa_memory_{kind}_bytes", node=ANY), f"{{node}} {legend}"


def _numa_pages(kind: str, legend: str) -> Line:
    return node(f"fructosa_numa_{kind}_pages_total", node=ANY).rate(), f"{{node}} {legend}"


NUMA = Row(
    "NUMA nodes",
    (
        line_graph(
            "NUMA memory",
            "Memory of each NUMA node. Used memory includes cached files.",
            "bytes",
            _numa_memory("used", "used"),
            _numa_memory("free", "free"),
            _numa_memory("total", "installed"),
        ),
        line_graph(
            "NUMA memory by content",
            "What the memory of each NUMA node is used for.",
            "bytes",
            _numa_memory("file", "files"),
            _numa_memory("anonymous", "programs"),
            _numa_memory("shared", "shared"),
            _numa_memory("slab", "kernel"),
            _numa_memory("dirty", "to be written"),
        ),
        line_graph(
            "Pages from the intended NUMA node",
            "Pages per second that came from the intended NUMA node.",
            "cps",
            _numa_pages("hit", "hit"),
            _numa_pages("local", "local"),
            _numa_pages("interleave_hit", "interleaved"),
        ),
        line_graph(
            "Pages from other NUMA nodes",
            "Pages per second that came from another NUMA node: programs use remote memory.",
            "cps",
            _numa_pages("miss", "miss"),
            _numa_pages("foreign", "foreign"),
            _numa_pages("other", "other"),
        ),
        line_graph(
            "Huge pages",
            "Memory reserved for huge pages, and how much of it is free.",
            "bytes",
            (
                node("fructosa_numa_hugepages_total_bytes", node=ANY, page_size=ANY),
                "{node} {page_size} total",
            ),
            (
                node("fructosa_numa_hugepages_free_bytes", node=ANY, page_size=ANY),
                "{node} {page_size} free",
            ),
        ),
    ),
    collapsed_in=COLLAPSED,
)
