"""What is scraped, and how: as the configuration says, and over it the command line."""

import argparse
from dataclasses import replace

from fructosa_service import cli
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import UsageError

from ..config.settings import DEFAULT_FILE, GraphiteSettings, MasterConfig, read_config
from ..config.targets import endpoint_targets
from ..model.target import Target
from .configured import targets_of


def loaded(arguments: argparse.Namespace) -> tuple[MasterConfig, list[Target]]:
    """Return the configuration and the targets, as file and command line say.

    Raises: ConfigError when the file is wrong, UsageError when there is nothing to scrape.
    """
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    config = _with_arguments(read_config(path, arguments.data), arguments)
    return config, _targets(config, arguments)


def _with_arguments(config: MasterConfig, arguments: argparse.Namespace) -> MasterConfig:
    """Return *config* with what the command line says in place of the file."""
    master, web, destinations = config.master, config.web, config.destinations
    if arguments.host is not None or arguments.port is not None:
        web = replace(web, listen=())
    if arguments.host is not None:
        master = replace(master, host=arguments.host)
    if arguments.port is not None:
        master = replace(master, port=arguments.port)
    if arguments.graphite is not None:
        destinations = {"": _carbon_at(arguments.graphite, config.graphite)}
    return replace(config, master=master, web=web, destinations=destinations)


def _carbon_at(place: Endpoint, graphite: GraphiteSettings) -> GraphiteSettings:
    sent = replace(graphite, send=True, host=place.host, whisper_directory=None)
    if place.port is None:
        return sent
    if place.port == graphite.plaintext_port or graphite.protocol == "plaintext":
        return replace(sent, protocol="plaintext", plaintext_port=place.port)
    return replace(sent, protocol="pickle", pickle_port=place.port)


def _targets(config: MasterConfig, arguments: argparse.Namespace) -> list[Target]:
    graphite = config.graphite
    if arguments.nodes:
        return endpoint_targets(
            arguments.nodes, arguments.interval, graphite.prefix, graphite.naming
        )
    if arguments.interval is not None:
        raise UsageError("--interval is for nodes named with --node; sections have their own")
    targets = targets_of(config, cli.chosen_config(arguments.config, DEFAULT_FILE))
    if not targets and config.nodes and config.master.shard is not None:
        raise UsageError(
            f"shard = {config.master.shard} has none of the configured nodes; "
            "share them among fewer lmasters"
        )
    if not targets:
        raise UsageError(
            f"there are no nodes to scrape; name them with --node HOST[:PORT], or write a "
            f"[nodes:NAME] section with hosts = ... into {arguments.config or DEFAULT_FILE}"
        )
    return targets
