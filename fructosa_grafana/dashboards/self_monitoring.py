"""FrUCToSA itself: is everything scraped and delivered, and what does it cost."""

from ..panels import thresholds
from ..panels.dashboard import HEAVY, Dashboard, Row
from ..panels.panel import Bars, Query, Stat
from ..panels.shorthand import lines
from ..queries.expressions import ANY, master, nodes, own

_WAITING = master("fructosa_master_queue_points", destination=ANY)
_DROPPED = master("fructosa_master_points_dropped_total", destination=ANY, reason=ANY)
_MISSED = master("fructosa_master_slots_missed_total")

_OVERVIEW = Row(
    "Overview",
    (
        Stat(
            title="lmasters that scrape",
            about="Running lmasters whose first scrapes were started.",
            queries=(Query(master("fructosa_master_ready").sum(), "ready"),),
            steps=((None, "red"), (1, "green")),
        ),
        Stat(
            title="Targets down",
            about="Targets that did not answer their last scrape.",
            queries=(
                Query(master("fructosa_master_targets", section=ANY, state="down").sum(), "down"),
            ),
            steps=thresholds.NONE_IS_GOOD,
        ),
        Stat(
            title="Points that wait",
            about="Points in the queue. What is on its way for a second is normal.",
            queries=(Query(_WAITING.sum(), "waiting"),),
            steps=thresholds.PLAIN,
        ),
        Stat(
            title="Points dropped",
            about="Points dropped since lmaster was started, whatever the reason.",
            queries=(Query(_DROPPED.sum(), "dropped"),),
            steps=thresholds.NONE_IS_GOOD,
        ),
        Stat(
            title="Destinations down",
            about="Places that did not take what they were sent last.",
            queries=(
                Query(
                    master("fructosa_master_destination_up", destination=ANY).complement().sum(),
                    "down",
                ),
            ),
            steps=thresholds.NONE_IS_GOOD,
        ),
        Stat(
            title="Slots missed so far",
            about="Slots in which a target was not scraped, since lmaster was started.",
            queries=(Query(_MISSED.sum(), "missed"),),
            steps=thresholds.NONE_IS_GOOD,
        ),
    ),
)

_SCRAPING = Row(
    "Scraping",
    (
        lines(
            "Targets",
            "Targets by section of lmaster.conf and state.",
            "short",
            (master("fructosa_master_targets", section=ANY, state=ANY), "{section} {state}"),
        ),
        lines(
            "Scrapes",
            "Scrapes a second, by result.",
            "ops",
            (master("fructosa_master_scrapes_total", result=ANY).rate(), "{instance} {result}"),
        ),
        lines(
            "Samples",
            "Samples a second that were read from pages.",
            "cps",
            (master("fructosa_master_samples_total").rate(), "{instance}"),
        ),
        lines(
            "Time a scrape",
            "How long a scrape took on average.",
            "s",
            (
                master("fructosa_master_scrape_seconds_total").rate().sum("instance")
                / master("fructosa_master_scrapes_total", result=ANY).rate().sum("instance"),
                "{instance}",
            ),
        ),
        lines(
            "Slots missed",
            "Slots a second in which a target was not scraped: the scrape before took too long.",
            "cps",
            (_MISSED.rate(), "{instance}"),
        ),
        lines(
            "Samples that can't be stored",
            "Samples a second that Graphite can't hold: no numbers, or told twice on a page.",
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
        lines(
            "Delivered",
            "Points a second that each destination took.",
            "cps",
            (
                master("fructosa_master_points_delivered_total", destination=ANY).rate(),
                "{instance} {destination}",
            ),
        ),
        lines(
            "Dropped",
            "Points a second that were dropped before they were delivered, by reason.",
            "cps",
            (_DROPPED.rate(), "{instance} {destination} {reason}"),
        ),
        lines(
            "Waiting",
            "Points that wait: all of them, and those in memory alone, which end with lmaster.",
            "short",
            (_WAITING, "{instance} {destination}"),
            (
                master("fructosa_master_queue_memory_points", destination=ANY),
                "{instance} {destination}, in memory alone",
            ),
        ),
        lines(
            "Queue on disk",
            "Size of the queue, beside the size at which the oldest points are dropped.",
            "bytes",
            (master("fructosa_master_queue_bytes"), "{instance}"),
            (master("fructosa_master_queue_limit_bytes"), "{instance} limit"),
        ),
        lines(
            "Age of the queue",
            "Age of the oldest part of the queue on disk.",
            "s",
            (master("fructosa_master_queue_age_seconds"), "{instance}"),
        ),
        lines(
            "State",
            "1 while a destination takes points, the queue can be written, the configuration is "
            "right, and after a start that followed on a kill.",
            "short",
            (
                master("fructosa_master_destination_up", destination=ANY),
                "{instance} {destination} up",
            ),
            (master("fructosa_master_queue_on_disk"), "{instance} queue on disk"),
            (
                master("fructosa_master_config_last_reload_successful"),
                "{instance} configuration right",
            ),
            (master("fructosa_master_queue_was_killed"), "{instance} the one before was killed"),
        ),
    ),
)

_COST = Row(
    "What it costs",
    (
        lines(
            "Processor time of lmaster",
            "Share of a processor that lmaster takes.",
            "percentunit",
            (master("fructosa_master_cpu_seconds_total").rate(), "{instance}"),
        ),
        lines(
            "Memory of lmaster",
            "Resident memory of lmaster.",
            "bytes",
            (master("fructosa_master_memory_resident_bytes"), "{instance}"),
        ),
        lines(
            "Processor time of agents",
            "Share of a processor that an agent takes: mean of all nodes, and the highest.",
            "percentunit",
            (nodes("fructosa_agent_cpu_seconds_total").rate().avg(), "mean"),
            (nodes("fructosa_agent_cpu_seconds_total").rate().max(), "highest"),
        ),
        lines(
            "Memory of agents",
            "Resident memory of an agent: mean of all nodes, and the highest.",
            "bytes",
            (nodes("fructosa_agent_memory_resident_bytes").avg(), "mean"),
            (nodes("fructosa_agent_memory_resident_bytes").max(), "highest"),
        ),
        Bars(
            title="Slowest targets",
            about="Targets whose last scrape took longest.",
            queries=(Query(own("scrape_duration_seconds").top(10), "{instance}"),),
            unit="s",
            low=0,
            steps=((None, "green"), (1, "yellow"), (4, "red")),
            link=True,
        ),
        Bars(
            title="Largest pages",
            about="Targets whose last page had most samples.",
            queries=(Query(own("scrape_samples_scraped").top(10), "{instance}"),),
            low=0,
            steps=thresholds.PLAIN,
            link=True,
        ),
        Bars(
            title="Slowest sensors",
            about="Sensors whose last reading took longest, on any node.",
            queries=(
                Query(
                    nodes("fructosa_sensor_duration_seconds", sensor=ANY).max("sensor").top(10),
                    "{sensor}",
                ),
            ),
            unit="s",
            low=0,
            steps=((None, "green"), (0.1, "yellow"), (1, "red")),
        ),
        Bars(
            title="Sensors that fail",
            about="On how many nodes each sensor fails.",
            queries=(
                Query(
                    nodes("fructosa_sensor_success", sensor=ANY).complement().sum("sensor").top(10),
                    "{sensor}",
                ),
            ),
            low=0,
            steps=thresholds.NONE_IS_GOOD,
        ),
    ),
    folded_in=HEAVY,
)

ITSELF = Dashboard(
    name="itself",
    title="FrUCToSA itself",
    about="Whether everything is scraped and delivered, and what that costs. For Graphite, lmaster "
    "has to scrape its own page: a section [nodes:...] with hosts = localhost, port = 9889.",
    looks_at="nodes",
    example="up",
    rows=(_OVERVIEW, _SCRAPING, _DELIVERY, _COST),
)
