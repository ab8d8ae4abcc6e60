"""The dashboards. To add one, write a module here and add its name to DASHBOARDS."""

from ..panels.dashboard import Dashboard
from .cluster import CLUSTER
from .gpus import GPUS
from .node import NODE
from .self_monitoring import ITSELF
from .slurm import SLURM

DASHBOARDS: tuple[Dashboard, ...] = (CLUSTER, NODE, GPUS, SLURM, ITSELF)
