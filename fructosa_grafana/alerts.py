"""All alerts, in the groups in which Prometheus evaluates them."""

from dataclasses import dataclass

from . import gpu_alerts, hardware_alerts, master_alerts, node_alerts
from .alert import Alert


@dataclass(frozen=True)
class AlertGroup:
    """Alerts that are evaluated together; *title* heads them in the docs."""

    name: str
    title: str
    interval: str
    alerts: tuple[Alert, ...]


# A minute is finer than any `for`. What looks at hours of many series is evaluated seldom.
GROUPS = (
    AlertGroup("fructosa-nodes", "Nodes and agents", "1m", node_alerts.AVAILABILITY),
    AlertGroup("fructosa-sensors", "Sensors", "1m", node_alerts.SENSORS),
    AlertGroup("fructosa-memory", "Memory", "1m", node_alerts.MEMORY),
    AlertGroup("fructosa-filesystems", "File systems", "5m", node_alerts.DISKS),
    AlertGroup("fructosa-clocks", "Clocks", "1m", hardware_alerts.CLOCK),
    AlertGroup("fructosa-memory-errors", "Memory errors", "5m", hardware_alerts.MODULES),
    AlertGroup("fructosa-links", "Links", "5m", hardware_alerts.LINKS),
    AlertGroup("fructosa-temperatures", "Temperatures", "1m", hardware_alerts.TEMPERATURES),
    AlertGroup("fructosa-gpus", "GPUs", "1m", gpu_alerts.GPUS),
    AlertGroup("fructosa-lmaster", "lmaster", "1m", master_alerts.MASTER),
)

ALERTS = tuple(alert for group in GROUPS for alert in group.alerts)
