"""The dashboards. One more is a module here, and a name in this list."""

from ..panels import Dashboard
from .cluster import CLUSTER
from .gpus import GPUS
from .itself import ITSELF
from .node import NODE

BOARDS: tuple[Dashboard, ...] = (CLUSTER, NODE, GPUS, ITSELF)
