"""Which metrics dashboards show, and which they leave out and why."""

from ..panels.panel import BACKENDS
from . import BOARDS

# By metric. A test holds that all other metrics that sensors tell by default are shown.
NOT_SHOWN = {
    "fructosa_agent_start_time_seconds": "a start shows as counters that begin anew",
    "fructosa_clock_time_seconds": "alerts compare it with the time of the scrape",
    "fructosa_cpu_mode_ratio": "the same as the rate of fructosa_cpu_seconds_total",
    "fructosa_gpu_ecc_enabled": "a setting; errors are counted where it is on",
    "fructosa_gpu_memory_free_bytes": "what is installed less what is allocated and reserved",
    "fructosa_gpu_memory_reserved_bytes": "some hundred MB that the driver always keeps",
    "fructosa_gpu_mig_enabled": "instances show it",
    "fructosa_gpu_mig_memory_free_bytes": "what an instance has less what is allocated",
    "fructosa_gpu_pcie_receive_bytes_per_second": "told only on request",
    "fructosa_gpu_pcie_transmit_bytes_per_second": "told only on request",
    "fructosa_gpu_process_memory_bytes": "told only on request: its series come and go with jobs",
    "fructosa_gpu_serial_info": "told only on request",
    "fructosa_network_connection_info": "private, and told only on request",
    "fructosa_textfile_mtime_seconds": "how old a file may be is its writer's matter",
    "fructosa_user_session_info": "private, and told only on request",
    "fructosa_user_session_start_time_seconds": "a time for each terminal says little as a line",
}


def shown() -> set[str]:
    """Return the metrics that some panel asks for."""
    return {
        leaf.metric for board in BOARDS for backend in BACKENDS for leaf in board.leaves(backend)
    }
