"""Memory, swap space and memory errors."""

from ..panels.dashboard import Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, node

MEMORY = Row(
    "Memory",
    (
        line_graph(
            "Use",
            "What memory is used for. What is cached is given back when programs want it.",
            "bytes",
            (node("fructosa_memory_used_bytes"), "used"),
            (node("fructosa_memory_cached_bytes"), "cached"),
            (node("fructosa_memory_buffers_bytes"), "buffers"),
            (node("fructosa_memory_free_bytes"), "free"),
            stacked=True,
        ),
        line_graph(
            "Left",
            "What programs can still have without swapping, beside what is installed.",
            "bytes",
            (node("fructosa_memory_available_bytes"), "available"),
            (node("fructosa_memory_total_bytes"), "installed"),
        ),
        line_graph(
            "Kinds",
            "Other looks at the same memory.",
            "bytes",
            (node("fructosa_memory_active_bytes"), "active"),
            (node("fructosa_memory_inactive_bytes"), "inactive"),
            (node("fructosa_memory_shared_bytes"), "shared, tmpfs"),
            (node("fructosa_memory_slab_bytes"), "kernel"),
        ),
        line_graph(
            "Swap space",
            "Swap space in use, beside what there is.",
            "bytes",
            (node("fructosa_swap_used_bytes"), "used"),
            (node("fructosa_swap_free_bytes"), "free"),
            (node("fructosa_swap_total_bytes"), "all"),
        ),
        line_graph(
            "Swapping",
            "What is written out to swap space and read back. More than a moment of both is bad.",
            "Bps",
            (node("fructosa_swap_out_bytes_total").rate(), "out"),
            (node("fructosa_swap_in_bytes_total").rate(), "in"),
        ),
        line_graph(
            "Memory errors",
            "Errors of memory since the driver was loaded. One that can't be corrected kills.",
            "short",
            (
                node("fructosa_edac_corrected_errors_total", controller=ANY),
                "{controller} corrected",
            ),
            (
                node("fructosa_edac_uncorrected_errors_total", controller=ANY),
                "{controller} not corrected",
            ),
            (
                node("fructosa_edac_corrected_unlocated_errors_total", controller=ANY),
                "{controller} corrected, DIMM unknown",
            ),
            (
                node("fructosa_edac_uncorrected_unlocated_errors_total", controller=ANY),
                "{controller} not corrected, DIMM unknown",
            ),
        ),
        line_graph(
            "Memory errors of DIMMs",
            "Which DIMM has errors. The table of DIMMs says where it is.",
            "short",
            (
                node("fructosa_edac_dimm_corrected_errors_total", controller=ANY, dimm=ANY),
                "{controller} {dimm} corrected",
            ),
            (
                node("fructosa_edac_dimm_uncorrected_errors_total", controller=ANY, dimm=ANY),
                "{controller} {dimm} not corrected",
            ),
        ),
    ),
)
