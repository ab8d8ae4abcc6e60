"""Memory, swap space and memory errors."""

from ..panels.dashboard import Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, node

MEMORY = Row(
    "Memory",
    (
        line_graph(
            "Memory usage",
            "Used memory, and memory that programs can still use without swapping. Together they "
            "are the installed memory. Memory reserved as huge pages is used.",
            "bytes",
            (node("fructosa_memory_used_bytes"), "used"),
            (node("fructosa_memory_available_bytes"), "available"),
            stacked=True,
        ),
        line_graph(
            "Caches and huge pages",
            "Installed memory, what of it caches files or is free, and what is reserved as huge "
            "pages. Most of the caches is available to programs.",
            "bytes",
            (node("fructosa_memory_total_bytes"), "installed"),
            (node("fructosa_memory_cached_bytes"), "cached"),
            (node("fructosa_memory_buffers_bytes"), "buffers"),
            (node("fructosa_memory_free_bytes"), "free"),
            (node("fructosa_memory_hugepages_total_bytes"), "huge pages"),
            (node("fructosa_memory_hugepages_free_bytes"), "free huge pages"),
        ),
        line_graph(
            "Memory by kind",
            "Other views of the same memory.",
            "bytes",
            (node("fructosa_memory_active_bytes"), "active"),
            (node("fructosa_memory_inactive_bytes"), "inactive"),
            (node("fructosa_memory_shared_bytes"), "shared, tmpfs"),
            (node("fructosa_memory_slab_bytes"), "kernel"),
        ),
        line_graph(
            "Swap space",
            "Used, free and total swap space.",
            "bytes",
            (node("fructosa_swap_used_bytes"), "used"),
            (node("fructosa_swap_free_bytes"), "free"),
            (node("fructosa_swap_total_bytes"), "total"),
        ),
        line_graph(
            "Swapping",
            "Data written to swap space and read back. If both last for more than a moment, that "
            "is bad.",
            "Bps",
            (node("fructosa_swap_out_bytes_total").rate(), "out"),
            (node("fructosa_swap_in_bytes_total").rate(), "in"),
        ),
        line_graph(
            "Memory errors",
            "Memory errors since the driver was loaded. An error that cannot be corrected is "
            "fatal.",
            "short",
            (
                node("fructosa_edac_corrected_errors_total", controller=ANY),
                "{controller} corrected",
            ),
            (
                node("fructosa_edac_uncorrected_errors_total", controller=ANY),
                "{controller} uncorrected",
            ),
            (
                node("fructosa_edac_corrected_unlocated_errors_total", controller=ANY),
                "{controller} corrected, DIMM unknown",
            ),
            (
                node("fructosa_edac_uncorrected_unlocated_errors_total", controller=ANY),
                "{controller} uncorrected, DIMM unknown",
            ),
        ),
        line_graph(
            "Memory errors by DIMM",
            "Which DIMM has errors. The table DIMMs shows its location.",
            "short",
            (
                node("fructosa_edac_dimm_corrected_errors_total", controller=ANY, dimm=ANY),
                "{controller} {dimm} corrected",
            ),
            (
                node("fructosa_edac_dimm_uncorrected_errors_total", controller=ANY, dimm=ANY),
                "{controller} {dimm} uncorrected",
            ),
        ),
    ),
)
