"""`lmaster targets`: the targets for Prometheus, as file_sd JSON; or the hosts alone."""

import argparse
import json
import sys

from fructosa_service import output_files

from ..web.discovery import target_groups
from .command_line.load_config import load_all, targets_of_shard


def run(arguments: argparse.Namespace) -> int:
    """Print the targets of this lmaster's shard, or write them to a file; return the exit code.

    The hosts alone are those of all shards, as in NODES of other commands.
    """
    config, path, slurm, targets = load_all(arguments)
    if arguments.hosts:
        text = "".join(f"{host}\n" for host in dict.fromkeys(one.host for one in targets))
    else:
        has_slurm = config.slurm is not None
        groups = target_groups(targets_of_shard(config, path, slurm), has_slurm=has_slurm)
        text = json.dumps(groups, indent=2) + "\n"
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        output_files.write(arguments.output, text)
    return 0
