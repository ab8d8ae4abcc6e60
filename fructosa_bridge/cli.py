"""The command lmaster."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fructosa_service import cli
from fructosa_service.errors import ConfigError, Problem, UsageError
from fructosa_service.kinds import (
    ENDPOINT,
    HOST,
    LISTENING_PORT,
    Endpoint,
    from_command_line,
    whole,
)
from fructosa_service.logs import open_log

from .config import DEFAULT_FILE, Config, GraphiteSettings, NodesSettings, read_config
from .example import example_config
from .model import Target
from .run import scrape_for_ever, scrape_once
from .targets import configured, named

log = logging.getLogger("lmaster")

_INTERVAL = whole("seconds", at_least=1, at_most=86400)


def main(argv: Sequence[str] | None = None) -> int:
    """Run lmaster with the arguments *argv*; return its exit code."""
    arguments = _parser().parse_args(argv)
    return cli.run("lmaster", lambda: arguments.command(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("lmaster", "Scrape the nodes of a cluster and write into Graphite.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    scrape = cli.add_command(commands, "scrape", _scrape, "scrape the nodes, in the foreground")
    cli.add_config(scrape, DEFAULT_FILE)
    scrape.add_argument(
        "--node",
        metavar="HOST[:PORT]",
        dest="nodes",
        action="append",
        type=from_command_line(ENDPOINT),
        default=[],
        help="scrape this node, instead of those configured; may be repeated (port: 9888)",
    )
    scrape.add_argument(
        "--graphite",
        metavar="HOST[:PORT]",
        type=from_command_line(ENDPOINT),
        help="send to this carbon: pickle, or plaintext on port 2003 (port: 2004)",
    )
    scrape.add_argument(
        "--interval",
        metavar="SECONDS",
        type=from_command_line(_INTERVAL),
        help=f"time between two scrapes of a --node (default: {NodesSettings.interval_s})",
    )
    scrape.add_argument(
        "--data",
        metavar="DIR",
        type=lambda text: Path(text).absolute(),
        help="data directory; without a configuration file the points are kept there",
    )
    scrape.add_argument(
        "--host",
        metavar="ADDRESS",
        type=from_command_line(HOST),
        help="address of the status page (default: that of the file, or localhost)",
    )
    scrape.add_argument(
        "--port",
        metavar="PORT",
        type=from_command_line(LISTENING_PORT),
        help="port of the status page, 0 for a free one (default: that of the file, or 9889)",
    )
    scrape.add_argument("--once", action="store_true", help="scrape each node once, and end")

    cli.add_check(commands, _check, DEFAULT_FILE)
    return parser


def _scrape(arguments: argparse.Namespace) -> int:
    config = _with_arguments(
        read_config(cli.chosen_config(arguments.config, DEFAULT_FILE), arguments.data), arguments
    )
    targets = _targets(config, arguments)
    open_log(config.logging)
    for warning in config.warnings:
        log.warning("%s", warning)
    if arguments.once:
        return _once(config, targets)
    asyncio.run(scrape_for_ever(config, targets))
    return 0


def _once(config: Config, targets: Sequence[Target]) -> int:
    states, undelivered = asyncio.run(scrape_once(config, targets))
    for state in states:
        outcome = state.error or f"{state.samples} samples in {state.duration_s * 1000:.1f} ms"
        print(f"{state.target.name}: {'up' if state.up else 'DOWN'}, {outcome}")
    if undelivered:
        print(f"lmaster: {undelivered} points could not be delivered", file=sys.stderr)
    return cli.EXIT_RUNNING if undelivered or not all(state.up for state in states) else 0


def _check(arguments: argparse.Namespace) -> int:
    if arguments.example:
        sys.stdout.write(example_config())
        return 0
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    config = read_config(path)
    targets = _configured(config, path)
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if path is None:
        print(f"there is no {DEFAULT_FILE}; without it, name nodes with lmaster scrape --node")
    elif not targets:
        print(f"{path}: ok, but it names no nodes; add a [nodes:NAME] section with hosts = ...")
    else:
        print(f"{path}: ok, {len(targets)} targets")
    return 0


def _with_arguments(config: Config, arguments: argparse.Namespace) -> Config:
    """Return *config* with what the command line says in place of the file."""
    master, graphite = config.master, config.graphite
    if arguments.host is not None:
        master = replace(master, host=arguments.host)
    if arguments.port is not None:
        master = replace(master, port=arguments.port)
    if arguments.graphite is not None:
        graphite = _carbon_at(arguments.graphite, graphite)
    return replace(config, master=master, graphite=graphite)


def _carbon_at(place: Endpoint, graphite: GraphiteSettings) -> GraphiteSettings:
    sent = replace(graphite, send=True, host=place.host, whisper_directory=None)
    if place.port is None:
        return sent
    if place.port == graphite.plaintext_port or graphite.protocol == "plaintext":
        return replace(sent, protocol="plaintext", plaintext_port=place.port)
    return replace(sent, protocol="pickle", pickle_port=place.port)


def _targets(config: Config, arguments: argparse.Namespace) -> list[Target]:
    prefix = config.graphite.prefix
    if arguments.nodes:
        return named(arguments.nodes, arguments.interval, prefix)
    if arguments.interval is not None:
        raise UsageError("--interval is for nodes named with --node; sections have their own")
    targets = _configured(config, cli.chosen_config(arguments.config, DEFAULT_FILE))
    if not targets:
        raise UsageError(
            f"there are no nodes to scrape; name them with --node HOST[:PORT], or write a "
            f"[nodes:NAME] section with hosts = ... into {arguments.config or DEFAULT_FILE}"
        )
    return targets


def _configured(config: Config, path: Path | None) -> list[Target]:
    try:
        return configured(config.nodes, config.graphite.prefix)
    except UsageError as error:
        raise ConfigError(str(path), [Problem(message=str(error))]) from error
