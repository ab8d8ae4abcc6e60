"""`lmaster check`: checks the configuration, and estimates the load on Graphite."""

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence

from fructosa_service import cli
from fructosa_service.daemon.run_as import give_up_root
from fructosa_service.errors import ServiceError, visible_path
from fructosa_service.web.listening import check_endpoints

from ..app.slurm_list import current_nodes
from ..carbon_setup import capacity_check
from ..client.quick_question import QuickQuestion
from ..client.target_list import printable
from ..config.jobs_settings import JobsSettings
from ..config.settings import DEFAULT_FILE, MasterConfig, example_config, read_config
from ..config.slurm_settings import SlurmSettings
from ..job_server.access import unknown_names
from ..model.target import Target
from ..nodes.same_nodes import same_node_warnings
from ..slurm.job_advice import job_advice
from .command_line.load_config import (
    check_web_files,
    targets_of_all_shards,
    targets_of_shard,
    why_no_targets,
)
from .slurm import read_once

ALL_MATCH = "Slurm: all hosts match its nodes, and all of its nodes are scraped"
NOT_READ = "warning: Slurm was not read, so it is unknown which hosts match its nodes: {reason}"
NOT_IN_TIME = "it did not respond within {deadline_s:g} s"
JOBS = "jobs: the archive is in {folder}, the socket is {socket}, jobs are kept for {time}"
UNKNOWN_NAMES = "warning: [jobs] {problem}; who sees the jobs of others is looked up by its name"
POINTS_GO_TO = "points go to {names}"

_LOOK_UP_S = 2.0
_YEAR_DAYS = 365


def run(arguments: argparse.Namespace) -> int:
    """Check the configuration, or print an example with all keys; return the exit code."""
    if arguments.example:
        sys.stdout.write(example_config())
        return 0
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    give_up_root("lmaster", path)
    config = read_config(path)
    slurm = current_nodes(config, str(path))
    targets = targets_of_shard(config, path, slurm)
    check_web_files(config.web)
    check_endpoints(config.web.endpoints(config.master.host, config.master.port))
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if path is None:
        print(f"{DEFAULT_FILE} does not exist; without it, lmaster scrape needs --node")
    elif not targets and config.nodes and config.master.shard is not None:
        print(f"{path}: ok, but shard = {config.master.shard} contains none of the nodes")
    elif not targets:
        print(f"{path}: ok, but it {why_no_targets(config)}")
    else:
        print(f"{path}: ok, {_count(targets)}")
        names = [one.name for one in config.destinations.values() if one.send]
        print(POINTS_GO_TO.format(names=", ".join(names) or "nowhere"))
        of_all_shards = targets_of_all_shards(config, path, slurm)
        for warning in same_node_warnings(of_all_shards, _LOOK_UP_S):
            print(f"warning: {warning}", file=sys.stderr)
        _print_capacity(config, targets, of_all_shards, arguments)
        if config.slurm is not None:
            _print_slurm(config, config.slurm, of_all_shards)
    if config.jobs is not None:
        _print_jobs(config, config.jobs)
    return 0


def _count(targets: Sequence[Target]) -> str:
    """Return the number of *targets*, and of those in each section if there are several."""
    groups = Counter(target.group for target in targets)
    each = ", ".join(f"{count} in [nodes:{group}]" for group, count in groups.items())
    noun = "target" if len(targets) == 1 else "targets"
    return f"{len(targets)} {noun}" + (f": {each}" if len(groups) > 1 else "")


def _print_capacity(
    config: MasterConfig,
    targets: Sequence[Target],
    of_all_shards: Sequence[Target],
    arguments: argparse.Namespace,
) -> None:
    """Print the expected number of series and bytes, and warn of limits that are too low."""
    workload = capacity_check.Workload(
        targets=targets,
        targets_of_all_shards=of_all_shards,
        series_per_page=arguments.series,
    )
    destinations = list(config.destinations.values())
    line = capacity_check.summary(destinations, workload)
    if line is not None:
        print(line)
    warnings = capacity_check.warnings(destinations, workload, arguments.carbon_conf, os.environ)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


def _print_jobs(config: MasterConfig, settings: JobsSettings) -> None:
    """Print where jobs are kept and for how long, and warn of people who do not exist."""
    folder, socket = visible_path(config.master.jobs_directory), visible_path(settings.socket)
    print(JOBS.format(folder=folder, socket=socket, time=_years(settings.keep_days)))
    for problem in unknown_names(settings.admins, settings.admin_group):
        print(UNKNOWN_NAMES.format(problem=problem), file=sys.stderr)


def _years(days: int) -> str:
    """Return so many days as people say it."""
    count, unit = (days, "day") if days % _YEAR_DAYS else (days // _YEAR_DAYS, "year")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _print_slurm(config: MasterConfig, settings: SlurmSettings, targets: Sequence[Target]) -> None:
    """Print which hosts and nodes of Slurm do not match.

    The running lmaster knows; without one, Slurm is read once.
    """
    try:
        lines = _running_lines(config)
        if lines is None:
            hosts = [target.host for target in targets]
            lines = asyncio.run(_read_lines(config, settings, hosts))
    except ServiceError as error:
        print(NOT_READ.format(reason=error), file=sys.stderr)
        return
    for line in lines or [ALL_MATCH]:
        print(line if line == ALL_MATCH else f"Slurm: {line}")


def _running_lines(config: MasterConfig) -> list[str] | None:
    """Return what the running lmaster says; None if none runs, or it has not read Slurm yet."""
    answer = QuickQuestion(config, "/api/slurm").answer()
    try:
        found = json.loads(answer or "null")
        targets = found["targets"]
        lines = [*targets["mismatches"], *(found.get("job_advice", ()) if config.jobs else ())]
        return [printable(line) for line in lines] if targets["states"] else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


async def _read_lines(
    config: MasterConfig, slurm: SlurmSettings, hosts: Sequence[str]
) -> list[str]:
    try:
        async with asyncio.timeout(slurm.deadline_s):
            monitor = await read_once(config)
    except TimeoutError:
        raise ServiceError(NOT_IN_TIME.format(deadline_s=slurm.deadline_s)) from None
    if not monitor.states:
        raise ServiceError("; ".join(monitor.problems.values()))
    lines = list(monitor.unmatched(hosts).lines())
    if config.jobs is not None and monitor.reading is not None:
        lines += job_advice(monitor.reading.config)
    return lines
