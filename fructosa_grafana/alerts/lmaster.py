"""Alerts on lmaster, by the metrics that it exposes about itself on port 9889."""

from .alert import Alert, Condition
from .graphite_targets import each, each_rate, path

_OF = "(cluster, job, instance)"
_POINTS = "fructosa_master_queue_points"
_BYTES = "fructosa_master_queue_bytes"
_LIMIT = "fructosa_master_queue_limit_bytes"
_SAMPLES = "fructosa_master_samples_total"
_MISSED = "fructosa_master_slots_missed_total"
_SCRAPES = "fructosa_master_scrapes_total"

MASTER = (
    Alert(
        name="FructosaMasterDown",
        severity="critical",
        hold="5m",
        expr='max by (cluster, instance) (up{job=~"lmaster.*"}) == 0',
        summary="lmaster at {{ $labels.instance }} is down",
        description="lmaster at {{ $labels.instance }} does not respond to scrapes. Graphite gets "
        "no data.",
        action="Check `lmaster status` and the log. Nodes are not scraped until lmaster runs.",
        why="A restart takes seconds. A dead lmaster writes nothing to Graphite, so there missing "
        "data raise the alert.",
        graphite=Condition(
            query=f"transformNull(maxSeries({path('fructosa_master_ready')}), 0)",
            reducer="max",
            evaluator="lt",
            threshold=1,
            when_no_data="Alerting",
        ),
    ),
    Alert(
        name="FructosaMasterNotReady",
        severity="critical",
        hold="10m",
        expr="fructosa_master_ready == 0",
        summary="lmaster at {{ $labels.instance }} does not scrape",
        description="lmaster at {{ $labels.instance }} runs, but has not started to scrape.",
        action="Its log shows what it waits for.",
        why="Reading a long queue at startup may take a minute.",
        graphite=Condition(query=each("fructosa_master_ready"), evaluator="lt", threshold=1),
    ),
    Alert(
        name="FructosaMasterQueueGrowing",
        severity="warning",
        hold="10m",
        expr=f"""\
{_POINTS}
/ on {_OF} group_left ()
rate({_SAMPLES}[10m]) > 300
and deriv({_POINTS}[15m]) > 0""",
        summary="The queue of lmaster for {{ $labels.destination }} grows",
        description="At {{ $labels.instance }}, {{ $value | humanizeDuration }} worth of points "
        "wait for {{ $labels.destination }}, and their number increases.",
        action="Check whether the destination is down, slow, or limited by the settings of carbon.",
        why="No restart leaves a backlog of five minutes, and a backlog that is being delivered "
        "shrinks. The age of the queue's files says little, since one file may last for hours.",
        graphite=Condition(
            query=f"alias(divideSeries(maxSeries({path(_POINTS, 1)}), "
            f'sumSeries(perSecond({path(_SAMPLES)}))), "seconds of points that wait")',
            reducer="min",
            threshold=300,
        ),
    ),
    Alert(
        name="FructosaMasterQueueFilling",
        severity="critical",
        hold="5m",
        expr=f"{_BYTES} / {_LIMIT} > 0.5",
        summary="The queue of lmaster is {{ $value | humanizePercentage }} full",
        description="The queue of lmaster at {{ $labels.instance }} has reached "
        "{{ $value | humanizePercentage }} of `queue bytes`. When it is full, lmaster drops the "
        "oldest points.",
        action="Bring the destination back, or raise `queue bytes` and run `lmaster reload`.",
        why="A queue that is delivered never gets near to half. Half leaves time to act.",
        graphite=Condition(
            query=f"aliasByNode(divideSeriesLists({path(_BYTES)}, {path(_LIMIT)}), -2)",
            threshold=0.5,
        ),
    ),
    Alert(
        name="FructosaMasterQueueNotOnDisk",
        severity="critical",
        hold="5m",
        expr="fructosa_master_queue_on_disk == 0",
        summary="The queue of lmaster cannot be written",
        description="lmaster at {{ $labels.instance }} cannot write its queue. Points are only in "
        "memory, and are lost when lmaster exits.",
        action="Check the log, and whether the disk of `data directory` is full or read-only. Do "
        "not restart lmaster before that is fixed.",
        why="lmaster retries by itself. Five minutes allow for that.",
        graphite=Condition(
            query=each("fructosa_master_queue_on_disk"), evaluator="lt", threshold=1
        ),
    ),
    Alert(
        name="FructosaMasterJobsNotKept",
        severity="critical",
        hold="10m",
        expr="fructosa_master_job_archive_writable == 0",
        summary="The archive of jobs cannot be written",
        description="lmaster at {{ $labels.instance }} cannot write its archive of jobs. They are "
        "only in memory, and are lost when lmaster exits.",
        action="Check the log, and whether the disk of `data directory` is full or read-only. Do "
        "not restart lmaster before that is fixed.",
        why="lmaster retries by itself. Ten minutes allow for that.",
        graphite=Condition(
            query=each("fructosa_master_job_archive_writable"), evaluator="lt", threshold=1
        ),
    ),
    Alert(
        name="FructosaMasterDropping",
        severity="critical",
        hold="0m",
        expr="rate(fructosa_master_points_dropped_total[5m]) > 0",
        summary="lmaster drops points for {{ $labels.destination }} ({{ $labels.reason }})",
        description="lmaster at {{ $labels.instance }} drops {{ $value | humanize }} points per "
        "second for {{ $labels.destination }}, reason {{ $labels.reason }}. These points are "
        "lost.",
        action="Bring the destination back. For the reason full, raise `queue bytes`; old: raise "
        "`queue age`; memory: check the disk; damaged: check the health of the disk; expired and "
        "future: set lmaster's clock.",
        why="Nothing is ever dropped in normal operation.",
        graphite=Condition(
            query=each_rate("fructosa_master_points_dropped_total", 2), reducer="max"
        ),
    ),
    Alert(
        name="FructosaMasterDestinationDown",
        severity="critical",
        hold="5m",
        expr="fructosa_master_destination_up == 0",
        summary="lmaster cannot deliver to {{ $labels.destination }}",
        description="{{ $labels.destination }} accepts nothing that lmaster at "
        "{{ $labels.instance }} sends. Points wait in the queue.",
        action="The page of lmaster shows the error. Check whether carbon runs and is reachable.",
        why="A restart of carbon takes less time. If the alert is evaluated on that same "
        "Graphite, it comes late, because the metric is delivered with the backlog. "
        "FructosaMasterDown then reports the missing data.",
        graphite=Condition(
            query=each("fructosa_master_destination_up", 1), evaluator="lt", threshold=1
        ),
    ),
    Alert(
        name="FructosaMasterSlotsMissed",
        severity="warning",
        hold="15m",
        expr=f"""\
rate({_MISSED}[15m])
/ on {_OF}
sum by {_OF} (rate({_SCRAPES}[15m])) > 0.01""",
        summary="lmaster misses {{ $value | humanizePercentage }} of its scrapes",
        description="At {{ $labels.instance }}, {{ $value | humanizePercentage }} of the scrapes "
        "did not end before the next were due. Their points are missing.",
        action="`lmaster nodes` shows which nodes are slow. Lower `timeout`, lengthen `interval`, "
        "or give lmaster a shard.",
        why="The threshold is one in a hundred. A few slow nodes in a thousand have alerts of "
        "their own.",
        graphite=Condition(
            query=f"alias(divideSeries(sumSeries(perSecond({path(_MISSED)})), "
            f'sumSeries(perSecond({path(_SCRAPES, 1)}))), "share of scrapes missed")',
            reducer="avg",
            threshold=0.01,
        ),
    ),
    Alert(
        name="FructosaMasterReloadFailed",
        severity="warning",
        hold="5m",
        expr="fructosa_master_config_last_reload_successful == 0",
        summary="lmaster at {{ $labels.instance }} rejected its configuration",
        description="lmaster at {{ $labels.instance }} continues with its previous configuration, "
        "because the new one is invalid.",
        action="`lmaster check` shows what is wrong. Fix it, then run `lmaster reload`.",
        why="Five minutes allow for fixing it right away.",
        graphite=Condition(
            query=each("fructosa_master_config_last_reload_successful"),
            evaluator="lt",
            threshold=1,
        ),
    ),
)
