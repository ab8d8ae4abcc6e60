"""`lmaster schemas`: carbon's storage-schemas.conf and storage-aggregation.conf."""

import argparse

from fructosa_service import output_files

from ..carbon_setup import schemas
from ..config.targets import slurm_target
from .command_line.load_config import load_all


def run(arguments: argparse.Namespace) -> int:
    """Print both files, or write them unless one is not ours; return the exit code."""
    config, _, _, targets = load_all(arguments)
    if config.slurm is not None:
        graphite = config.graphite
        targets.append(
            slurm_target(
                config.slurm.interval_s, config.master.port, graphite.prefix, graphite.naming
            )
        )
    files = {
        "storage-schemas.conf": schemas.storage_schemas(targets),
        "storage-aggregation.conf": schemas.storage_aggregation(targets),
    }
    if arguments.output is None:
        print("\n".join(f"# {name}\n{text}" for name, text in files.items()), end="")
        return 0
    merged = {
        name: output_files.merged(arguments.output / name, text, schemas.MARK, schemas.END_MARK)
        for name, text in files.items()
    }
    for name, text in merged.items():
        output_files.write(arguments.output / name, text)
        print(f"written: {arguments.output / name}")
    return 0
