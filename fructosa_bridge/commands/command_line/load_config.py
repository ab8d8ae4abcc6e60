"""The configuration and the targets of a command, from the file and the command line."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from fructosa_service import cli
from fructosa_service.config.kinds import (
    ENDPOINT,
    HOST,
    Endpoint,
    endpoint,
    from_command_line,
    tcp_port,
    whole,
)
from fructosa_service.errors import ConfigError, Problem, UsageError
from fructosa_service.web.settings import WebSettings
from fructosa_service.web.users import UsersFile

from ...app.slurm_list import current_nodes
from ...config.nodes_settings import NodesSettings
from ...config.settings import DEFAULT_FILE, GraphiteSettings, MasterConfig, read_config
from ...config.slurm_sections import hosts_of_groups, partition_messages, slurm_hosts
from ...config.targets import endpoint_targets, section_targets
from ...model.target import Target
from ...nodes.hosts import Hosts, SlurmHosts
from ...nodes.node_sets import select
from ...nodes.slurm_nodes import NO_NODES, NodeList
from ...slurm_states.kept_nodes import KeptNodes

NO_SLURM_NODES = (
    "has no nodes: Slurm has none for {sections} at present; check hosts there, and sinfo -N"
)

_CARBON = endpoint(tcp_port(example="2004"), "localhost")
_PORT = tcp_port(at_least=0, example="9889")
_INTERVAL = whole("seconds", at_least=1, at_most=86400)


def add_scrape_options(command: argparse.ArgumentParser) -> None:
    """Add the options that `scrape` and `start` share."""
    cli.add_config(command, DEFAULT_FILE)
    command.add_argument(
        "--node",
        metavar="HOST[:PORT]",
        dest="nodes",
        action="append",
        type=from_command_line(ENDPOINT),
        default=[],
        help="scrape this node instead of the configured ones; repeat it for several nodes "
        "(default port: 9888)",
    )
    command.add_argument(
        "--graphite",
        metavar="HOST[:PORT]",
        type=from_command_line(_CARBON),
        help="send to the carbon at this address, in the pickle format, or as plaintext if the "
        "port is 2003 (default port: 2004)",
    )
    command.add_argument(
        "--interval",
        metavar="SECONDS",
        type=from_command_line(_INTERVAL),
        help=f"scrape interval of the nodes of --node (default: {NodesSettings.interval_s})",
    )
    command.add_argument(
        "--data",
        metavar="DIR",
        type=path_argument,
        help="directory for the queue and, without a configuration file, for Whisper files with "
        "the data (default: that of the file; without one, /var/lib/fructosa for root and "
        "~/.local/share/fructosa for other users)",
    )
    command.add_argument(
        "--host",
        metavar="ADDRESS",
        type=from_command_line(HOST),
        help="address of the status page (default: that of the file, or localhost)",
    )
    command.add_argument(
        "--port",
        metavar="PORT",
        type=from_command_line(_PORT),
        help="port of the status page, 0 for a free one (default: that of the file, or 9889)",
    )


def path_argument(text: str) -> Path:
    """Return the absolute path of an argument: a daemon changes its directory."""
    return Path(text).absolute()


def targets_of_shard(
    config: MasterConfig, path: Path | None, slurm: NodeList = NO_NODES
) -> list[Target]:
    """Return the targets that *config*, read from *path*, has for this lmaster's shard.

    *slurm* has the nodes of ``@slurm``.
    Raises: ConfigError if any two targets, of all shards, would write to the same paths.
    """
    try:
        return section_targets(
            config.nodes,
            config.graphite.prefix,
            config.master.shard,
            config.graphite.naming,
            slurm,
        )
    except UsageError as error:
        raise ConfigError(str(path), [Problem(message=str(error))]) from error


def targets_of_all_shards(
    config: MasterConfig, path: Path, slurm: NodeList = NO_NODES
) -> list[Target]:
    """Return the targets of *config*, read from *path*, for all shards.

    Raises: ConfigError if any two would write to the same paths.
    """
    return targets_of_shard(replace(config, master=replace(config.master, shard=None)), path, slurm)


class LoadedConfig(NamedTuple):
    """A configuration, its file, Slurm's nodes, and the targets of all shards."""

    config: MasterConfig
    path: Path
    slurm: NodeList
    targets: list[Target]


def load_all(arguments: argparse.Namespace) -> LoadedConfig:
    """Return the configuration and the targets of all shards.

    Raises: UsageError if there is no file, or no target in it; as current_nodes for ``@slurm``.
    """
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    if path is None:
        raise UsageError(f"{DEFAULT_FILE} does not exist; give a configuration file with -c FILE")
    config = read_config(path)
    slurm = current_nodes(config, str(path))
    targets = targets_of_all_shards(config, path, slurm)
    if not targets:
        raise UsageError(f"{path} {why_no_targets(config)}")
    return LoadedConfig(config, path, slurm, targets)


def why_no_targets(config: MasterConfig) -> str:
    """Return why a configuration has no targets, and what to do."""
    if sections := slurm_hosts(config.nodes):
        return NO_SLURM_NODES.format(sections=", ".join(f"[nodes:{group}]" for group in sections))
    return "has no nodes; add a [nodes:NAME] section with hosts = ..."


def load_selected(arguments: argparse.Namespace) -> tuple[MasterConfig, list[Target]]:
    """Return the configuration, and those of its targets that the argument NODES selects.

    Raises: UsageError as `load_all`, and if a selected node is not configured.
    """
    config, path, _, targets = load_all(arguments)
    wanted = [selected_hosts(hosts, config, path) for hosts in arguments.node_sets]
    return config, select(targets, wanted, str(path))


def selected_hosts(hosts: Hosts, config: MasterConfig, path: Path | None) -> tuple[str, ...]:
    """Return the *hosts* of the command line, with Slurm's nodes for ``@slurm``.

    Raises: UsageError if Slurm does not have them; as current_nodes.
    """
    if not isinstance(hosts, SlurmHosts):
        return hosts
    try:
        if config.slurm is None:
            return hosts_of_groups(hosts)
        slurm = current_nodes(config, str(path), is_needed=True)
        for message in partition_messages(hosts, slurm):
            raise ValueError(message)
        return tuple(hosts.resolve(slurm))
    except ValueError as error:
        raise UsageError(str(error)) from None


def load_to_scrape(arguments: argparse.Namespace) -> tuple[MasterConfig, list[Target]]:
    """Return the configuration and the targets to scrape; the command line overrides the file.

    To scrape once, Slurm is read for ``@slurm``; else the kept list is used, if there is one.
    Raises: ConfigError if the file is invalid, UsageError if there is nothing to scrape.
    """
    config = _config_to_scrape(arguments)
    if arguments.once:
        slurm = current_nodes(config, str(arguments.config), is_fresh=True)
    else:
        slurm = KeptNodes(config.master.data_directory).read()
    return config, targets_to_scrape(arguments, config, slurm)


def load_again(arguments: argparse.Namespace) -> tuple[MasterConfig, list[Target]]:
    """Return the same for a reload.

    Raises: as load_to_scrape, and ConfigError if a section names a partition that Slurm does not
    have.
    """
    config = _config_to_scrape(arguments)
    slurm = KeptNodes(config.master.data_directory).read()
    if slurm.nodes:
        slurm = current_nodes(config, str(arguments.config))
    return config, targets_to_scrape(arguments, config, slurm)


def _config_to_scrape(arguments: argparse.Namespace) -> MasterConfig:
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    return _overridden(read_config(path, arguments.data), arguments)


def _overridden(config: MasterConfig, arguments: argparse.Namespace) -> MasterConfig:
    """Return *config* with the settings of the command line."""
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


def _carbon_at(endpoint: Endpoint, graphite: GraphiteSettings) -> GraphiteSettings:
    carbon = replace(graphite, send=True, host=endpoint.host, whisper_directory=None)
    if endpoint.port is None:
        return carbon
    if endpoint.port == graphite.plaintext_port or graphite.protocol == "plaintext":
        return replace(carbon, protocol="plaintext", plaintext_port=endpoint.port)
    return replace(carbon, protocol="pickle", pickle_port=endpoint.port)


def targets_to_scrape(
    arguments: argparse.Namespace, config: MasterConfig, slurm: NodeList
) -> list[Target]:
    """Return the targets to scrape; *slurm* has the nodes of ``@slurm``.

    Raises: ConfigError or UsageError as load_to_scrape.
    """
    graphite = config.graphite
    if arguments.nodes:
        return endpoint_targets(
            arguments.nodes, arguments.interval, graphite.prefix, graphite.naming
        )
    if arguments.interval is not None:
        raise UsageError(
            "--interval is only for nodes of --node; for those of the file, set interval in their "
            "[nodes:...] section"
        )
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    targets = targets_of_shard(config, path, slurm)
    if slurm_hosts(config.nodes):
        return targets  # if there are none, there may be soon
    if not targets and config.nodes and config.master.shard is not None:
        raise UsageError(
            f"shard = {config.master.shard} contains none of the configured nodes; use fewer shards"
        )
    if not targets:
        raise UsageError(
            "there are no nodes to scrape; name them with --node HOST[:PORT], or add a "
            f"[nodes:NAME] section with hosts = ... to {arguments.config or DEFAULT_FILE}"
        )
    return targets


def check_web_files(web: WebSettings) -> None:
    """Read the files of [web], so that errors in them are reported before the daemon starts.

    Raises: UsageError if one of them is invalid.
    """
    if (files := web.tls()) is not None:
        files.context()
    if web.users_file is not None:
        UsersFile(web.users_file)
