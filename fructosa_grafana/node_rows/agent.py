"""The agent: its cost, its sensors and scrapes."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, node, scrape_metric

AGENT = Row(
    "Agent",
    (
        line_graph(
            "CPU usage of lagent",
            "Share of one processor that lagent uses.",
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
            "Sensor duration",
            "Duration of the last reading of each sensor.",
            "s",
            (node("fructosa_sensor_duration_seconds", sensor=ANY), "{sensor}"),
        ),
        line_graph(
            "Sensor age",
            "Age of each sensor's reading when the page was generated.",
            "s",
            (node("fructosa_sensor_age_seconds", sensor=ANY), "{sensor}"),
        ),
        line_graph(
            "Text file errors",
            "1 for a file of the sensor TextFile that cannot be exposed. The agent's log shows the "
            "reason.",
            "short",
            (node("fructosa_textfile_error", file=ANY), "{file}"),
        ),
        line_graph(
            "Scrape duration",
            "Duration of each scrape of the node.",
            "s",
            (scrape_metric("scrape_duration_seconds", "node"), "{group}"),
        ),
        line_graph(
            "Samples per scrape",
            "Number of samples of each scrape.",
            "short",
            (scrape_metric("scrape_samples_scraped", "node"), "{group}"),
        ),
    ),
    collapsed_in=COLLAPSED,
)
