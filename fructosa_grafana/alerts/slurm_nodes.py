"""Alerts on nodes that are out of service in Slurm, or of which Slurm and lmaster disagree."""

from ..queries.slurm_states import OUT_OF_SERVICE, one_of
from .alert import Alert, Condition
from .slurm import OF_SLURM, matcher, once, titled, where

_S = "fructosa_slurm_"
_RUNS_JOBS = one_of("allocated", "mixed", "completing")
_LOST = one_of("down", "not_responding")
# A node in one of these takes jobs, or soon will, or takes none on purpose.
_FINE = one_of(
    *("idle", "mixed", "allocated", "completing", "planned", "reserved", "blocked"),
    *("powering_up", "rebooting", "maint"),
)

_OUT = f"sum by (cluster) ({once('cluster_nodes', matcher('state', OUT_OF_SERVICE), 'state')})"
_NOT_FUTURE = '{state!="future"}'
_ALL = f"sum by (cluster) ({once('cluster_nodes', _NOT_FUTURE, 'state')})"
_GRAPHITE_OUT = f"sumSeries({OF_SLURM}cluster_nodes.{OUT_OF_SERVICE.glob})"
_GRAPHITE_ALL = f'sumSeries(exclude({OF_SLURM}cluster_nodes.*, "future$"))'


def _targets(condition: str) -> str:
    """Return a target for the number of lmaster's targets in a condition, by section."""
    return f"aliasByNode({OF_SLURM}targets.{condition}.*, -1, -2)"


SLURM_NODES = (
    Alert(
        name="FructosaSlurmNodesOut",
        severity="critical",
        hold="15m",
        expr=f"{_OUT}\n/\n{_ALL} > 0.2",
        summary="{{ $value | humanizePercentage }} of the nodes in Slurm are out of service",
        description="{{ $value | humanizePercentage }} of the nodes{{ with $labels.cluster }} of "
        "{{ . }}{{ end }} are drained, draining, down or invalid in Slurm, or do not respond to "
        "slurmctld.",
        action="`sinfo -R` lists the reasons. Check what these nodes share.",
        why="A fifth of all nodes is more than repairs account for. Nodes in a maintenance "
        "reservation and those that are powered down do not count.",
        graphite=Condition(
            query=titled(
                f"divideSeries({_GRAPHITE_OUT}, {_GRAPHITE_ALL})", "share of nodes out of service"
            ),
            threshold=0.2,
        ),
    ),
    Alert(
        name="FructosaSlurmMoreNodesOut",
        severity="warning",
        hold="15m",
        expr=f"""\
{_OUT}
- avg_over_time({_OUT}[1d:10m])
> 2 + 0.02 * {_ALL}""",
        summary='{{ $value | printf "%.0f" }} more nodes than usual are out of service in Slurm',
        description='{{ $value | printf "%.0f" }} more nodes than in the mean of the last day are '
        "drained, draining, down or invalid in Slurm, or do not respond to slurmctld.",
        action="`sinfo -R` lists the reasons, the latest ones last. If it is planned, reserve "
        "nodes for maintenance before you drain them.",
        why="Some nodes are always in repair. The threshold is two nodes and 2 % of all nodes more "
        "than in the mean of a day, which they become part of. The alert ends after a day.",
        graphite=Condition(
            query=titled(
                where(
                    _GRAPHITE_OUT,
                    f"diffSeries({_GRAPHITE_OUT}, movingAverage({_GRAPHITE_OUT}, '1d'), "
                    f"scale({_GRAPHITE_ALL}, 0.02))",
                ),
                "nodes out of service beyond what is usual",
            ),
            threshold=2,
        ),
    ),
    Alert(
        name="FructosaSlurmPartitionOut",
        severity="warning",
        hold="30m",
        expr=f"""\
sum by (cluster, partition) (
  {_S}nodes{matcher("state", _FINE)}
) == 0
and on (cluster, partition)
{_S}pending_cpus > 0""",
        summary="No node of partition {{ $labels.partition }} takes jobs",
        description="All nodes of partition {{ $labels.partition }} are drained, down or powered "
        "down, and jobs wait for them.",
        action="`sinfo -R` lists the reasons. If the nodes are powered "
        "down, check why Slurm does not power them up.",
        why="A partition that is powered down raises this alert, not one for each of its nodes, "
        "and only if jobs wait. 30 minutes are enough to power nodes up. Nodes in a maintenance "
        "reservation do not count as out of service.",
        graphite=Condition(
            query=f"groupByNodes(group({OF_SLURM}pending_cpus.*, "
            "offset(scale("
            f"groupByNodes({OF_SLURM}nodes.*.{_FINE.glob}, 'sum', -2), -1), 1)), "
            "'multiply', -1)",
        ),
    ),
    Alert(
        name="FructosaSlurmNodeLost",
        severity="warning",
        hold="10m",
        expr=f"""\
{once("node_state", matcher("state", _LOST), "node", "state")}
and on (cluster, node)
(fructosa_node_expected == 1 and on (cluster, instance) up == 1)""",
        summary="Slurm has lost {{ $labels.node }}, though its agent responds",
        description="{{ $labels.node }} is {{ $labels.state }} in Slurm, but its agent responds. "
        "The node gets no jobs.",
        action="Check slurmd on the node and its log, the network to slurmctld, and the reason in "
        "`sinfo -R`. Then resume the node with `scontrol update`.",
        why="After a reboot, slurmd is there within minutes. A node that a person has set down "
        "raises no alert.",
        graphite=Condition(query=_targets("lost_by_slurm")),
    ),
    Alert(
        name="FructosaSlurmAgentDead",
        severity="warning",
        hold="15m",
        expr=f"""\
{once("node_state", matcher("state", _RUNS_JOBS), "node", "state")}
and on (cluster, node)
(fructosa_node_expected == 1 and on (cluster, instance) up == 0)
unless on (cluster, node)
(fructosa_node_expected == 1 and on (cluster, instance) up == 1)""",
        summary="The agent of {{ $labels.node }} is dead, though jobs run there",
        description="No target on {{ $labels.node }} responds to scrapes, but slurmctld still runs "
        "jobs there (state {{ $labels.state }}). The node is up; its agent is dead or cannot be "
        "reached.",
        action="Find the reason with `lmaster ping`, and restart the agent. The node need not be "
        "drained.",
        why="slurmctld sets a node that has died down after SlurmdTimeout, by default 5 minutes. "
        "15 minutes are longer than that.",
        graphite=Condition(query=_targets("agent_dead")),
    ),
)
