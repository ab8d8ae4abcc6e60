"""The command line of lmaster: its commands and their arguments."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from fructosa_grafana import cli as dashboards
from fructosa_service import cli
from fructosa_service.config.kinds import (
    ENDPOINT,
    HOST,
    endpoint,
    from_command_line,
    tcp_port,
    whole,
)
from fructosa_service.daemon import commands as daemon_commands
from fructosa_service.daemon.commands import Daemon
from fructosa_service.daemon.lifecycle import CommandResult

from ..carbon_setup.capacity import SERIES_PER_PAGE
from ..client.target_list import STATES
from ..config.agents_settings import FAN_OUT, TIMEOUT
from ..config.hosts import NODES
from ..config.nodes_settings import NodesSettings
from ..config.settings import DEFAULT_FILE

_CARBON = endpoint(tcp_port(example="2004"), "localhost")
_PORT = tcp_port(at_least=0, example="9889")
_INTERVAL = whole("seconds", at_least=1, at_most=86400)
_SERIES = whole("series", at_least=1, at_most=10_000_000)
_SIGNALS = (
    f"Signals: {daemon_commands.SIGNALS_HELP} SIGKILL loses points that are not on disk yet. "
    "Before it exits, lmaster delivers queued points for at most 5 s; the rest stays in the queue "
    "on disk. On SIGHUP it reloads its configuration; if it is invalid, the previous one stays in "
    "use."
)
_ACTIONS = {
    "start": "start lagent on nodes, over ssh",
    "stop": "stop lagent on nodes, over ssh",
    "restart": "restart lagent on nodes, over ssh",
    "status": "show on which nodes lagent runs, over ssh",
}


def command_line_parser(
    run: Mapping[str, cli.Command], daemon: Daemon, print_result: Callable[[CommandResult], int]
) -> argparse.ArgumentParser:
    """Return the parser; *run* has the functions of the commands by name.

    start, stop, restart and status of the *daemon* are the same for lagent and lmaster;
    *print_result* prints their results.
    """
    made = cli.parser("lmaster", "Scrape the nodes of a cluster, and write to Graphite.")
    made.epilog = f"{_SIGNALS} {daemon_commands.EXIT_CODES_HELP}"
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    _add_scrape(commands, run["scrape"])
    daemon_commands.add(commands, daemon, print_result)
    _add_ping(commands, run["ping"])
    _add_agents(commands, run["agents"])
    _add_nodes(commands, run["nodes"])
    _add_reload(commands, run["reload"])
    _add_targets(commands, run["targets"])
    _add_schemas(commands, run["schemas"])
    _add_dashboards(commands, run["dashboards"])
    _add_check(commands, run["check"])
    return made


def _add_scrape(commands: cli.Commands, run: cli.Command) -> None:
    scrape = cli.add_command(commands, "scrape", run, "scrape the nodes, in the foreground")
    add_scrape_options(scrape)
    scrape.add_argument("--once", action="store_true", help="scrape each node once, and exit")


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
        help="scrape this node instead of the configured ones; can be repeated (default port: "
        "9888)",
    )
    command.add_argument(
        "--graphite",
        metavar="HOST[:PORT]",
        type=from_command_line(_CARBON),
        help="send to this carbon, in the pickle format, or as plaintext if the port is 2003 "
        "(default port: 2004)",
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
        type=_path,
        help="data directory; without a configuration file, points are stored there too",
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


def _add_ping(commands: cli.Commands, run: cli.Command) -> None:
    ping = cli.add_command(
        commands, "ping", run, "scrape every configured node once, and show which of them fail"
    )
    _add_nodes_argument(ping)
    cli.add_config(ping, DEFAULT_FILE)
    ping.add_argument("-q", "--quiet", action="store_true", help="show only nodes that fail")


def _add_agents(commands: cli.Commands, run: cli.Command) -> None:
    agents = cli.add_command(
        commands, "agents", run, "start, stop or check lagent on the configured nodes, over ssh"
    )
    agents.epilog = (
        "Results of successful nodes go to standard output, those of failed ones to standard "
        "error; nodes with the same result share a line. Exit codes: 0 all nodes succeeded (with "
        "status: lagent runs on all), 1 some nodes failed or could not be reached, 2 invalid "
        "command line or configuration, 3 all nodes reported their status, and lagent does not "
        "run on some, 130 interrupted."
    )
    # As a plain argument, ACTION would keep argparse from accepting NODES after an option.
    actions = agents.add_subparsers(metavar="ACTION", dest="action", required=True)
    for action, text in _ACTIONS.items():
        _add_action(cli.add_command(actions, action, run, text))


def _add_action(agents: argparse.ArgumentParser) -> None:
    _add_nodes_argument(agents)
    cli.add_config(agents, DEFAULT_FILE)
    agents.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=from_command_line(TIMEOUT),
        help="how long each node may take (default: timeout in [agents], or 60)",
    )
    agents.add_argument(
        "--fan-out",
        metavar="N",
        type=from_command_line(FAN_OUT),
        help="how many nodes to contact at a time (default: fan out in [agents], or 64)",
    )
    agents.add_argument(
        "--dry-run", action="store_true", help="print what would be run, and do nothing"
    )


def _add_nodes(commands: cli.Commands, run: cli.Command) -> None:
    nodes = cli.add_command(
        commands, "nodes", run, "list the targets of the running lmaster, failed ones first"
    )
    _add_nodes_argument(nodes)
    nodes.add_argument("--state", choices=STATES, help="only targets in this state")
    nodes.add_argument("--json", action="store_true", help="print JSON with all fields")
    _add_client_options(nodes)


def _add_reload(commands: cli.Commands, run: cli.Command) -> None:
    _add_client_options(
        cli.add_command(
            commands,
            "reload",
            run,
            "make the running lmaster reload its configuration; if it is invalid, the previous "
            "one stays in use",
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
        help="replace this file atomically; Prometheus needs a name that ends in .json",
    )
    targets.add_argument(
        "--hosts", action="store_true", help="only the names of all hosts, one per line"
    )


def _add_schemas(commands: cli.Commands, run: cli.Command) -> None:
    schemas = cli.add_command(
        commands,
        "schemas",
        run,
        "print carbon's storage-schemas.conf and storage-aggregation.conf for the intervals in use",
    )
    cli.add_config(schemas, DEFAULT_FILE)
    schemas.add_argument(
        "--output",
        metavar="DIR",
        type=_path,
        help="write the two files to this directory; lmaster overwrites only its own files",
    )


def _add_dashboards(commands: cli.Commands, run: cli.Command) -> None:
    command = cli.add_command(
        commands,
        "dashboards",
        run,
        "write dashboards for Grafana and rules for Prometheus, or upload the dashboards",
    )
    cli.add_config(command, DEFAULT_FILE)
    dashboards.add_options(command)


def _add_check(commands: cli.Commands, run: cli.Command) -> None:
    check = cli.add_check(commands, run, DEFAULT_FILE)
    check.add_argument(
        "--series",
        metavar="N",
        type=from_command_line(_SERIES),
        default=SERIES_PER_PAGE,
        help="assume this number of series per page, to estimate the load on carbon and disk "
        f"(default: {SERIES_PER_PAGE}; lmaster ping shows the samples of each node)",
    )
    check.add_argument(
        "--carbon-conf",
        metavar="FILE",
        type=_path,
        help="carbon.conf with the limits of carbon (default: that of this machine)",
    )


def _add_nodes_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "node_sets",
        metavar="NODES",
        nargs="*",
        type=from_command_line(NODES),
        help="only these nodes: names, node sets such as node[001-128], @groups, or files with one "
        "node set per line (default: all nodes)",
    )


def _add_client_options(command: argparse.ArgumentParser) -> None:
    cli.add_config(command, DEFAULT_FILE)
    command.add_argument(
        "--url",
        help="URL of lmaster (default: that of the file, or http://localhost:9889)",
    )
    command.add_argument(
        "--ca",
        metavar="FILE",
        type=_path,
        help="CA of lmaster's certificate (default: the CAs of this system)",
    )
    command.add_argument(
        "--user", metavar="NAME", help="user name, if lmaster has a [web] users file"
    )
    command.add_argument(
        "--password-file",
        metavar="FILE",
        type=_path,
        help="file with the password of that user, in one line",
    )


def _path(text: str) -> Path:
    return Path(text).absolute()
