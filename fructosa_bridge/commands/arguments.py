"""The command line of lmaster: its commands and what they may be told."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from fructosa_grafana import cli as dashboards
from fructosa_service import cli
from fructosa_service.config.kinds import ENDPOINT, HOST, LISTENING_PORT, from_command_line, whole
from fructosa_service.daemon import commands as commands_of_daemons
from fructosa_service.daemon.commands import Daemon
from fructosa_service.daemon.lifecycle import CommandResult

from ..carbon_setup.capacity import SERIES_OF_PAGE
from ..client.target_list import STATES
from ..config.agents_settings import FAN_OUT, TIMEOUT
from ..config.node_set_files import HOSTS
from ..config.nodes_settings import NodesSettings
from ..config.settings import DEFAULT_FILE

_INTERVAL = whole("seconds", at_least=1, at_most=86400)
_SIGNALS = (
    f"Signals: {commands_of_daemons.SIGNALS_HELP} On shutdown, lmaster delivers queued points for "
    "at most five seconds; the rest waits on disk. On SIGHUP it reloads its configuration; an "
    "invalid one is rejected, and the old one stays in use."
)
_SERIES = whole("series", at_least=1, at_most=10_000_000)


_ACTIONS = {
    "start": "start lagent on nodes, over ssh",
    "stop": "stop lagent on nodes, over ssh",
    "restart": "restart lagent on nodes, over ssh",
    "status": "tell on which nodes lagent runs, over ssh",
}


def parser(
    run: Mapping[str, cli.Command], daemon: Daemon, say: Callable[[CommandResult], int]
) -> argparse.ArgumentParser:
    """Return the parser; *run* carries the commands out, by their names.

    Those of the *daemon* in the background are the same for lagent and lmaster; *say* prints
    what they answer.
    """
    made = cli.parser("lmaster", "Scrape the nodes of a cluster and write into Graphite.")
    made.epilog = f"{_SIGNALS} {commands_of_daemons.EXIT_CODES_HELP}"
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    _add_scrape(commands, run["scrape"])
    commands_of_daemons.add(commands, daemon, say)
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
    add_scraping(scrape)
    scrape.add_argument("--once", action="store_true", help="scrape each node once, and end")


def add_scraping(scrape: argparse.ArgumentParser) -> None:
    """Add what `scrape` may be told, and `start` likewise."""
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


def _add_ping(commands: cli.Commands, run: cli.Command) -> None:
    ping = cli.add_command(
        commands, "ping", run, "ask every configured node once, and tell which do not answer"
    )
    _add_hosts(ping, "only these nodes: a set as node[001-128], a @group, a file of them")
    cli.add_config(ping, DEFAULT_FILE)
    ping.add_argument("-q", "--quiet", action="store_true", help="tell only of those that fail")


def _add_agents(commands: cli.Commands, run: cli.Command) -> None:
    agents = cli.add_command(
        commands, "agents", run, "start or stop lagent on the configured nodes, over ssh"
    )
    agents.epilog = (
        "What is well is told on standard output, what failed on standard error; nodes with the "
        "same answer share a line. Exit codes: 0 all went well (all run), 1 some nodes failed or "
        "can't be asked, 2 a wrong command line or configuration, 3 all have told their status "
        "and some do not run, 130 interrupted."
    )
    # With one argument for it, argparse would take no NODES behind an option.
    actions = agents.add_subparsers(metavar="ACTION", dest="action", required=True)
    for action, text in _ACTIONS.items():
        _add_action(cli.add_command(actions, action, run, text))


def _add_action(agents: argparse.ArgumentParser) -> None:
    _add_hosts(agents, "only these nodes: a set as node[001-128], a @group, a file of them")
    cli.add_config(agents, DEFAULT_FILE)
    agents.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=from_command_line(TIMEOUT),
        help="give a node up after so many seconds (default: as [agents] says, or 60)",
    )
    agents.add_argument(
        "--fan-out",
        metavar="N",
        type=from_command_line(FAN_OUT),
        help="ask so many nodes at a time (default: as [agents] says, or 64)",
    )
    agents.add_argument(
        "--dry-run", action="store_true", help="tell what would be done, and do nothing"
    )


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
