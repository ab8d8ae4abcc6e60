"""The command line of lagent."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence

from fructosa_service import cli
from fructosa_service.config.kinds import HOST, LISTENING_PORT, Endpoint, from_command_line
from fructosa_service.daemon import commands as daemon_commands
from fructosa_service.daemon.commands import Daemon, Prepared
from fructosa_service.daemon.lifecycle import CommandResult, Ready
from fructosa_service.daemon.listeners import find_listener
from fructosa_service.daemon.pid_file import PidFileStatus
from fructosa_service.daemon.privileges import account
from fructosa_service.daemon.run_as import give_up_root
from fructosa_service.daemon.sd_notify import notify_ready
from fructosa_service.daemon.startup import initialize
from fructosa_service.errors import UsageError
from fructosa_service.logs import log_location
from fructosa_service.web.listening import check_endpoints

from .collect.collector import collect_now
from .collect.default_sensors import create_reader, group_by_reason, select_readers
from .collect.plugins import all_sensors
from .config import DEFAULT_FILE, AgentConfig, example_config, read_config
from .kernel import use_paths
from .page.exposition import Format
from .page.rendering import PageRenderer
from .page.sensor_state import STATE_METRICS, SensorState
from .sensors import SENSORS, Agent
from .serve import LogReopening, create_server, serve_until_stopped, tls_and_users
from .web.server import open_listener

log = logging.getLogger("lagent")

SERVED = "%d sensors are served on %s"
VALID = "{path}: ok, {sensors}"
CONFIGURED = "{count} sensors"
DEFAULT = "the default sensors"
DEFAULT_AND = "the default sensors and {names}"
ONLY_HERE = "only this machine can connect; set [lagent] host or --host to allow others"

_SIGNALS = (
    f"Signals: {daemon_commands.SIGNALS_HELP} At SIGHUP lagent opens its log file again. It "
    "reloads certificates and users when their files change; every other setting needs a restart."
)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def main(argv: Sequence[str] | None = None) -> int:
    """Run lagent with the arguments *argv*; return its exit code."""
    arguments = _parser().parse_args(cli.command_first(argv))
    return cli.run("lagent", lambda: arguments.command(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser(
        "lagent",
        "Expose the metrics of this node over HTTP. To begin, try lagent sensors and lagent serve.",
    )
    parser.epilog = f"{_SIGNALS} {daemon_commands.EXIT_CODES_HELP}"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    serve = cli.add_command(
        commands, "serve", _serve, "serve the metrics, at /metrics, in the foreground"
    )
    _add_serve_options(serve)
    daemon_commands.add(commands, _DAEMON, _print_result)

    sensors = cli.add_command(
        commands, "sensors", _sensors, "list what can be measured here, or describe a sensor"
    )
    sensors.add_argument("name", metavar="NAME", nargs="?", help="the sensor to describe")
    sensors.add_argument(
        "--markdown", action="store_true", help="describe all sensors, in Markdown"
    )
    # Only for `make docs`: the table of metrics that lmaster uses.
    sensors.add_argument("--for-lmaster", action="store_true", help=argparse.SUPPRESS)

    read = cli.add_command(commands, "read", _read, "read sensors once and print their metrics")
    read.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="a sensor to read (default: those that lagent would serve)",
    )
    cli.add_config(read, DEFAULT_FILE)

    cli.add_check(commands, _check, DEFAULT_FILE)
    return parser


def _add_serve_options(command: argparse.ArgumentParser) -> None:
    """Add the options that `serve` and `start` share."""
    cli.add_config(command, DEFAULT_FILE)
    command.add_argument(
        "--host",
        metavar="ADDRESS",
        type=from_command_line(HOST),
        help="address to listen on; with 0.0.0.0 other machines can connect too (default: as "
        "configured, else 127.0.0.1)",
    )
    command.add_argument(
        "--port",
        metavar="PORT",
        type=from_command_line(LISTENING_PORT),
        help="port to listen on, 0 for any free port (default: as configured, else 9888)",
    )


def _serve(arguments: argparse.Namespace) -> int:
    return _run(arguments, _config(arguments))


def _prepare(arguments: argparse.Namespace) -> Prepared:
    """Read and check all files while errors can still be printed on the terminal."""
    config = _config(arguments)
    tls_and_users(config.web)
    account("lagent", config.agent.user, config.agent.group)
    return Prepared(
        config.agent.pid_file,
        log_location(config.logging),
        lambda ready: _run(arguments, config, ready),
    )


def _run(arguments: argparse.Namespace, config: AgentConfig, ready: Ready | None = None) -> int:
    """Serve until a signal; call *ready* once it listens, if it runs in the background."""
    run_as = account("lagent", config.agent.user, config.agent.group)
    endpoints = _endpoints(config, arguments.host, arguments.port)
    # Listen before privileges are dropped, as only root may use ports below 1024. Select sensors
    # afterwards: which ones can be read depends on the user.
    sockets = {endpoint: open_listener(endpoint) for endpoint in endpoints}
    initialize(config.logging, run_as, syslog_as="lagent" if ready else None)
    for warning in config.warnings:
        log.warning("%s", warning)
    readers, left_out = select_readers(all_sensors(), config.sensors, config.agent.also)
    server = create_server(config, readers, endpoints, sockets.pop)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    # There is nothing else to reload: certificates and users are when their files change.
    signal.signal(signal.SIGHUP, LogReopening(server))
    urls = [_url(config).format(endpoint=endpoint) for endpoint in server.endpoints]
    log.info(SERVED, sum(not one.is_hidden for one in readers), ", ".join(urls))
    if _serves_only_here(server.endpoints):
        log.info(ONLY_HERE)
    if config.web.users_file and not config.web.tls():
        log.warning("clients send passwords unencrypted; set [web] tls certificate and tls key")
    for line in group_by_reason(left_out):
        log.info("sensors that are not read: %s", line)
    serve_until_stopped(server, readers, lambda: (ready or notify_ready)(urls))
    log.info("stopped")
    return 0


def _endpoints(
    config: AgentConfig, host: str | None = None, port: int | None = None
) -> list[Endpoint]:
    """Return where to listen: --host and --port take precedence over the configuration."""
    agent = config.agent
    if host is None and port is None:
        return config.web.endpoints(agent.host, agent.port)
    return [Endpoint(agent.host if host is None else host, agent.port if port is None else port)]


def _serves_only_here(endpoints: Sequence[Endpoint]) -> bool:
    return all(endpoint.host in _LOOPBACK for endpoint in endpoints)


def _url(config: AgentConfig) -> str:
    return config.web.scheme + "://{endpoint}/metrics"


def _find(arguments: argparse.Namespace) -> PidFileStatus | None:
    """Return the lagent that listens where the configuration says."""
    config = _config(arguments)
    return find_listener("lagent", _endpoints(config), _url(config))


def _config(arguments: argparse.Namespace) -> AgentConfig:
    """Return the configuration, and let sensors read the machine that it names."""
    config = read_config(cli.chosen_config(arguments.config, DEFAULT_FILE), all_sensors())
    agent = config.agent
    use_paths(str(agent.procfs), str(agent.sysfs), str(agent.rootfs))
    return config


def _sensors(arguments: argparse.Namespace) -> int:
    # Imported here because `serve` does not need them.
    from .reference.generated import metric_table, sensors_page
    from .reference.overview import description, overview

    if arguments.markdown:
        sys.stdout.write(sensors_page(SENSORS))
        return 0
    if arguments.for_lmaster:
        sys.stdout.write(metric_table([Agent, *SENSORS.values()], STATE_METRICS))
        return 0
    give_up_root("lagent", cli.chosen_config(None, DEFAULT_FILE))
    sensors = all_sensors()
    if arguments.name is None:
        _, left_out = select_readers(sensors, None)
        print(overview(sensors, left_out, group_by_reason(left_out)))
        return 0
    _check_names([arguments.name])
    reader = create_reader(sensors[arguments.name])
    reader.begin()
    (state,) = collect_now([reader])
    here = "; ".join(filter(None, [_availability(state), reader.sensor.note]))
    reader.close()
    print(description(sensors[arguments.name], here))
    return 0


def _availability(state: SensorState) -> str:
    """Return whether a sensor can be read on this machine now, as text."""
    reading = state.reading
    if reading is None:
        return "cannot be read: it hangs"
    if reason := reading.unavailable or reading.error:
        return f"cannot be read: {reason}"
    return f"{len(reading.values)} samples in {reading.duration_s * 1000:.1f} ms"


def _read(arguments: argparse.Namespace) -> int:
    give_up_root("lagent", cli.chosen_config(arguments.config, DEFAULT_FILE))
    _check_names(arguments.names)
    config, sensors = _config(arguments), all_sensors()
    configured = config.sensors or {}
    if arguments.names:
        readers = [
            create_reader(sensors[name], configured.get(name))
            for name in dict.fromkeys(arguments.names)
        ]
    else:
        found, _ = select_readers(sensors, config.sensors, config.agent.also)
        readers = [reader for reader in found if not reader.is_hidden]
    states = collect_now(readers)
    sys.stdout.write(PageRenderer().render(states, Format.TEXT)[0])
    failed = [state for state in states if _has_failed(state, arguments.names)]
    return cli.EXIT_RUNNING if failed else 0


def _has_failed(state: SensorState, requested: Sequence[str]) -> bool:
    """Return whether a sensor failed; one that was *requested* must also be available.

    Errors of sensors are in the log already.
    """
    reading = state.reading
    if requested and reading and reading.unavailable:
        print(
            f"lagent: sensor {state.sensor.name} cannot be read: {reading.unavailable}",
            file=sys.stderr,
        )
        return True
    return not state.is_success


def _check(arguments: argparse.Namespace) -> int:
    if arguments.example:
        sys.stdout.write(example_config())
        return 0
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    give_up_root("lagent", path)
    config = read_config(path, all_sensors())
    tls_and_users(config.web)
    check_endpoints(_endpoints(config))
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    sensors = DEFAULT
    if config.agent.also:
        sensors = DEFAULT_AND.format(names=", ".join(config.agent.also))
    elif config.sensors is not None:
        sensors = CONFIGURED.format(count=len(config.sensors))
    print(VALID.format(path=path or "no configuration file (optional)", sensors=sensors))
    if _serves_only_here(_endpoints(config)):
        print(ONLY_HERE)
    return 0


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if name not in all_sensors():
            raise UsageError(cli.unknown("sensor", name, list(all_sensors())))


def _print_result(result: CommandResult) -> int:
    if result.text:
        print(result.text)
    return result.code


_DAEMON = Daemon(
    name="lagent",
    default_file=DEFAULT_FILE,
    options=_add_serve_options,
    prepare=_prepare,
    find=_find,
)
