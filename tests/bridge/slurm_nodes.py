"""Slurm's nodes for tests: records, readings, lists, and a scontrol that prints them."""

from fructosa_bridge.nodes.slurm_nodes import NO_NODES
from fructosa_bridge.slurm_output.records import NodeRecord, PartitionRecord, SlurmReading
from fructosa_bridge.slurm_states.node_list import merged


def record(name, *partitions, address=None, host_name=None, state="IDLE"):
    """Return a node as scontrol reports it; *state* may have flags: IDLE+CLOUD."""
    base_state, *flags = state.split("+")
    return NodeRecord(
        name,
        address or name,
        host_name or name,
        base_state,
        frozenset(flags),
        partitions,
        cpus=1,
        allocated_cpus=0,
        memory_bytes=1,
        allocated_memory_bytes=0,
        gpus={},
        allocated_gpus={},
    )


def reading(*records, partitions=(), time_s=1000.0):
    """Return a reading of nodes, and of partitions, also those of the nodes."""
    names = {*partitions, *(name for one in records for name in one.partitions)}
    found = [PartitionRecord(name, is_up=True, total_nodes=1) for name in sorted(names)]
    return SlurmReading(time_s, nodes=list(records), partitions=found)


def node_list(*records, partitions=()):
    """Return the list of nodes after a first reading."""
    names = [one.name for one in reading(*records, partitions=partitions).partitions]
    return merged(NO_NODES, records, names, 1000.0, 600.0)


def write_scontrol(folder, *records, partitions=(), is_up=True):
    """Write a scontrol that reports these nodes, or that slurmctld is down."""
    found = reading(*records, partitions=partitions)
    lines = [_node_line(one) for one in found.nodes]
    lines += [f"PartitionName={one.name} State=UP TotalNodes=1" for one in found.partitions]
    ping = "" if is_up else "[ $1 = ping ] && { echo 'Slurmctld(primary) is DOWN'; exit 1; }\n"
    output = "\n".join(lines)
    path = folder / "scontrol"
    temporary = folder / "scontrol.new"
    temporary.write_text(f"#!/bin/sh\n{ping}[ $1 = ping ] && exit 0\ncat <<'END'\n{output}\nEND\n")
    temporary.chmod(0o755)
    temporary.replace(path)


def _node_line(one):
    state = "+".join([one.base_state, *sorted(one.flags)])
    return (
        f"NodeName={one.name} CPUAlloc=0 CPUTot=1 NodeAddr={one.address} "
        f"NodeHostName={one.host_name} RealMemory=1 AllocMem=0 State={state} "
        f"Partitions={','.join(one.partitions)}"
    )
