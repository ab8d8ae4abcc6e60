"""The command lagent."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence

import psutil

from fructosa_service import cli
from fructosa_service.config.kinds import HOST, LISTENING_PORT, Endpoint, from_command_line
from fructosa_service.daemon import commands as commands_of_daemons
from fructosa_service.daemon.commands import Daemon, Prepared
from fructosa_service.daemon.lifecycle import CommandResult, Ready
from fructosa_service.daemon.privileges import account
from fructosa_service.daemon.sd_notify import notify_ready
from fructosa_service.daemon.startup import initialize
from fructosa_service.errors import UsageError
from fructosa_service.logs import log_location

from .collect.collector import collect_now
from .collect.default_sensors import by_reason, chosen_readers, reader_of
from .collect.plugins import all_sensors
from .config import DEFAULT_FILE, AgentConfig, example_config, read_config
from .page.exposition import Format
from .page.rendering import PageRenderer
from .page.sensor_state import STATE_METRICS, SensorState
from .sensors import SENSORS, Agent
from .serve import create_server, tls_and_users
from .web.server import open_listener

log = logging.getLogger("lagent")

_SIGNALS = (
    f"Signals: {commands_of_daemons.SIGNALS_HELP} SIGHUP is ignored, as certificates and users are "
    "read again by themselves when their files change; all else needs a restart."
)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def main(argv: Sequence[str] | None = None) -> int:
    """Run lagent with the arguments *argv*; return its exit code."""
    arguments = _parser().parse_args(argv)
    return cli.run("lagent", lambda: arguments.command(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("lagent", "Serve the readings of this node as metrics over HTTP.")
    parser.epilog = f"{_SIGNALS} {commands_of_daemons.EXIT_CODES_HELP}"
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    serve = cli.add_command(commands, "serve", _serve, "serve the readings, in the foreground")
    _add_serving(serve)
    commands_of_daemons.add(commands, _DAEMON, _say)

    sensors = cli.add_command(
        commands, "sensors", _sensors, "what can be measured here; all of one sensor"
    )
    sensors.add_argument("name", metavar="NAME", nargs="?", help="a sensor")
    sensors.add_argument(
        "--markdown", action="store_true", help="print all there is to know of all, in Markdown"
    )
    # For `make docs` alone: lmaster's table of them.
    sensors.add_argument("--for-lmaster", action="store_true", help=argparse.SUPPRESS)

    read = cli.add_command(commands, "read", _read, "read once and print the page")
    read.add_argument("names", metavar="NAME", nargs="*", help="a sensor; all of them if none")
    cli.add_config(read, DEFAULT_FILE)

    cli.add_check(commands, _check, DEFAULT_FILE)
    return parser


def _add_serving(command: argparse.ArgumentParser) -> None:
    """Add what `serve` may be told, and `start` likewise."""
    cli.add_config(command, DEFAULT_FILE)
    command.add_argument(
        "--host",
        metavar="ADDRESS",
        type=from_command_line(HOST),
        help="address to listen on (default: that of the file, or 127.0.0.1)",
    )
    command.add_argument(
        "--port",
        metavar="PORT",
        type=from_command_line(LISTENING_PORT),
        help="port to listen on, 0 for a free one (default: that of the file, or 9888)",
    )


def _serve(arguments: argparse.Namespace) -> int:
    return _run(arguments, _config(arguments))


def _prepare(arguments: argparse.Namespace) -> Prepared:
    """Read all that can be wrong, while there is a terminal to say so."""
    config = _config(arguments)
    tls_and_users(config.web)
    account("lagent", config.agent.user, config.agent.group)
    return Prepared(
        config.agent.pid_file,
        log_location(config.logging),
        lambda ready: _run(arguments, config, ready),
    )


def _run(arguments: argparse.Namespace, config: AgentConfig, ready: Ready | None = None) -> int:
    """Serve until a signal; in the background there is somebody to be told when it is *ready*."""
    who = account("lagent", config.agent.user, config.agent.group)
    endpoints = _endpoints(arguments, config)
    # A port below 1024 is root's to give; what the sensors may read is seen by who reads it.
    sockets = {endpoint: open_listener(endpoint) for endpoint in endpoints}
    initialize(config.logging, who, syslog_as="lagent" if ready else None)
    for warning in config.warnings:
        log.warning("%s", warning)
    chosen, left_out = chosen_readers(all_sensors(), config.sensors)
    server = create_server(config, chosen, endpoints, sockets.pop)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    # There is nothing to be read again: certificates and users are looked at by themselves.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    scheme = "https" if config.web.tls() else "http"
    urls = [f"{scheme}://{endpoint}/metrics" for endpoint in server.endpoints]
    log.info("%d sensors are served on %s", len(chosen), ", ".join(urls))
    if all(endpoint.host in _LOOPBACK for endpoint in server.endpoints):
        log.info("only this machine can ask for it; for others set [lagent] host, or --host")
    if config.web.users_file and not config.web.tls():
        log.warning("passwords are sent as they are; set [web] tls certificate and tls key")
    for line in by_reason(left_out):
        log.info("not read: %s", line)
    (ready or notify_ready)(urls)
    server.serve_forever()
    log.info("ended")
    return 0


def _endpoints(arguments: argparse.Namespace, config: AgentConfig) -> list[Endpoint]:
    """Return where to listen: the command line's word counts before that of the file."""
    host, port = config.agent.host, config.agent.port
    if arguments.host is None and arguments.port is None and config.web.listen:
        return [
            Endpoint(one.host, port if one.port is None else one.port) for one in config.web.listen
        ]
    return [
        Endpoint(
            host if arguments.host is None else arguments.host,
            port if arguments.port is None else arguments.port,
        )
    ]


def _config(arguments: argparse.Namespace) -> AgentConfig:
    """Return the configuration; from here on files are read below its /proc."""
    config = read_config(cli.chosen_config(arguments.config, DEFAULT_FILE), all_sensors())
    psutil.PROCFS_PATH = str(config.agent.procfs)
    return config


def _sensors(arguments: argparse.Namespace) -> int:
    # The texts are needed by nobody who serves.
    from .reference.markdown import sensors_page
    from .reference.metric_table import metric_table
    from .reference.overview import description, overview

    if arguments.markdown:
        sys.stdout.write(sensors_page(SENSORS))
        return 0
    if arguments.for_lmaster:
        sys.stdout.write(metric_table([Agent, *SENSORS.values()], STATE_METRICS))
        return 0
    sensors = all_sensors()
    if arguments.name is None:
        _, left_out = chosen_readers(sensors, None)
        print(overview(sensors, left_out, by_reason(left_out)))
        return 0
    _check_names([arguments.name])
    (found,) = collect_now([reader_of(sensors[arguments.name])])
    print(description(sensors[arguments.name], _here(found)))
    return 0


def _here(found: SensorState) -> str:
    """Return whether a sensor can be read on this machine now."""
    reading = found.reading
    if reading is None:
        return "can't be read: it hangs"
    if reason := reading.absent or reading.error:
        return f"can't be read: {reason}"
    return f"{len(reading.values)} samples in {reading.duration_s * 1000:.1f} ms"


def _read(arguments: argparse.Namespace) -> int:
    _check_names(arguments.names)
    config, sensors = _config(arguments), all_sensors()
    configured = config.sensors or {}
    if arguments.names:
        chosen = [
            reader_of(sensors[name], configured.get(name))
            for name in dict.fromkeys(arguments.names)
        ]
    else:
        chosen, _ = chosen_readers(sensors, config.sensors)
    states = collect_now(chosen)
    sys.stdout.write(PageRenderer().text(states, Format.TEXT)[0])
    return cli.EXIT_RUNNING if any(_is_missed(one, arguments.names) for one in states) else 0


def _is_missed(state: SensorState, asked_for: Sequence[str]) -> bool:
    """Tell whether a sensor gave nothing that it should have; what failed is in the log."""
    reading = state.reading
    if asked_for and reading and reading.absent:
        print(
            f"lagent: sensor {state.sensor.name} can't be read: {reading.absent}", file=sys.stderr
        )
        return True
    return not state.is_success


def _check(arguments: argparse.Namespace) -> int:
    if arguments.example:
        sys.stdout.write(example_config())
        return 0
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    config = read_config(path, all_sensors())
    tls_and_users(config.web)
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    sensors = "all sensors that can be read cheaply here"
    if config.sensors is not None:
        sensors = f"{len(config.sensors)} sensors"
    print(f"{path or 'no configuration file, which is fine'}: ok, {sensors}")
    return 0


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if name not in all_sensors():
            raise UsageError(cli.unknown("sensor", name, list(all_sensors())))


def _say(answer: CommandResult) -> int:
    if answer.text:
        print(answer.text)
    return answer.code


_DAEMON = Daemon(name="lagent", default_file=DEFAULT_FILE, options=_add_serving, prepare=_prepare)
