"""The targets of a configuration file, as several commands need them."""

import argparse
from dataclasses import replace
from pathlib import Path

from fructosa_service import cli
from fructosa_service.errors import ConfigError, Problem, UsageError
from fructosa_service.web.settings import WebSettings
from fructosa_service.web.users import Users

from ..config.node_sets import select
from ..config.settings import DEFAULT_FILE, MasterConfig, read_config
from ..config.targets import section_targets
from ..model.target import Target


def targets_of(config: MasterConfig, path: Path | None) -> list[Target]:
    """Return the targets that *config*, read from *path*, has for this lmaster's shard.

    Raises: ConfigError when two of all would write to the same paths.
    """
    try:
        return section_targets(
            config.nodes,
            config.graphite.prefix,
            config.master.shard,
            config.graphite.naming,
        )
    except UsageError as error:
        raise ConfigError(str(path), [Problem(message=str(error))]) from error


def targets_of_all_shards(config: MasterConfig, path: Path) -> list[Target]:
    """Return the targets of *config*, as if there were this lmaster alone.

    Raises: ConfigError when two of them would write to the same paths.
    """
    return targets_of(replace(config, master=replace(config.master, shard=None)), path)


def all_configured(arguments: argparse.Namespace) -> tuple[MasterConfig, Path, list[Target]]:
    """Return the configuration, its file, and the targets of all shards.

    Raises: UsageError when there is no file, or no node in it.
    """
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    if path is None:
        raise UsageError(f"there is no {DEFAULT_FILE}; say with -c FILE which one to read")
    config = read_config(path)
    targets = targets_of_all_shards(config, path)
    if not targets:
        raise UsageError(f"{path} names no nodes; add a [nodes:NAME] section with hosts = ...")
    return config, path, targets


def chosen(arguments: argparse.Namespace) -> tuple[MasterConfig, list[Target]]:
    """Return the configuration, and those of its targets that the argument NODES names.

    Raises: UsageError also when one of these is not configured.
    """
    config, path, targets = all_configured(arguments)
    return config, select(targets, arguments.hosts, lambda target: target.host, str(path))


def check_web(web: WebSettings) -> None:
    """Read the files that [web] names: what is wrong with them is better known before the start.

    Raises: UsageError when one of them can't be used.
    """
    if (files := web.tls()) is not None:
        files.context()
    if web.users_file is not None:
        Users(web.users_file)
