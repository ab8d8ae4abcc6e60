"""The command line of lmaster: its commands and their arguments."""

import argparse
import time
from collections.abc import Callable, Mapping

from fructosa_grafana import cli as dashboards
from fructosa_service import cli
from fructosa_service.config.kinds import Kind, from_command_line, whole
from fructosa_service.daemon import commands as daemon_commands
from fructosa_service.daemon.commands import Daemon
from fructosa_service.daemon.lifecycle import CommandResult

from ...carbon_setup.capacity import SERIES_PER_PAGE
from ...client.since import since_s
from ...client.target_list import STATES
from ...config.agents_settings import FAN_OUT, TIMEOUT
from ...config.jobs_settings import DEFAULT_SOCKET
from ...config.settings import DEFAULT_FILE
from ...job_server.queries import MOST_NODES, MOST_RUNS, TOO_MANY_NODES
from ...jobs.names import job_name
from ...model.errors import JobNameError
from ...nodes.hosts import NODES, machine_groups
from ...nodes.node_sets import expand
from .load_config import add_scrape_options, path_argument

_JOBS = whole("jobs", at_least=1, at_most=MOST_RUNS, example="100")
_SINCE = Kind(name="time", example="7d", parse=lambda text: since_s(text, time.time()))
_JOB_NODES = Kind(name="nodes", example="node[001-128]", parse=lambda text: _few_nodes(text))
_SERIES = whole("series", at_least=1, at_most=10_000_000)
JOB_IN_PLACE_OF_ACTION = "{text} is not backup; did you mean: lmaster job {text}?"
_SIGNALS = (
    f"Signals: {daemon_commands.SIGNALS_HELP} SIGKILL loses points that are not on disk yet. "
    "Before it exits, lmaster delivers queued points for at most 5 s; the rest stays in the queue "
    "on disk. On SIGHUP it opens its log file again and reloads its configuration; if that is "
    "invalid, the previous one stays in use."
)
_ACTIONS = {
    "start": "start lagent on all nodes, or on some",
    "stop": "stop lagent on all nodes, or on some",
    "restart": "restart lagent on all nodes, or on some",
    "status": "show on which nodes lagent runs",
}


def command_line_parser(
    run: Mapping[str, cli.Command], daemon: Daemon, print_result: Callable[[CommandResult], int]
) -> argparse.ArgumentParser:
    """Return the parser; *run* has the functions of the commands by name.

    start, stop, restart and status of the *daemon* are the same for lagent and lmaster;
    *print_result* prints their results.
    """
    made = cli.parser(
        "lmaster",
        "Scrape the nodes of a cluster, and write to Graphite or to Whisper files. To begin, try "
        "lmaster scrape --node HOST with a host that runs lagent.",
    )
    made.epilog = f"{_SIGNALS} {daemon_commands.EXIT_CODES_HELP}"
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_scrape(commands, run["scrape"])
    daemon_commands.add(commands, daemon, print_result)
    _add_ping(commands, run["ping"])
    _add_agents(commands, run["agents"])
    _add_nodes(commands, run["nodes"])
    _add_slurm(commands, run["slurm"])
    _add_job(commands, run["job"])
    _add_jobs(commands, run["jobs"])
    _add_reload(commands, run["reload"])
    _add_targets(commands, run["targets"])
    _add_schemas(commands, run["schemas"])
    _add_dashboards(commands, run["dashboards"])
    _add_check(commands, run["check"])
    return made


def _add_scrape(commands: cli.Commands, run: cli.Command) -> None:
    scrape = cli.add_command(
        commands, "scrape", run, "scrape the nodes again and again, in the foreground"
    )
    add_scrape_options(scrape)
    scrape.add_argument(
        "--once", action="store_true", help="scrape each node once, print the results, and exit"
    )


def _add_ping(commands: cli.Commands, run: cli.Command) -> None:
    ping = cli.add_command(
        commands,
        "ping",
        run,
        "scrape every configured node once, from here, and show which of them fail",
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
    actions = agents.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
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
        commands, "nodes", run, "list the nodes as the running lmaster sees them, failed ones first"
    )
    _add_nodes_argument(nodes)
    nodes.add_argument(
        "--state",
        choices=STATES,
        help="only nodes in this state; waiting are those not scraped yet",
    )
    nodes.add_argument("--json", action="store_true", help="print JSON with all fields")
    _add_client_options(nodes)


def _add_slurm(commands: cli.Commands, run: cli.Command) -> None:
    slurm = cli.add_command(
        commands,
        "slurm",
        run,
        "show partitions, nodes, queue and scheduler of Slurm, as the running lmaster read them; "
        "without one, read Slurm once",
    )
    slurm.add_argument("--json", action="store_true", help="print JSON with all fields")
    slurm.epilog = "Exit codes: 0 slurmctld responds, 1 it does not, 2 invalid command line."
    _add_client_options(slurm)


def _add_job(commands: cli.Commands, run: cli.Command) -> None:
    job = cli.add_command(
        commands, "job", run, "show what a job used: your own, or any for root and administrators"
    )
    job.add_argument(
        "id",
        metavar="ID",
        help="the id of a job: 123, 123_4 (a task of an array), 123+1 (a part of a heterogeneous "
        "job), or its SLUID",
    )
    job.add_argument(
        "--all",
        action="store_true",
        help="show all runs that are known, the oldest first: those before a requeue, and those of "
        "older jobs with the same id (default: the last run)",
    )
    job.add_argument("--json", action="store_true", help="print JSON with all fields")
    _add_job_options(job)


def _add_jobs(commands: cli.Commands, run: cli.Command) -> None:
    jobs = cli.add_command(
        commands,
        "jobs",
        run,
        "list jobs, the newest first: your own, or all for root and administrators; or copy the "
        "archive of jobs to a file",
    )
    jobs.add_argument(
        "action",
        nargs="?",
        choices=("backup",),
        type=_jobs_action,
        help="copy the archive, also while it is written; only for root and lmaster's user",
    )
    jobs.add_argument(
        "file", metavar="FILE", nargs="?", type=path_argument, help="the new file for the backup"
    )
    for name, text in (
        ("user", "of this user"),
        ("account", "of this account"),
        ("state", "in one of these states, as Slurm calls them: FAILED, or F,TO,OOM"),
        ("partition", "in this partition"),
    ):
        jobs.add_argument(f"--{name}", metavar=name.upper(), help=f"only jobs {text}")
    jobs.add_argument(
        "--node",
        metavar="NODES",
        type=from_command_line(_JOB_NODES),
        help="only jobs that had one of these nodes: names, node sets such as node[001-128], or "
        f"@groups; at most {MOST_NODES} nodes",
    )
    jobs.add_argument(
        "--since",
        metavar="TIME",
        type=from_command_line(_SINCE),
        help="only jobs that ran after a time: 30m, 12h or 7d ago, 14:00 of today, today, "
        "yesterday, 2026-11-03, 2026-11-03T14:00",
    )
    jobs.add_argument(
        "--most",
        metavar="N",
        type=from_command_line(_JOBS),
        help="at most so many jobs (default: 100)",
    )
    jobs.add_argument("--json", action="store_true", help="print JSON with all fields")
    _add_job_options(jobs)
    jobs.epilog = (
        "CPU% is the part of the time of its CPUs that a job used. MEMORY is from what was seen in "
        "use to the kernel's peak, which includes the cache of files. ? is not known. "
        f"{jobs.epilog}"
    )


def _few_nodes(text: str) -> tuple[str, ...]:
    """Return the nodes of a node set. Raises: ValueError with what is wrong with it."""
    found = expand(text, machine_groups())
    if len(found) > MOST_NODES:
        raise ValueError(TOO_MANY_NODES.format(count=len(found), most=MOST_NODES))
    return found


def _jobs_action(text: str) -> str:
    try:
        job_name(text)
    except JobNameError:
        return text  # argparse says what it may be
    raise argparse.ArgumentTypeError(JOB_IN_PLACE_OF_ACTION.format(text=text.strip()))


def _add_job_options(command: argparse.ArgumentParser) -> None:
    command.epilog = (
        "Exit codes: 0 success, 1 lmaster does not run or knows no such job, 2 invalid command "
        "line or configuration. While lmaster does not run, root and its user read the archive."
    )
    cli.add_config(command, DEFAULT_FILE)
    command.add_argument(
        "--socket",
        metavar="FILE",
        type=path_argument,
        help=f"socket of lmaster (default: that of the file, or {DEFAULT_SOCKET})",
    )


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
        commands, "targets", run, "print the nodes as targets for Prometheus, in its file_sd JSON"
    )
    cli.add_config(targets, DEFAULT_FILE)
    targets.add_argument(
        "--output",
        metavar="FILE",
        type=path_argument,
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
        type=path_argument,
        help="write the two files to this directory; rules of your own in them stay",
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
        type=path_argument,
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
        help="URL of lmaster's page (default: that of the file, or http://localhost:9889)",
    )
    command.add_argument(
        "--ca",
        metavar="FILE",
        type=path_argument,
        help="CA of lmaster's certificate (default: the CAs of this system)",
    )
    command.add_argument("--user", metavar="NAME", help="user name, if lmaster's page requires one")
    command.add_argument(
        "--password-file",
        metavar="FILE",
        type=path_argument,
        help="file with the password of that user, in one line",
    )
