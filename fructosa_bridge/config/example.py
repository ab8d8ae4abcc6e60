"""lmaster.conf as an example, made from the declarations."""

from fructosa_service.config.example import example
from fructosa_service.logs import LoggingSettings
from fructosa_service.web.settings import WebSettings

from .agents_settings import AgentsSettings
from .nodes_settings import NodesSettings
from .settings import SCHEMA, GraphiteSettings, MasterSettings


def example_config() -> str:
    """Return lmaster.conf with every key, its default and what it means."""
    sections = {section.name: section for section in SCHEMA}
    return example(
        "lmaster.conf: every key, its default, and what it means. Only the hosts of a [nodes:...] "
        "section must be given.",
        [
            (sections["lmaster"], "lmaster", MasterSettings),
            (sections["nodes"], "nodes:compute", NodesSettings),
            (sections["Graphite"], "Graphite", GraphiteSettings),
            (sections["agents"], "agents", AgentsSettings),
            (sections["web"], "web", WebSettings),
            (sections["logging"], "logging", LoggingSettings),
        ],
    )
