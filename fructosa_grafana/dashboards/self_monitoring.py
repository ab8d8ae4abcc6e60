"""The dashboard FrUCToSA itself: whether everything is scraped and delivered, and the cost."""

from ..panels import thresholds
from ..panels.dashboard import COLLAPSED_IN_GRAPHITE, Dashboard, Row
from ..panels.panel import Bars, Query, Stat
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, master, nodes, scrape_metric

_WAITING = master("fructosa_master_queue_points", destination=ANY)
_DROPPED = master("fructosa_master_points_dropped_total", destination=ANY, reason=ANY)
_MISSED = master("fructosa_master_slots_missed_total")

_OVERVIEW = Row(
    "Overview",
    (
        Stat(
            title="lmasters ready",
            description="Running lmasters that have started to scrape.",
            queries=(Query(master("fructosa_master_ready").sum(), "ready"),),
            thresholds=((None, "red"), (1, "green")),
        ),
        Stat(
            title="Targets down",
            description="Targets whose last scrape failed.",
            queries=(
                Query(master("fructosa_master_targets", section=ANY, state="down").sum(), "down"),
            ),
            thresholds=thresholds.NONE_IS_GOOD,
        ),
        Stat(
            title="Waiting points",
            description="Points in the queue that wait for delivery. A short queue that empties "
            "within a second is normal.",
            queries=(Query(_WAITING.sum(), "waiting"),),
            thresholds=thresholds.PLAIN,
        ),
        Stat(
            title="Points dropped",
            description="Points dropped since lmaster started, for any reason.",
            queries=(Query(_DROPPED.sum(), "dropped"),),
            thresholds=thresholds.NONE_IS_GOOD,
        ),
        Stat(
            title="Destinations down",
            description="Destinations that did not accept what was sent last.",
            queries=(
                Query(
                    master("fructosa_master_destination_up", destination=ANY).complement().sum(),
                    "down",
                ),
            ),
            thresholds=thresholds.NONE_IS_GOOD,
        ),
        Stat(
            title="Missed slots",
            description="Slots in which a target was not scraped, since lmaster started.",
            queries=(Query(_MISSED.sum(), "missed"),),
            thresholds=thresholds.NONE_IS_GOOD,
        ),
    ),
)

_SCRAPING = Row(
    "Scraping",
    (
        line_graph(
            "Targets",
            "Targets by section of lmaster.conf and state.",
            "short",
            (master("fructosa_master_targets", section=ANY, state=ANY), "{section} {state}"),
        ),
        line_graph(
            "Scrapes",
            "Scrapes per second, by result.",
            "ops",
            (master("fructosa_master_scrapes_total", result=ANY).rate(), "{instance} {result}"),
        ),
        line_graph(
            "Samples",
            "Samples read from pages, per second.",
            "cps",
            (master("fructosa_master_samples_total").rate(), "{instance}"),
        ),
        line_graph(
            "Scrape duration",
            "Mean duration of a scrape.",
            "s",
            (
                master("fructosa_master_scrape_seconds_total").rate().sum("instance")
                / master("fructosa_master_scrapes_total", result=ANY).rate().sum("instance"),
                "{instance}",
            ),
        ),
        line_graph(
            "Missed slots per second",
            "Slots per second in which a target was not scraped, because the previous scrape took "
            "too long.",
            "cps",
            (_MISSED.rate(), "{instance}"),
        ),
        line_graph(
            "Dropped samples",
            "Samples per second that Graphite cannot store: not numbers, or duplicates on a page.",
            "cps",
            (
                master("fructosa_master_samples_dropped_total", reason=ANY).rate(),
                "{instance} {reason}",
            ),
        ),
    ),
)

_DELIVERY = Row(
    "Delivery",
    (
        line_graph(
            "Delivered",
            "Points per second that each destination accepted.",
            "cps",
            (
                master("fructosa_master_points_delivered_total", destination=ANY).rate(),
                "{instance} {destination}",
            ),
        ),
        line_graph(
            "Dropped",
            "Points per second that were dropped before delivery, by reason.",
            "cps",
            (_DROPPED.rate(), "{instance} {destination} {reason}"),
        ),
        line_graph(
            "Waiting",
            "Points that wait for delivery: all of them, and those only in memory, which are lost "
            "when lmaster exits.",
            "short",
            (_WAITING, "{instance} {destination}"),
            (
                master("fructosa_master_queue_memory_points", destination=ANY),
                "{instance} {destination}, only in memory",
            ),
        ),
        line_graph(
            "Queue on disk",
            "Size of the queue, and the size at which the oldest points are dropped.",
            "bytes",
            (master("fructosa_master_queue_bytes"), "{instance}"),
            (master("fructosa_master_queue_limit_bytes"), "{instance} limit"),
        ),
        line_graph(
            "Queue age",
            "Age of the oldest part of the queue on disk.",
            "s",
            (master("fructosa_master_queue_age_seconds"), "{instance}"),
        ),
        line_graph(
            "State",
            "1 while a destination accepts points, while the queue can be written, while the "
            "configuration is valid, and if the previous lmaster was killed.",
            "short",
            (
                master("fructosa_master_destination_up", destination=ANY),
                "{instance} {destination} up",
            ),
            (master("fructosa_master_queue_on_disk"), "{instance} queue on disk"),
            (
                master("fructosa_master_config_last_reload_successful"),
                "{instance} configuration valid",
            ),
            (master("fructosa_master_queue_was_killed"), "{instance} previous one was killed"),
        ),
    ),
)

_JOBS = Row(
    "Jobs of Slurm",
    (
        line_graph(
            "Pages of jobs",
            "Pages of jobs per second, by result. Refused ones are damaged, failed ones could not "
            "be fetched.",
            "ops",
            (master("fructosa_master_job_pages_total", result=ANY).rate(), "{instance} {result}"),
        ),
        line_graph(
            "Incomplete ends of jobs",
            "Ends of jobs per second of which something is missing. What is known of such a job "
            "has a lower coverage.",
            "cps",
            (
                master("fructosa_master_job_ends_incomplete_total", reason=ANY).rate(),
                "{instance} {reason}",
            ),
        ),
        line_graph(
            "Open runs",
            "Runs of jobs in memory: those that run, and those that have ended lately.",
            "short",
            (master("fructosa_master_job_runs_open"), "{instance}"),
        ),
        line_graph(
            "Archive of jobs",
            "Size of the archive.",
            "bytes",
            (master("fructosa_master_job_archive_bytes"), "{instance}"),
        ),
        line_graph(
            "Archive writable",
            "1 while the archive can be written. If not, jobs wait in memory.",
            "short",
            (master("fructosa_master_job_archive_writable"), "{instance}"),
        ),
    ),
)

_COST = Row(
    "Resource usage",
    (
        line_graph(
            "CPU usage of lmaster",
            "Share of one processor that lmaster uses.",
            "percentunit",
            (master("fructosa_master_cpu_seconds_total").rate(), "{instance}"),
        ),
        line_graph(
            "Memory of lmaster",
            "Resident memory of lmaster.",
            "bytes",
            (master("fructosa_master_memory_resident_bytes"), "{instance}"),
        ),
        line_graph(
            "CPU usage of agents",
            "Share of one processor that an agent uses: the mean of all nodes, and the highest.",
            "percentunit",
            (nodes("fructosa_agent_cpu_seconds_total").rate().avg(), "mean"),
            (nodes("fructosa_agent_cpu_seconds_total").rate().max(), "highest"),
        ),
        line_graph(
            "Memory of agents",
            "Resident memory of an agent: the mean of all nodes, and the highest.",
            "bytes",
            (nodes("fructosa_agent_memory_resident_bytes").avg(), "mean"),
            (nodes("fructosa_agent_memory_resident_bytes").max(), "highest"),
        ),
        Bars(
            title="Slowest targets",
            description="Targets whose last scrape took longest.",
            queries=(Query(scrape_metric("scrape_duration_seconds").top(10), "{instance}"),),
            unit="s",
            minimum=0,
            thresholds=((None, "green"), (1, "yellow"), (4, "red")),
            links_to_node=True,
        ),
        Bars(
            title="Largest pages",
            description="Targets whose last page had the most samples.",
            queries=(Query(scrape_metric("scrape_samples_scraped").top(10), "{instance}"),),
            minimum=0,
            thresholds=thresholds.PLAIN,
            links_to_node=True,
        ),
        Bars(
            title="Slowest sensors",
            description="Sensors whose last reading took longest, on any node.",
            queries=(
                Query(
                    nodes("fructosa_sensor_duration_seconds", sensor=ANY).max("sensor").top(10),
                    "{sensor}",
                ),
            ),
            unit="s",
            minimum=0,
            thresholds=((None, "green"), (0.1, "yellow"), (1, "red")),
        ),
        Bars(
            title="Failing sensors",
            description="Number of nodes on which each sensor fails.",
            queries=(
                Query(
                    nodes("fructosa_sensor_success", sensor=ANY).complement().sum("sensor").top(10),
                    "{sensor}",
                ),
            ),
            minimum=0,
            thresholds=thresholds.NONE_IS_GOOD,
        ),
    ),
    collapsed_in=COLLAPSED_IN_GRAPHITE,
)

ITSELF = Dashboard(
    name="itself",
    title="FrUCToSA itself",
    description="Whether everything is scraped and delivered, and what that costs. For Graphite, "
    "lmaster must scrape itself: add a section [nodes:...] with hosts = localhost and port = 9889.",
    scope="nodes",
    node_metric="up",
    rows=(_OVERVIEW, _SCRAPING, _DELIVERY, _JOBS, _COST),
)
