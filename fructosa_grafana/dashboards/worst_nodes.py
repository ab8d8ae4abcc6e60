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
            title="Highest load",
            description="Load per hardware thread. Above 100 %, threads wait.",
            queries=(Query(_BUSY.top(10), "{instance}"),),
            unit="percentunit",
            minimum=0,
            thresholds=thresholds.LOAD,
            width=8,
            links_to_node=True,
        ),
        Bars(
            title="Fullest memory",
            description="Share of memory that is no longer available.",
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
            description="Used share of the space for ordinary users.",
            queries=(Query(_DISK_RATIO.top(10), "{instance} {mountpoint}"),),
            unit="percentunit",
            minimum=0,
            maximum=1,
            thresholds=thresholds.FULLNESS,
            width=8,
        ),
        Bars(
            title="Most swap in use",
            description="Used share of swap space, on nodes that have some.",
            queries=(Query(_SWAP_RATIO.top(10), "{instance}"),),
            unit="percentunit",
            minimum=0,
            maximum=1,
            thresholds=thresholds.FULLNESS,
            width=8,
            links_to_node=True,
        ),
        Bars(
            title="Most blocked threads",
            description="Threads that wait for a disk or, on many nodes at once, for a file "
            "server.",
            queries=(Query(nodes("fructosa_process_blocked_threads").top(10), "{instance}"),),
            minimum=0,
            thresholds=((None, "green"), (8, "yellow"), (64, "red")),
            width=8,
            links_to_node=True,
        ),
        Bars(
            title="Largest clock errors",
            description="Estimated error of the clock, as reported by the time daemon.",
            queries=(Query(nodes("fructosa_clock_estimated_error_seconds").top(10), "{instance}"),),
            unit="s",
            minimum=0,
            thresholds=thresholds.CLOCK_ERROR,
            width=8,
            links_to_node=True,
        ),
        Bars(
            title="Corrected memory errors",
            description="Memory errors that were corrected since the driver was loaded.",
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
            title="Uncorrected memory errors",
            description="Memory errors since the driver was loaded that could not be corrected.",
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
            title="Failing sensors",
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
