"""The agent: its cost, its sensors and scrapes."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, node, scrape_metric

AGENT = Row(
    "The agent",
    (
        line_graph(
            "Cost",
            "Share of a processor that lagent takes.",
            "percentunit",
            (node("fructosa_agent_cpu_seconds_total").rate(), "lagent"),
        ),
        line_graph(
            "Memory of lagent",
            "Resident memory of lagent.",
            "bytes",
            (node("fructosa_agent_memory_resident_bytes"), "resident"),
        ),
        line_graph(
            "Time of each sensor",
            "How long the last reading of each sensor took.",
            "s",
            (node("fructosa_sensor_duration_seconds", sensor=ANY), "{sensor}"),
        ),
        line_graph(
            "Age of each reading",
            "How old each sensor's reading was when the page was made.",
            "s",
            (node("fructosa_sensor_age_seconds", sensor=ANY), "{sensor}"),
        ),
        line_graph(
            "Files of other programs",
            "1 for a file of the sensor TextFile that can't be shown; the agent's log says why.",
            "short",
            (node("fructosa_textfile_error", file=ANY), "{file}"),
        ),
        line_graph(
            "Scrapes",
            "How long scrapes of the node took.",
            "s",
            (scrape_metric("scrape_duration_seconds", "node"), "{group}"),
        ),
        line_graph(
            "Samples",
            "Samples of each scrape.",
            "short",
            (scrape_metric("scrape_samples_scraped", "node"), "{group}"),
        ),
    ),
    collapsed_in=COLLAPSED,
)
