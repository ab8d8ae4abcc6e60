"""Alerts on slurmctld, the queue and the scheduler, by what lmaster reads of Slurm."""

from fructosa_service.device_names import NamePattern

from ..queries.graphite import percent
from ..queries.slurm_states import one_of
from .alert import PREFIX, Alert, Condition

_S = "fructosa_slurm_"
OF_SLURM = f"{PREFIX}.slurm.{_S}"
"""How the paths of Slurm begin in Graphite."""
# Jobs with one of these wait for nothing but nodes.
_REASONS = one_of("None", "Priority", "Resources")


def once(metric: str, matchers: str = "", *labels: str) -> str:
    """Return the series with these *labels*, once if both lmasters of a hot pair report them."""
    return f"max by ({', '.join(['cluster', *labels])}) ({_S}{metric}{matchers})"


def matcher(label: str, values: NamePattern) -> str:
    """Return the selector of PromQL for series whose label has one of these values."""
    return f'{{{label}=~"{values.regex}"}}'


def titled(target: str, name: str) -> str:
    """Return a target whose only series has this name."""
    return f'alias({target}, "{name}")'


def where(there: str, target: str) -> str:
    """Return a *target* without the values where another one, *there*, has none."""
    return f"divideSeries({target}, offset(scale({there}, 0), 1))"


_WAITING = (
    f"sum by (cluster, partition) ("
    f"{once('pending_jobs', matcher('reason', _REASONS), 'partition', 'reason')})"
)
_GRAPHITE_WAITING = (
    f"groupByNodes(group(groupByNodes({OF_SLURM}pending_jobs.*.{_REASONS.glob}, 'sum', -2), "
    f"scale({OF_SLURM}pending_nodes.*, 0)), 'sum', -1)"
)
_IDLE = '{state="idle"}'


def _fits(idle: str, wanted: str) -> str:
    """Return whether so many are idle as the mean job that waits asks for."""
    of_a_job = f"{once(wanted, '', 'partition')} / {_WAITING}"
    return f"{once(idle, _IDLE, 'partition')}\n>= (\n  {of_a_job} > 0\n)"


def _graphite_fits(idle: str, wanted: str) -> str:
    """Return a target that is at least 1 for each partition in which they are idle."""
    all_wanted = f"groupByNodes({OF_SLURM}{wanted}.*, 'sum', -1)"
    of_a_job = percent(all_wanted, _GRAPHITE_WAITING, 1)
    return (
        f"offset(groupByNodes(group(groupByNodes({OF_SLURM}{idle}.*.idle, 'sum', -2), "
        f"scale({of_a_job}, -0.01)), 'sum', -1), 1)"
    )


_STARTED = f"{OF_SLURM}job_events_total.started"
_GRAPHITE_COULD_START = (
    f"groupByNodes(group({_GRAPHITE_WAITING}, {_graphite_fits('nodes', 'pending_nodes')}, "
    f"{_graphite_fits('cpus', 'pending_cpus')}), 'min', -1)"
)


SLURM = (
    Alert(
        name="FructosaSlurmDown",
        severity="critical",
        hold="5m",
        expr=f"{once('up')} == 0",
        summary="slurmctld does not respond",
        description="slurmctld{{ with $labels.cluster }} of {{ . }}{{ end }} does not respond to "
        "lmaster. No job is started. What is known of the nodes is the last state that lmaster "
        "read.",
        action="Check whether slurmctld runs, and its log. The log of lmaster has the message of "
        "`scontrol ping`; it may be that lmaster finds no scontrol or no slurm.conf.",
        why="A restart of slurmctld takes less time. There is one alert for the cluster: nodes do "
        "not become down because slurmctld is.",
        graphite=Condition(query=titled(f"{OF_SLURM}up", "slurmctld"), evaluator="lt", threshold=1),
    ),
    Alert(
        name="FructosaSlurmUnreadable",
        severity="warning",
        hold="15m",
        expr=f"""\
sum by (cluster, instance, command, result) (
  increase({_S}commands_total{{command!="ping",result!="ok"}}[10m])
) > 0""",
        summary="lmaster cannot read Slurm: {{ $labels.command }} {{ $labels.result }}",
        description="slurmctld responds, but the command {{ $labels.command }} of lmaster at "
        "{{ $labels.instance }} fails again and again (result {{ $labels.result }}). What it "
        "reports is missing.",
        action="The log of lmaster says what to do. For the results denied and hidden: give the "
        "user of lmaster the rights that PrivateData requires.",
        why="A single command may take too long while slurmctld is busy. For an `interval` of "
        "more than 5 minutes, `10m` must be twice the interval.",
        graphite=Condition(
            query=f"aliasByNode(perSecond(exclude({OF_SLURM}commands_total.*.*, "
            r"'commands_total\.ping\.|\.ok$')), -2, -1)",
            reducer="min",
        ),
    ),
    Alert(
        name="FructosaSlurmQueueStuck",
        severity="critical",
        hold="30m",
        expr=f"""\
{_fits("nodes", "pending_nodes")}
and
{_fits("cpus", "pending_cpus")}
and on (cluster)
max by (cluster) (
  increase({_S}job_events_total{{event="started"}}[5m])
) == 0""",
        summary="Slurm starts no jobs, though nodes are idle in {{ $labels.partition }}",
        description="Slurm has started no job for 30 minutes. {{ $value }} nodes of partition "
        "{{ $labels.partition }} are idle, and jobs that ask for no more wait for nothing but "
        "nodes.",
        action="`scontrol show job` shows what such a job waits for. Check the log of slurmctld, "
        "and whether `sdiag` reports cycles of the scheduler.",
        why="The scheduler runs at least once a minute. Only jobs with the reasons None, Priority "
        "and Resources count: the others wait for something else. The mean of these jobs must fit "
        "into the idle nodes and CPUs.",
        graphite=Condition(
            query=titled(
                f"divideSeries(maxSeries({_GRAPHITE_COULD_START}), "
                f"offset(scale(nonNegativeDerivative({_STARTED}), 1000000), 1))",
                "jobs or nodes that could be used",
            ),
            reducer="min",
            threshold=0.99,
            window="30m",
        ),
    ),
    Alert(
        name="FructosaSlurmBackfillStuck",
        severity="warning",
        hold="5m",
        expr=f"""\
min by (cluster) ({_S}backfill_age_seconds) > 1800
and on (cluster)
{once("cluster_pending_cpus")} > 0""",
        summary="Slurm's backfill scheduler has not run for {{ $value | humanizeDuration }}",
        description="The last cycle of the backfill scheduler began "
        "{{ $value | humanizeDuration }} ago, and jobs wait.",
        action="Check the log of slurmctld. If a cycle takes too long, lower bf_max_job_test or "
        "bf_window in SchedulerParameters.",
        why="By default, backfill begins a cycle every 30 s, and a cycle ends within minutes. If "
        "bf_interval is longer than 10 minutes, the threshold must be higher.",
        graphite=Condition(
            query=titled(
                where(
                    f"{OF_SLURM}cluster_pending_cpus",
                    f"minSeries({OF_SLURM}backfill_age_seconds, "
                    f"scale({OF_SLURM}cluster_pending_cpus, 1000000))",
                ),
                "age of the last backfill cycle",
            ),
            threshold=1800,
        ),
    ),
    Alert(
        name="FructosaSlurmDBDQueueGrowing",
        severity="warning",
        hold="15m",
        expr=f"""\
{once("dbd_agent_queue_size")} > 100
and on (cluster)
max by (cluster) (deriv({_S}dbd_agent_queue_size[15m])) > 0""",
        summary="{{ $value | humanize }} records of Slurm wait for slurmdbd",
        description="{{ $value | humanize }} records wait in slurmctld for slurmdbd, and their "
        "number increases. When MaxDBDMsgs is reached, accounting records are lost.",
        action="Check whether slurmdbd and its database run, and the log of slurmdbd.",
        why="The queue is near 0 while slurmdbd works. A burst of jobs is gone within minutes.",
        graphite=Condition(
            query=titled(f"{OF_SLURM}dbd_agent_queue_size", "records that wait for slurmdbd"),
            reducer="min",
            threshold=100,
            window="15m",
        ),
    ),
    Alert(
        name="FructosaSlurmJobsFailing",
        severity="warning",
        hold="10m",
        expr=f"{once('node_failed_jobs_max')} > 10",
        summary="{{ $value }} jobs have failed on one node",
        description="{{ $value }} jobs have failed on one node within minutes (MinJobAge), and "
        "this goes on. A broken node ends each job at once and takes the next one.",
        action="`squeue -h -t F,NF,BF,OOM -o %N | sort | uniq -c | sort -n` shows the node. Drain "
        "it until its cause is known.",
        why="Jobs of one user may all fail, but seldom on one node alone, and not for 10 minutes. "
        "Jobs on several nodes do not count.",
        graphite=Condition(
            query=titled(f"{OF_SLURM}node_failed_jobs_max", "jobs that failed on one node"),
            threshold=10,
        ),
    ),
)
