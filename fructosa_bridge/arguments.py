"""The command line of lmaster: its commands and what they may be told."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from fructosa_grafana import cli as dashboards
from fructosa_service import cli
from fructosa_service.kinds import ENDPOINT, HOST, LISTENING_PORT, from_command_line, whole

from .capacity import SERIES_OF_PAGE
from .config import DEFAULT_FILE
from .listing import STATES
from .node_sets import HOSTS
from .node_settings import NodesSettings

_INTERVAL = whole("seconds", at_least=1, at_most=86400)
_SERIES = whole("series", at_least=1, at_most=10_000_000)


def parser(run: Mapping[str, cli.Command]) -> argparse.ArgumentParser:
    """Return the parser; *run* carries the commands out, by their names."""
    made = cli.parser("lmaster", "Scrape the nodes of a cluster and write into Graphite.")
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    _add_scrape(commands, run["scrape"])
    _add_ping(commands, run["ping"])
    _add_nodes(commands, run["nodes"])
    _add_reload(commands, run["reload"])
    _add_targets(commands, run["targets"])
    _add_schemas(commands, run["schemas"])
    _add_dashboards(commands, run["dashboards"])
    _add_check(commands, run["check"])
    return made


def _add_scrape(commands: cli.Commands, run: cli.Command) -> None:
    scrape = cli.add_command(commands, "scrape", run, "scrape the nodes, in the foreground")
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
        type=_path,
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


def _add_ping(commands: cli.Commands, run: cli.Command) -> None:
    ping = cli.add_command(
        commands, "ping", run, "ask every configured node once, and tell which do not answer"
    )
    _add_hosts(ping, "only these nodes: a set as node[001-128], a @group, a file of them")
    cli.add_config(ping, DEFAULT_FILE)
    ping.add_argument("-q", "--quiet", action="store_true", help="tell only of those that fail")


def _add_nodes(commands: cli.Commands, run: cli.Command) -> None:
    nodes = cli.add_command(
        commands, "nodes", run, "tell how the running lmaster sees its targets, worst first"
    )
    _add_hosts(nodes, "only these nodes: a set as node[001-128], a @group, a file of them")
    nodes.add_argument("--state", choices=STATES, help="only targets in this state")
    nodes.add_argument("--json", action="store_true", help="all that is known of them, as JSON")
    _add_place(nodes)


def _add_reload(commands: cli.Commands, run: cli.Command) -> None:
    _add_place(
        cli.add_command(
            commands,
            "reload",
            run,
            "let the running lmaster read its configuration again; a wrong one is refused",
        )
    )


def _add_targets(commands: cli.Commands, run: cli.Command) -> None:
    targets = cli.add_command(
        commands, "targets", run, "print the targets for Prometheus, as file_sd JSON"
    )
    cli.add_config(targets, DEFAULT_FILE)
    targets.add_argument(
        "--output",
        metavar="FILE",
        type=_path,
        help="write them into this file, at once; Prometheus wants a name that ends in .json",
    )


def _add_schemas(commands: cli.Commands, run: cli.Command) -> None:
    schemas = cli.add_command(
        commands,
        "schemas",
        run,
        "print storage-schemas.conf and storage-aggregation.conf that fit the intervals",
    )
    cli.add_config(schemas, DEFAULT_FILE)
    schemas.add_argument(
        "--output",
        metavar="DIR",
        type=_path,
        help="write the two files into this folder; those that lmaster has not made are kept",
    )


def _add_dashboards(commands: cli.Commands, run: cli.Command) -> None:
    command = cli.add_command(
        commands,
        "dashboards",
        run,
        "write dashboards for Grafana and rules for Prometheus, or send the dashboards",
    )
    cli.add_config(command, DEFAULT_FILE)
    dashboards.add_options(command)


def _add_check(commands: cli.Commands, run: cli.Command) -> None:
    check = cli.add_check(commands, run, DEFAULT_FILE)
    check.add_argument(
        "--series",
        metavar="N",
        type=from_command_line(_SERIES),
        default=SERIES_OF_PAGE,
        help="how many series a page has, to tell what carbon and the disk must take "
        f"(default: {SERIES_OF_PAGE}; lmaster ping tells the samples of each node)",
    )
    check.add_argument(
        "--carbon-conf",
        metavar="FILE",
        type=_path,
        help="carbon's configuration, for its limits (default: that of this machine)",
    )


def _add_hosts(command: argparse.ArgumentParser, text: str) -> None:
    command.add_argument(
        "hosts", metavar="NODES", nargs="?", type=from_command_line(HOSTS), help=text
    )


def _add_place(command: argparse.ArgumentParser) -> None:
    cli.add_config(command, DEFAULT_FILE)
    command.add_argument(
        "--url",
        help="where lmaster's pages are (default: as the file says, or http://localhost:9889)",
    )
    command.add_argument(
        "--ca",
        metavar="FILE",
        type=_path,
        help="authority of its certificate (default: the system's)",
    )
    command.add_argument("--user", metavar="NAME", help="who you are to it, if it wants to know")
    command.add_argument(
        "--password-file", metavar="FILE", type=_path, help="holds that user's password in one line"
    )


def _path(text: str) -> Path:
    return Path(text).absolute()
