"""The command lagent."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence

from fructosa_service import cli
from fructosa_service.errors import UsageError
from fructosa_service.kinds import HOST, LISTENING_PORT, from_command_line
from fructosa_service.logs import open_log

from .catalogue import description, example_config, overview
from .choose import reader, readers
from .config import DEFAULT_FILE, read_config
from .exposition import Renderer
from .reading import Reader, page
from .sensors import SENSORS
from .server import Pages, Server

log = logging.getLogger("lagent")

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def main(argv: Sequence[str] | None = None) -> int:
    """Run lagent with the arguments *argv*; return its exit code."""
    arguments = _parser().parse_args(argv)
    return cli.run("lagent", lambda: arguments.command(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("lagent", "Serve the readings of this node as metrics over HTTP.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    serve = cli.add_command(commands, "serve", _serve, "serve the readings, in the foreground")
    cli.add_config(serve, DEFAULT_FILE)
    serve.add_argument(
        "--host",
        metavar="ADDRESS",
        type=from_command_line(HOST),
        help="address to listen on (default: that of the file, or 127.0.0.1)",
    )
    serve.add_argument(
        "--port",
        metavar="PORT",
        type=from_command_line(LISTENING_PORT),
        help="port to listen on, 0 for a free one (default: that of the file, or 9888)",
    )

    sensors = cli.add_command(
        commands, "sensors", _sensors, "what can be measured here; all of one sensor"
    )
    sensors.add_argument("name", metavar="NAME", nargs="?", help="a sensor")

    read = cli.add_command(commands, "read", _read, "read once and print the page")
    read.add_argument("names", metavar="NAME", nargs="*", help="a sensor; all of them if none")
    cli.add_config(read, DEFAULT_FILE)

    cli.add_check(commands, _check, DEFAULT_FILE)
    return parser


def _serve(arguments: argparse.Namespace) -> int:
    config = read_config(cli.chosen_config(arguments.config, DEFAULT_FILE))
    open_log(config.logging)
    for warning in config.warnings:
        log.warning("%s", warning)
    host = config.agent.host if arguments.host is None else arguments.host
    port = config.agent.port if arguments.port is None else arguments.port
    chosen, left_out = readers(config.sensors)
    with Server(host, port, Pages(chosen)) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        log.info("%d sensors are served on %s", len(chosen), server.url)
        if host in _LOOPBACK:
            log.info("only this machine can ask for it; for others set [lagent] host, or --host")
        for name, reason in left_out.items():
            log.info("sensor %s is not read: %s", name, reason)
        server.serve_forever(poll_interval=0.1)
    log.info("ended")
    return 0


def _sensors(arguments: argparse.Namespace) -> int:
    if arguments.name is None:
        print(overview(readers(None)[1]))
        return 0
    _check_names([arguments.name])
    reading = reader(arguments.name).reading()
    reason = reading.absent or reading.error
    state = f"can't be read: {reason}" if reason else f"{len(reading.samples)} samples"
    print(description(SENSORS[arguments.name], state))
    return 0


def _read(arguments: argparse.Namespace) -> int:
    _check_names(arguments.names)
    config = read_config(cli.chosen_config(arguments.config, DEFAULT_FILE))
    configured = config.sensors or {}
    if arguments.names:
        chosen = [reader(name, configured.get(name)) for name in dict.fromkeys(arguments.names)]
    else:
        chosen, _ = readers(config.sensors)
    sys.stdout.write(Renderer().page(page(chosen)))
    return cli.EXIT_RUNNING if any(_is_missed(one, arguments.names) for one in chosen) else 0


def _is_missed(one: Reader, asked_for: Sequence[str]) -> bool:
    """Tell whether a sensor gave nothing that it should have; what failed is in the log."""
    reading = one.last
    if asked_for and reading and reading.absent:
        print(f"lagent: sensor {one.sensor.name} can't be read: {reading.absent}", file=sys.stderr)
        return True
    return reading is None or reading.error is not None


def _check(arguments: argparse.Namespace) -> int:
    if arguments.example:
        sys.stdout.write(example_config())
        return 0
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    config = read_config(path)
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    sensors = "all sensors that can be read cheaply here"
    if config.sensors is not None:
        sensors = f"{len(config.sensors)} sensors"
    print(f"{path or 'no configuration file, which is fine'}: ok, {sensors}")
    return 0


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if name not in SENSORS:
            raise UsageError(cli.unknown("sensor", name, list(SENSORS)))
