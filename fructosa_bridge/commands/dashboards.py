"""`lmaster dashboards`: dashboards for Grafana and rules for Prometheus."""

import argparse
import sys

from fructosa_grafana import cli as dashboards
from fructosa_service import cli

from ..config.settings import DEFAULT_FILE, read_config


def run(arguments: argparse.Namespace) -> int:
    """Write dashboards and rules, or upload the dashboards; return the exit code."""
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    if path is None:
        return dashboards.run(arguments, dashboards.Cluster())
    config = read_config(path)
    naming = config.graphite.naming
    if naming != "plain" and arguments.backend != "prometheus":
        print(
            f"warning: {path}: the dashboards for Graphite use the paths of naming = plain, not "
            f"those of naming = {naming}",
            file=sys.stderr,
        )
    cluster = dashboards.Cluster(
        prefix=config.graphite.prefix or "",
        interval_s=min((nodes.interval_s for nodes in config.nodes.values()), default=10),
    )
    return dashboards.run(arguments, cluster)
