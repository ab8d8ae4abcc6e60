"""The command lmaster."""

import argparse
import asyncio
import json
import logging
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fructosa_grafana import cli as dashboards
from fructosa_service import cli, output
from fructosa_service.begin import begin
from fructosa_service.commands import Daemon, Prepared
from fructosa_service.daemon import Answer, Ready
from fructosa_service.errors import ConfigError, Problem, ServiceError, UsageError
from fructosa_service.kinds import Endpoint
from fructosa_service.logs import place_of_daemon
from fructosa_service.notify import tell_manager
from fructosa_service.privileges import account
from fructosa_service.users import Users

from . import agents, listing, outlook, ping, schemas
from .arguments import add_scraping, parser
from .config import DEFAULT_FILE, Config, GraphiteSettings, read_config
from .discovery import target_groups
from .example import example_config
from .model import Target
from .picking import pick
from .run import scrape_for_ever, scrape_once
from .targets import configured, named

if TYPE_CHECKING:
    from .ask import Place
    from .fan_out import Tell as TellAgents

log = logging.getLogger("lmaster")


def main(argv: Sequence[str] | None = None) -> int:
    """Run lmaster with the arguments *argv*; return its exit code."""
    arguments = parser(_COMMANDS, _DAEMON, _say).parse_args(argv)
    return cli.run("lmaster", lambda: arguments.command(arguments))


def _scrape(arguments: argparse.Namespace) -> int:
    return _run(arguments, *_loaded(arguments))


def _prepare(arguments: argparse.Namespace) -> Prepared:
    """Read all that can be wrong, while there is a terminal to say so."""
    arguments.once = False
    config, targets = _loaded(arguments)
    _check_web(config)
    account("lmaster", config.master.user, config.master.group)
    return Prepared(
        config.master.pid_file,
        place_of_daemon(config.logging),
        lambda ready: _run(arguments, config, targets, ready),
    )


def _run(
    arguments: argparse.Namespace,
    config: Config,
    targets: Sequence[Target],
    ready: Ready | None = None,
) -> int:
    """Scrape until a signal; in the background there is somebody to be told when it is *ready*."""
    who = account("lmaster", config.master.user, config.master.group)
    stores = [one.whisper_directory for one in config.destinations.values() if one.send]
    folders = [config.master.data_directory, *(folder for folder in stores if folder)]
    begin(config.logging, who, folders, syslog_as="lmaster" if ready else None)
    for warning in config.warnings:
        log.warning("%s", warning)
    if arguments.once:
        return _once(config, targets)
    # The file of the start: one that is away at a reload is not as if there had never been any.
    arguments.config = cli.chosen_config(arguments.config, DEFAULT_FILE)
    load = None if arguments.config is None else partial(_loaded, arguments)
    asyncio.run(scrape_for_ever(config, targets, load, ready or tell_manager))
    return 0


def _loaded(arguments: argparse.Namespace) -> tuple[Config, list[Target]]:
    """Return the configuration and the targets, as file and command line say."""
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    config = _with_arguments(read_config(path, arguments.data), arguments)
    return config, _targets(config, arguments)


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
    _check_web(config)
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if path is None:
        print(f"there is no {DEFAULT_FILE}; without it, name nodes with lmaster scrape --node")
    elif not targets and config.nodes and config.master.shard is not None:
        print(f"{path}: ok, but shard = {config.master.shard} has none of its nodes")
    elif not targets:
        print(f"{path}: ok, but it names no nodes; add a [nodes:NAME] section with hosts = ...")
    else:
        print(f"{path}: ok, {_counted(targets)}")
        _foresee(config, path, targets, arguments)
    return 0


def _foresee(
    config: Config, path: Path, targets: Sequence[Target], arguments: argparse.Namespace
) -> None:
    """Tell how much comes, and warn where Graphite's limits would bite."""
    everyone = _configured(replace(config, master=replace(config.master, shard=None)), path)
    asked = outlook.Asked(own=targets, all=everyone, series_of_page=arguments.series)
    destinations = list(config.destinations.values())
    line = outlook.expected(destinations, asked)
    if line is not None:
        print(line)
    for warning in outlook.warnings(destinations, asked, arguments.carbon_conf, os.environ):
        print(f"warning: {warning}", file=sys.stderr)


def _check_web(config: Config) -> None:
    """Read the files that [web] names: what is wrong with them is better known before the start."""
    if (files := config.web.tls()) is not None:
        files.context()
    if config.web.users_file is not None:
        Users(config.web.users_file)


def _counted(targets: Sequence[Target]) -> str:
    """Return how many *targets* there are, and in which sections if there are several."""
    groups = Counter(target.group for target in targets)
    each = ", ".join(f"{count} in [nodes:{group}]" for group, count in groups.items())
    noun = "target" if len(targets) == 1 else "targets"
    return f"{len(targets)} {noun}" + (f": {each}" if len(groups) > 1 else "")


def _ping(arguments: argparse.Namespace) -> int:
    config, path, targets = _all_configured(arguments)
    chosen = pick(targets, arguments.hosts, lambda target: target.host, str(path))
    # What fails is told in the end; a fault of ours is told at once, with its traceback.
    logging.getLogger("fructosa_bridge").setLevel(logging.ERROR)
    states = asyncio.run(ping.ask(chosen, config.master.most_samples, _progress(len(chosen))))
    for line in ping.report(states, is_quiet=arguments.quiet):
        print(line)
    return 0 if all(state.up for state in states) else cli.EXIT_RUNNING


def _progress(total: int) -> ping.Tell:
    """Return what tells on a terminal how far it is."""

    def tell(done: int) -> None:
        text = "" if done == total else f"{done} of {total} asked"
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    return tell if sys.stderr.isatty() else lambda done: None


def _agents(arguments: argparse.Namespace) -> int:
    config, path, targets = _all_configured(arguments)
    chosen = pick(targets, arguments.hosts, lambda target: target.host, str(path))
    hosts = list(dict.fromkeys(target.host for target in chosen))
    settings, action = config.agents.told(arguments.timeout, arguments.fan_out), arguments.action
    if arguments.dry_run:
        print("\n".join(agents.plan(settings, hosts, action)))
        return 0
    from .fan_out import fan_out  # ClusterShell's engine takes longer to import than most commands

    answers = fan_out(settings, hosts, action, _progress_of_agents(len(hosts)))
    well, failed = agents.groups(action, answers, settings.timeout_s)
    for group in well:
        print(group)
    sys.stdout.flush()  # so that a terminal, or a file with both, has them in this order
    for group in failed:
        print(group, file=sys.stderr)
    print(agents.summary(action, answers))
    return agents.exit_code(action, answers.values())


def _progress_of_agents(total: int) -> "TellAgents":
    """Return what tells on a terminal how many nodes are done, and which are awaited."""

    def tell(done: int, asked: Sequence[str]) -> None:
        columns = shutil.get_terminal_size().columns
        text = agents.progress(done, total, asked)[: columns - 1]
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    return tell if sys.stderr.isatty() else lambda done, asked: None


def _nodes(arguments: argparse.Namespace) -> int:
    from . import ask  # requests takes longer to import than most commands run

    place = _place(arguments)
    try:
        lines = listing.read(ask.get(place, "/api/targets"))
    except ValueError as error:
        raise ServiceError(
            f"{place.url} is no lmaster: {error}; give the right one with --url"
        ) from error
    lines = pick(lines, arguments.hosts, lambda line: line.host, place.url)
    lines = [line for line in lines if arguments.state in (None, line.state)]
    if arguments.json:
        print(json.dumps([line.told for line in lines], indent=2))
    else:
        for row in listing.table(lines, time.time()):
            print(row)
    return 0


def _reload(arguments: argparse.Namespace) -> int:
    from . import ask

    answer = ask.post(_place(arguments), "/-/reload")
    print(answer.text.rstrip("\n"), file=sys.stdout if answer.ok else sys.stderr)
    return 0 if answer.ok else cli.EXIT_USAGE


def _place(arguments: argparse.Namespace) -> "Place":
    """Return where the running lmaster is: as the command line says, or the configuration."""
    from . import ask

    if (arguments.user is None) != (arguments.password_file is None):
        raise UsageError("--user and --password-file go together; give both, or neither")
    password = "" if arguments.user is None else ask.password(arguments.password_file)
    url = arguments.url
    if url is None:
        path = cli.chosen_config(arguments.config, DEFAULT_FILE)
        config = read_config(path)
        url = ask.own_url(config.master, config.web)
    return ask.Place(url=url, ca=arguments.ca, user=arguments.user, password=password)


def _show_targets(arguments: argparse.Namespace) -> int:
    config, path, _ = _all_configured(arguments)
    text = json.dumps(target_groups(_configured(config, path)), indent=2) + "\n"
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        output.write(arguments.output, text)
    return 0


def _schemas(arguments: argparse.Namespace) -> int:
    _, _, targets = _all_configured(arguments)
    files = {
        "storage-schemas.conf": schemas.storage_schemas(targets),
        "storage-aggregation.conf": schemas.storage_aggregation(targets),
    }
    if arguments.output is None:
        print("\n".join(f"# {name}\n{text}" for name, text in files.items()), end="")
        return 0
    for name in files:
        output.check_is_ours(arguments.output / name, schemas.MARK)
    for name, text in files.items():
        output.write(arguments.output / name, text)
        print(f"written: {arguments.output / name}")
    return 0


def _dashboards(arguments: argparse.Namespace) -> int:
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    if path is None:
        return dashboards.run(arguments, dashboards.Cluster())
    config = read_config(path)
    naming = config.graphite.naming
    if naming != "plain" and arguments.backend != "prometheus":
        print(
            f"warning: {path}: with naming = {naming}, paths are not those that the dashboards "
            "for Graphite ask for; they are for naming = plain",
            file=sys.stderr,
        )
    cluster = dashboards.Cluster(
        prefix=config.graphite.prefix or "",
        interval_s=min((nodes.interval_s for nodes in config.nodes.values()), default=10),
    )
    return dashboards.run(arguments, cluster)


def _all_configured(arguments: argparse.Namespace) -> tuple[Config, Path, list[Target]]:
    """Return the configuration, its file, and the targets of all shards.

    Raises: UsageError when there is no file, or no node in it.
    """
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    if path is None:
        raise UsageError(f"there is no {DEFAULT_FILE}; say with -c FILE which one to read")
    config = read_config(path)
    targets = _configured(replace(config, master=replace(config.master, shard=None)), path)
    if not targets:
        raise UsageError(f"{path} names no nodes; add a [nodes:NAME] section with hosts = ...")
    return config, path, targets


def _with_arguments(config: Config, arguments: argparse.Namespace) -> Config:
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


def _targets(config: Config, arguments: argparse.Namespace) -> list[Target]:
    graphite = config.graphite
    if arguments.nodes:
        return named(arguments.nodes, arguments.interval, graphite.prefix, graphite.naming)
    if arguments.interval is not None:
        raise UsageError("--interval is for nodes named with --node; sections have their own")
    targets = _configured(config, cli.chosen_config(arguments.config, DEFAULT_FILE))
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


def _configured(config: Config, path: Path | None) -> list[Target]:
    try:
        return configured(
            config.nodes,
            config.graphite.prefix,
            config.master.shard,
            config.graphite.naming,
        )
    except UsageError as error:
        raise ConfigError(str(path), [Problem(message=str(error))]) from error


def _say(answer: Answer) -> int:
    if answer.text:
        print(answer.text)
    return answer.code


_DAEMON = Daemon(name="lmaster", default_file=DEFAULT_FILE, options=add_scraping, prepare=_prepare)
_COMMANDS: Mapping[str, cli.Command] = {
    "scrape": _scrape,
    "ping": _ping,
    "agents": _agents,
    "nodes": _nodes,
    "reload": _reload,
    "targets": _show_targets,
    "schemas": _schemas,
    "dashboards": _dashboards,
    "check": _check,
}
