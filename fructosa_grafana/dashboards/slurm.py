"""The dashboard Slurm: what Slurm reports of its nodes, its queue and its scheduler."""

from ..panels.dashboard import Dashboard
from ..slurm_rows.nodes import NODES
from ..slurm_rows.now import NOW
from ..slurm_rows.queue import QUEUE
from ..slurm_rows.reading import READING
from ..slurm_rows.scheduler import SCHEDULER
from ..slurm_rows.sharers import SHARERS

SLURM = Dashboard(
    name="slurm",
    title="Slurm",
    description="What Slurm reports of its nodes, its queue and its scheduler, once for the whole "
    "cluster. lmaster reads it with the section [slurm]. If Prometheus has several clusters, "
    "choose one.",
    scope="slurm",
    node_metric="fructosa_slurm_up",
    rows=(NOW, QUEUE, NODES, SCHEDULER, READING, SHARERS),
)
