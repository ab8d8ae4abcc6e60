"""A Slurm that has been read: a monitor that knows nodes and jobs, without any command."""

from fructosa_bridge.config.slurm_settings import SlurmSettings
from fructosa_bridge.config.targets import slurm_target
from fructosa_bridge.slurm.monitor import SlurmMonitor
from fructosa_bridge.slurm_output.records import JobRecord, NodeRecord, SlurmReading
from fructosa_bridge.slurm_states.matching import NodeIndex
from fructosa_bridge.slurm_states.node_states import node_state

SLURM_USER = "slurm"


def node(name, state="IDLE", reason=None, by=SLURM_USER, since_s=None, host=None, address=None):
    """Return a node in a state such as ``IDLE+DRAIN``, as scontrol writes it."""
    base_state, *flags = state.split("+")
    return NodeRecord(
        name,
        address or name,
        host or name,
        base_state,
        frozenset(flags),
        partitions=("debug",),
        cpus=4,
        allocated_cpus=0,
        memory_bytes=2**30,
        allocated_memory_bytes=0,
        gpus={},
        allocated_gpus={},
        reason=reason,
        reason_user=None if reason is None else by,
        reason_time_s=since_s,
    )


def failed_job(on):
    """Return a job that has failed on a node."""
    fields = dict.fromkeys(JobRecord._fields, "")
    return JobRecord(**fields | {"state": "FAILED", "nodes": on, "node_count": "1"})


def slurm(*nodes, jobs=(), time_s=1.7e9, is_up=True, **settings):
    """Return a monitor that has read these nodes; without nodes, it has read nothing yet."""
    found = SlurmSettings(**settings)
    target = slurm_target(found.interval_s, 9889, None, "plain")
    monitor = SlurmMonitor(found, target, queue=None, clock=lambda: time_s)
    if nodes:
        monitor.index = NodeIndex(nodes)
        monitor.states = {one.name: node_state(one, SLURM_USER) for one in nodes}
        monitor.reading = SlurmReading(time_s, jobs=jobs, nodes=nodes)
        monitor.did_respond = is_up
    return monitor


def many_nodes(count):
    """Return the nodes of fake_status.many(): one in 100 is drained, one in 50 powered down."""
    states = {99: "IDLE+DRAIN", 49: "IDLE+POWERED_DOWN", 48: "ALLOCATED", 47: "DOWN+NOT_RESPONDING"}
    return [
        node(f"node{number:05}", states.get(number % 100, "MIXED"), f"reason {number}", since_s=1e9)
        for number in range(count)
    ]
