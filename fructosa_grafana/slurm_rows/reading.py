"""How lmaster reads Slurm, and how its targets fit Slurm's nodes."""

from ..panels.dashboard import Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY
from .series import each, each_rate

READING = Row(
    "Reading of Slurm",
    (
        line_graph(
            "Targets and their nodes",
            "Targets that are down as planned in Slurm, by state, or that died although they "
            "should be up. Of the latter, agent_dead: Slurm runs jobs there. Also those that are "
            "up but down in Slurm (lost_by_slurm), and those that Slurm does not list (unmatched).",
            "short",
            (
                each("targets", condition=ANY, section=ANY).sum("condition"),
                "{condition}",
            ),
        ),
        line_graph(
            "Duration of a reading",
            "Duration of the last reading, all commands together.",
            "s",
            (each("reading_duration_seconds"), "duration"),
        ),
        line_graph(
            "Commands",
            "Commands of Slurm per second, by result.",
            "ops",
            (each_rate("commands_total", command=ANY, result=ANY), "{command} {result}"),
        ),
    ),
)
