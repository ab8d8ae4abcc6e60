"""All alerts, in the groups that Prometheus evaluates."""

from dataclasses import dataclass

from . import gpus, hardware, lmaster, nodes, slurm, slurm_nodes
from .alert import Alert


@dataclass(frozen=True)
class AlertGroup:
    """Alerts that are evaluated together; *title* is their heading in docs/alerting.md."""

    name: str
    title: str
    interval: str
    alerts: tuple[Alert, ...]


# A minute is shorter than most `for`. Queries over hours of many series run less often.
GROUPS = (
    AlertGroup("fructosa-nodes", "Nodes and agents", "1m", nodes.AVAILABILITY),
    AlertGroup("fructosa-sensors", "Sensors", "1m", nodes.SENSORS),
    AlertGroup("fructosa-memory", "Memory", "1m", nodes.MEMORY),
    AlertGroup("fructosa-filesystems", "File systems", "5m", nodes.DISKS),
    AlertGroup("fructosa-clocks", "Clocks", "1m", hardware.CLOCK),
    AlertGroup("fructosa-memory-errors", "Memory errors", "5m", hardware.MODULES),
    AlertGroup("fructosa-links", "Links", "5m", hardware.LINKS),
    AlertGroup("fructosa-temperatures", "Temperatures", "1m", hardware.TEMPERATURES),
    AlertGroup("fructosa-gpus", "GPUs", "1m", gpus.GPUS),
    AlertGroup("fructosa-slurm-nodes", "Nodes in Slurm", "1m", slurm_nodes.SLURM_NODES),
    AlertGroup("fructosa-slurm", "Slurm", "1m", slurm.SLURM),
    AlertGroup("fructosa-lmaster", "lmaster", "1m", lmaster.MASTER),
)

ALERTS = tuple(alert for group in GROUPS for alert in group.alerts)
