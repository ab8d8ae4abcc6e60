"""The output of ``scontrol show job -d -o``: which GPUs each job has on each of its nodes.

Between the keys of a record are texts of users, as the name of the job, which may look like keys or
like another record. What is found twice counts as not known: a forger hides nobody's GPUs but may
make them unknown.
"""

import re
from collections.abc import Mapping

from ..model.errors import SlurmError
from .gpu_indexes import GPUUse, gpu_use
from .host_lists import node_names

ARGUMENTS = ("-a", "-d", "-o", "show", "job")
CUT = "scontrol show job: its output ends in the middle: {end}"
_JOB = re.compile(r"JobId=([0-9]{1,10}) ")
_NODES = r" ++Nodes=[^\s=]{1,100000} CPU_IDs=[^\s=]* Mem=[0-9]+ GRES=[^\s=]*"
_DETAILS = re.compile(rf"(?<! )((?:{_NODES})+) ++MinCPUsNode=")
_NODE = re.compile(r"Nodes=(\S+) CPU_IDs=\S* Mem=[0-9]+ GRES=(\S*)")

JobDetails = Mapping[str, Mapping[str, GPUUse]]
"""The GPUs of each job, by its id and by node; those of a job may be unknown: it is missing."""


def parse(output: str) -> JobDetails:
    """Return the GPUs of the jobs in the *output*, of those that have begun.

    Raises: SlurmError if it was cut.
    """
    if output and not output.endswith("\n"):
        raise SlurmError(CUT.format(end=repr(output[-60:])))
    found: dict[str, Mapping[str, GPUUse]] = {}
    seen: set[str] = set()
    for line in output.split("\n"):
        match = _JOB.match(line)
        if match is None:
            continue
        job_id = match[1]
        if job_id in seen:
            found.pop(job_id, None)
            continue
        seen.add(job_id)
        if (details := _details(line)) is not None:
            found[job_id] = details
    return found


def _details(line: str) -> Mapping[str, GPUUse] | None:
    parts = _DETAILS.findall(line) if "GRES=" in line else []
    if len(parts) != 1:
        return None
    by_node: dict[str, GPUUse] = {}
    for nodes, gres in _NODE.findall(parts[0]):
        use = gpu_use(gres)
        for name in node_names(nodes):
            if name in by_node:
                return None
            by_node[name] = use
    return by_node
