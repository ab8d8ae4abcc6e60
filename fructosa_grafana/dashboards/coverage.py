"""Which metrics have a panel, and why the others have none."""

from ..panels.panel import BACKENDS
from . import DASHBOARDS

# The reason by metric. A test checks that all other metrics that are on by default have a panel.
WITHOUT_PANEL = {
    "fructosa_agent_start_time_seconds": "counters that restart from 0 show a restart",
    "fructosa_clock_time_seconds": "alerts compare it with the time of the scrape",
    "fructosa_cpu_mode_ratio": "the same as the rate of fructosa_cpu_seconds_total",
    "fructosa_gpu_ecc_enabled": "a setting; errors are counted if it is on",
    "fructosa_gpu_memory_free_bytes": "total memory minus allocated and reserved memory",
    "fructosa_gpu_memory_reserved_bytes": "some hundred MB that the driver always reserves",
    "fructosa_gpu_mig_enabled": "MIG instances show it",
    "fructosa_gpu_mig_memory_free_bytes": "total memory of an instance minus allocated memory",
    "fructosa_gpu_pcie_receive_bytes_per_second": "off by default",
    "fructosa_gpu_pcie_transmit_bytes_per_second": "off by default",
    "fructosa_gpu_process_memory_bytes": "off by default: its series come and go with jobs",
    "fructosa_gpu_serial_info": "off by default",
    "fructosa_network_connection_info": "private, and off by default",
    "fructosa_textfile_mtime_seconds": "how old a file may be depends on its writer",
    "fructosa_user_session_info": "private, and off by default",
    "fructosa_user_session_start_time_seconds": "a line per terminal shows little",
}


def metrics_with_panel() -> set[str]:
    """Return the metrics that some panel queries."""
    return {
        leaf.metric
        for board in DASHBOARDS
        for backend in BACKENDS
        for leaf in board.leaves(backend)
    }
