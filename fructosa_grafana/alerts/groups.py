"""All alerts, in the groups in which Prometheus evaluates them."""

from dataclasses import dataclass

from . import gpus, hardware, lmaster, nodes
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
    AlertGroup("fructosa-nodes", "Nodes and agents", "1m", nodes.AVAILABILITY),
    AlertGroup("fructosa-sensors", "Sensors", "1m", nodes.SENSORS),
    AlertGroup("fructosa-memory", "Memory", "1m", nodes.MEMORY),
    AlertGroup("fructosa-filesystems", "File systems", "5m", nodes.DISKS),
    AlertGroup("fructosa-clocks", "Clocks", "1m", hardware.CLOCK),
    AlertGroup("fructosa-memory-errors", "Memory errors", "5m", hardware.MODULES),
    AlertGroup("fructosa-links", "Links", "5m", hardware.LINKS),
    AlertGroup("fructosa-temperatures", "Temperatures", "1m", hardware.TEMPERATURES),
    AlertGroup("fructosa-gpus", "GPUs", "1m", gpus.GPUS),
    AlertGroup("fructosa-lmaster", "lmaster", "1m", lmaster.MASTER),
)

ALERTS = tuple(alert for group in GROUPS for alert in group.alerts)
