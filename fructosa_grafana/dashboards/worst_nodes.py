"""The worst nodes, by symptom."""

from ..panels import thresholds
from ..panels.dashboard import COLLAPSED_IN_GRAPHITE, Row
from ..panels.panel import Bars, Query
from ..queries.expressions import ANY, nodes

_BUSY = nodes("fructosa_load_average", minutes="1") / nodes("fructosa_cpu_threads")
_MEMORY_RATIO = nodes("fructosa_memory_utilization_ratio")
_SWAP_RATIO = nodes("fructosa_swap_utilization_ratio")
_DISK_RATIO = nodes("fructosa_filesystem_utilization_ratio", mountpoint=ANY)

WORST = Row(
    "Worst nodes",
    (
        Bars(
            title="Most load",
            description="Load a hardware thread: more than 100 % means that threads wait.",
            queries=(Query(_BUSY.top(10), "{instance}"),),
            unit="percentunit",
            minimum=0,
            thresholds=thresholds.LOAD,
            width=8,
            links_to_node=True,
        ),
        Bars(
            title="Least memory left",
            description="Share of the memory that is not available any more.",
            queries=(Query(_MEMORY_RATIO.top(10), "{instance}"),),
            unit="percentunit",
            minimum=0,
            maximum=1,
            thresholds=thresholds.FULLNESS,
            width=8,
            links_to_node=True,
        ),
        Bars(
            title="Fullest file systems",
            description="Share of the space for ordinary users that is in use.",
            queries=(Query(_DISK_RATIO.top(10), "{instance} {mountpoint}"),),
            unit="percentunit",
            minimum=0,
            maximum=1,
            thresholds=thresholds.FULLNESS,
            width=8,
        ),
        Bars(
            title="Most swap in use",
            description="Share of the swap space in use, of nodes that have some.",
            queries=(Query(_SWAP_RATIO.top(10), "{instance}"),),
            unit="percentunit",
            minimum=0,
            maximum=1,
            thresholds=thresholds.FULLNESS,
            width=8,
            links_to_node=True,
        ),
        Bars(
            title="Most threads blocked",
            description="Threads that wait for a disk, or on many nodes for a file server.",
            queries=(Query(nodes("fructosa_process_blocked_threads").top(10), "{instance}"),),
            minimum=0,
            thresholds=((None, "green"), (8, "yellow"), (64, "red")),
            width=8,
            links_to_node=True,
        ),
        Bars(
            title="Clocks most off",
            description="By how much the clock is likely to be off, as its daemon says.",
            queries=(Query(nodes("fructosa_clock_estimated_error_seconds").top(10), "{instance}"),),
            unit="s",
            minimum=0,
            thresholds=thresholds.CLOCK_ERROR,
            width=8,
            links_to_node=True,
        ),
        Bars(
            title="Memory errors corrected",
            description="Errors of memory that were corrected since the driver was loaded.",
            queries=(
                Query(
                    nodes("fructosa_edac_corrected_errors_total", controller=ANY)
                    .sum("instance")
                    .top(10),
                    "{instance}",
                ),
            ),
            minimum=0,
            thresholds=((None, "green"), (1, "yellow"), (1000, "red")),
            width=8,
            links_to_node=True,
        ),
        Bars(
            title="Memory errors not corrected",
            description="Errors of memory that could not be corrected since the driver was loaded.",
            queries=(
                Query(
                    nodes("fructosa_edac_uncorrected_errors_total", controller=ANY)
                    .sum("instance")
                    .top(10),
                    "{instance}",
                ),
            ),
            minimum=0,
            thresholds=thresholds.NONE_IS_GOOD,
            width=8,
            links_to_node=True,
        ),
        Bars(
            title="Sensors that fail",
            description="Sensors of a node whose last reading failed.",
            queries=(
                Query(
                    nodes("fructosa_sensor_success", sensor=ANY)
                    .complement()
                    .sum("instance")
                    .top(10),
                    "{instance}",
                ),
            ),
            minimum=0,
            thresholds=thresholds.NONE_IS_GOOD,
            width=8,
            links_to_node=True,
        ),
    ),
    collapsed_in=COLLAPSED_IN_GRAPHITE,
)
