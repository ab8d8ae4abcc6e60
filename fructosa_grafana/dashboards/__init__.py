"""The dashboards. One more is a module here, and a name in this list."""

from ..panels.dashboard import Dashboard
from .cluster import CLUSTER
from .gpus import GPUS
from .node import NODE
from .self_monitoring import ITSELF

BOARDS: tuple[Dashboard, ...] = (CLUSTER, NODE, GPUS, ITSELF)
