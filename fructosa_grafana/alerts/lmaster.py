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
        expr='up{job=~"lmaster.*"} == 0',
        summary="lmaster at {{ $labels.instance }} is down",
        description="lmaster at {{ $labels.instance }} answers no scrape: Graphite gets nothing.",
        action="`lmaster status` and its log; nodes are not scraped until it runs.",
        why="A restart takes seconds. In Graphite a dead lmaster writes nothing at all, so "
        "there missing data are the alert.",
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
        description="lmaster at {{ $labels.instance }} runs, but has not begun to scrape.",
        action="Its log says what it waits for.",
        why="Reading a long queue at the start may take a minute.",
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
        description="At {{ $labels.instance }} points of {{ $value | humanizeDuration }} wait for "
        "{{ $labels.destination }}, and become more.",
        action="See whether the destination is down, slow, or held back by carbon's limits.",
        why="Points of five minutes are more than any restart leaves behind; a backlog that is "
        "being worked off shrinks. Age of the queue's files says little: one may last for hours.",
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
        "{{ $value | humanizePercentage }} of `queue bytes`; when full, it drops its oldest "
        "points.",
        action="Bring the destination back, or give the queue more room and `lmaster reload`.",
        why="Half is far above what a queue that is delivered ever holds, and leaves time.",
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
        summary="The queue of lmaster can't be written",
        description="lmaster at {{ $labels.instance }} can't write its queue: points wait in "
        "memory alone, and end with it.",
        action="See its log, and whether the disk of `data directory` is full or read-only; don't "
        "restart lmaster before.",
        why="It tries again by itself, which five minutes allow for.",
        graphite=Condition(
            query=each("fructosa_master_queue_on_disk"), evaluator="lt", threshold=1
        ),
    ),
    Alert(
        name="FructosaMasterDropping",
        severity="critical",
        hold="0m",
        expr="rate(fructosa_master_points_dropped_total[5m]) > 0",
        summary="lmaster drops points for {{ $labels.destination }} ({{ $labels.reason }})",
        description="lmaster at {{ $labels.instance }} drops {{ $value | humanize }} points a "
        "second for {{ $labels.destination }}, reason {{ $labels.reason }}: they are lost.",
        action="Bring the destination back; full: raise `queue bytes`, old: `queue age`, memory: "
        "see the disk, damaged: see the disk's health, expired and future: set lmaster's clock.",
        why="Nothing is ever dropped in normal work.",
        graphite=Condition(
            query=each_rate("fructosa_master_points_dropped_total", 2), reducer="max"
        ),
    ),
    Alert(
        name="FructosaMasterDestinationDown",
        severity="critical",
        hold="5m",
        expr="fructosa_master_destination_up == 0",
        summary="lmaster can't deliver to {{ $labels.destination }}",
        description="{{ $labels.destination }} takes nothing of what lmaster at "
        "{{ $labels.instance }} sends; points wait in the queue.",
        action="The page of lmaster tells the error; see whether carbon runs and is reachable.",
        why="A restart of carbon takes less. Asked of that same Graphite it comes late, as it is "
        "delivered with the backlog: FructosaMasterDown then tells of missing data.",
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
        description="At {{ $labels.instance }} scrapes were not over when the next were due, "
        "{{ $value | humanizePercentage }} of them: these points do not exist.",
        action="`lmaster nodes` shows which are slow; lower `timeout`, lengthen `interval`, or "
        "give lmaster a shard.",
        why="One of a hundred: a few slow nodes of a thousand are known by their own alerts.",
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
        summary="lmaster at {{ $labels.instance }} refused its configuration",
        description="lmaster at {{ $labels.instance }} goes on with the configuration it had: the "
        "one it was to read is wrong.",
        action="`lmaster check` says what is wrong; mend it, then `lmaster reload`.",
        why="Five minutes to mend it at once.",
        graphite=Condition(
            query=each("fructosa_master_config_last_reload_successful"),
            evaluator="lt",
            threshold=1,
        ),
    ),
)
