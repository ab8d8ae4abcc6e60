"""`lmaster check`: whether the configuration is right, and what will come of it."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fructosa_service import cli

from ..carbon_setup import capacity_check
from ..config.settings import DEFAULT_FILE, MasterConfig, example_config, read_config
from ..model.target import Target
from .configured import check_web, targets_of, targets_of_all_shards


def run(arguments: argparse.Namespace) -> int:
    """Check the configuration, or print one with every key; return the exit code."""
    if arguments.example:
        sys.stdout.write(example_config())
        return 0
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    config = read_config(path)
    targets = targets_of(config, path)
    check_web(config.web)
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if path is None:
        print(f"there is no {DEFAULT_FILE}; without it, name nodes with lmaster scrape --node")
    elif not targets and config.nodes and config.master.shard is not None:
        print(f"{path}: ok, but shard = {config.master.shard} has none of its nodes")
    elif not targets:
        print(f"{path}: ok, but it names no nodes; add a [nodes:NAME] section with hosts = ...")
    else:
        print(f"{path}: ok, {_counted(targets)}")
        _foresee(config, path, targets, arguments)
    return 0


def _counted(targets: Sequence[Target]) -> str:
    """Return how many *targets* there are, and in which sections if there are several."""
    groups = Counter(target.group for target in targets)
    each = ", ".join(f"{count} in [nodes:{group}]" for group, count in groups.items())
    noun = "target" if len(targets) == 1 else "targets"
    return f"{len(targets)} {noun}" + (f": {each}" if len(groups) > 1 else "")


def _foresee(
    config: MasterConfig, path: Path, targets: Sequence[Target], arguments: argparse.Namespace
) -> None:
    """Tell how much comes, and warn where Graphite's limits would bite."""
    everyone = targets_of_all_shards(config, path)
    workload = capacity_check.Workload(
        targets=targets, targets_of_all_shards=everyone, series_per_page=arguments.series
    )
    destinations = list(config.destinations.values())
    line = capacity_check.summary(destinations, workload)
    if line is not None:
        print(line)
    for warning in capacity_check.warnings(
        destinations, workload, arguments.carbon_conf, os.environ
    ):
        print(f"warning: {warning}", file=sys.stderr)
