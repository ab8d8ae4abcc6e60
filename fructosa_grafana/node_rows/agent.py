"""The agent: its cost, and how its sensors are doing."""

from ..panels.dashboard import FOLDED, Row
from ..panels.shorthand import lines
from ..queries.expressions import ANY, node, own

AGENT = Row(
    "The agent",
    (
        lines(
            "Cost",
            "Share of a processor that lagent takes.",
            "percentunit",
            (node("fructosa_agent_cpu_seconds_total").rate(), "lagent"),
        ),
        lines(
            "Memory of lagent",
            "Resident memory of lagent.",
            "bytes",
            (node("fructosa_agent_memory_resident_bytes"), "resident"),
        ),
        lines(
            "Time of each sensor",
            "How long the last reading of each sensor took.",
            "s",
            (node("fructosa_sensor_duration_seconds", sensor=ANY), "{sensor}"),
        ),
        lines(
            "Age of each reading",
            "How old each sensor's reading was when the page was made.",
            "s",
            (node("fructosa_sensor_age_seconds", sensor=ANY), "{sensor}"),
        ),
        lines(
            "Files of other programs",
            "1 for a file of the sensor TextFile that can't be shown; the agent's log says why.",
            "short",
            (node("fructosa_textfile_error", file=ANY), "{file}"),
        ),
        lines(
            "Scrapes",
            "How long scrapes of the node took.",
            "s",
            (own("scrape_duration_seconds", "node"), "{group}"),
        ),
        lines(
            "Samples",
            "Samples of each scrape.",
            "short",
            (own("scrape_samples_scraped", "node"), "{group}"),
        ),
    ),
    folded_in=FOLDED,
)
