"""`lmaster check`: checks the configuration, and estimates the load on Graphite."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fructosa_service import cli

from ..carbon_setup import capacity_check
from ..config.same_nodes import same_node_warnings
from ..config.settings import DEFAULT_FILE, MasterConfig, example_config, read_config
from ..model.target import Target
from .load_config import check_web_files, targets_of_all_shards, targets_of_shard

_LOOK_UP_S = 2.0

POINTS_GO_TO = "points go to {names}"


def run(arguments: argparse.Namespace) -> int:
    """Check the configuration, or print an example with all keys; return the exit code."""
    if arguments.example:
        sys.stdout.write(example_config())
        return 0
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    config = read_config(path)
    targets = targets_of_shard(config, path)
    check_web_files(config.web)
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if path is None:
        print(f"{DEFAULT_FILE} does not exist; without it, lmaster scrape needs --node")
    elif not targets and config.nodes and config.master.shard is not None:
        print(f"{path}: ok, but shard = {config.master.shard} contains none of the nodes")
    elif not targets:
        print(f"{path}: ok, but it has no nodes; add a [nodes:NAME] section with hosts = ...")
    else:
        print(f"{path}: ok, {_count(targets)}")
        names = [one.name for one in config.destinations.values() if one.send]
        print(POINTS_GO_TO.format(names=", ".join(names) or "nowhere"))
        for warning in same_node_warnings(targets_of_all_shards(config, path), _LOOK_UP_S):
            print(f"warning: {warning}", file=sys.stderr)
        _print_capacity(config, path, targets, arguments)
    return 0


def _count(targets: Sequence[Target]) -> str:
    """Return the number of *targets*, and of those in each section if there are several."""
    groups = Counter(target.group for target in targets)
    each = ", ".join(f"{count} in [nodes:{group}]" for group, count in groups.items())
    noun = "target" if len(targets) == 1 else "targets"
    return f"{len(targets)} {noun}" + (f": {each}" if len(groups) > 1 else "")


def _print_capacity(
    config: MasterConfig, path: Path, targets: Sequence[Target], arguments: argparse.Namespace
) -> None:
    """Print the expected number of series and bytes, and warn of limits that are too low."""
    workload = capacity_check.Workload(
        targets=targets,
        targets_of_all_shards=targets_of_all_shards(config, path),
        series_per_page=arguments.series,
    )
    destinations = list(config.destinations.values())
    line = capacity_check.summary(destinations, workload)
    if line is not None:
        print(line)
    warnings = capacity_check.warnings(destinations, workload, arguments.carbon_conf, os.environ)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
