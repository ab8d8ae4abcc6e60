"""The command ``lmaster dashboards``: writes what Grafana and Prometheus read, or sends it."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fructosa_service import output_files
from fructosa_service.errors import UsageError

from . import files, provisioning
from .panels.panel import BACKENDS, Backend
from .push.base_url import address

# How what is written begins. Anything else at its place is somebody's own, and is kept.
_MARK = "# Made by `lmaster dashboards`"
_MARKS = {".yaml": _MARK, ".yml": _MARK, ".json": '{\n "uid": "fructosa-'}
_ONLY_PUSH = ("token_file", "user", "password_file", "ca", "dry_run")
_ONLY_OUTPUT = ("graphite_url", "prometheus_url", "read_at")


@dataclass(frozen=True)
class Cluster:
    """What a configuration says that dashboards begin with."""

    prefix: str = ""
    interval_s: int = 10


def add_options(command: argparse.ArgumentParser) -> None:
    """Add what the command may be told, besides a configuration file."""
    command.add_argument(
        "--output", metavar="DIR", type=_path, help="write data sources and dashboards for Grafana"
    )
    command.add_argument(
        "--read-at",
        metavar="DIR",
        type=_path,
        help="where Grafana will find that folder, if it is copied there (default: as --output)",
    )
    command.add_argument(
        "--rules", metavar="DIR", type=_path, help="write recording and alert rules for Prometheus"
    )
    command.add_argument("--push", metavar="URL", help="send the dashboards to a running Grafana")
    command.add_argument(
        "--for",
        dest="backend",
        choices=BACKENDS,
        help="only those for this kind of data source (default: both)",
    )
    for name in BACKENDS:
        default = {"graphite": provisioning.GRAPHITE_URL, "prometheus": provisioning.PROMETHEUS_URL}
        command.add_argument(
            f"--{name}-url",
            metavar="URL",
            help=f"where Grafana reaches {name.capitalize()} (default: {default[name]})",
        )
    _add_access(command)


def _add_access(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--token-file",
        metavar="FILE",
        type=_path,
        help="holds a service account's token for --push, in one line",
    )
    command.add_argument("--user", metavar="NAME", help="who you are to Grafana, without a token")
    command.add_argument(
        "--password-file", metavar="FILE", type=_path, help="holds that user's password in one line"
    )
    command.add_argument(
        "--ca", metavar="FILE", type=_path, help="authority of its certificate (default: system's)"
    )
    command.add_argument(
        "--dry-run", action="store_true", help="tell what --push would do, and do nothing"
    )


def _path(text: str) -> Path:
    return Path(text).absolute()


def run(arguments: argparse.Namespace, cluster: Cluster) -> int:
    """Do what the command line says; return the exit code."""
    _check(arguments)
    backends = (arguments.backend,) if arguments.backend else BACKENDS
    if arguments.output is not None:
        _write(arguments.output, _provisioned(arguments, backends, cluster))
    if arguments.rules is not None:
        _write(arguments.rules, files.rule_files())
    if arguments.push is not None:
        _push(arguments, backends, cluster)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Raise UsageError where options don't go together."""
    if arguments.output is arguments.push is arguments.rules is None:
        raise UsageError(
            "say where to: --output DIR for files that Grafana reads, "
            f"e.g. {provisioning.FOLDER}; --push URL for a running Grafana; "
            "--rules DIR for Prometheus"
        )
    for needed, options in (("push", _ONLY_PUSH), ("output", _ONLY_OUTPUT)):
        given = [name for name in options if getattr(arguments, name)]
        if given and getattr(arguments, needed) is None:
            raise UsageError(f"--{given[0].replace('_', '-')} goes with --{needed}; give that too")


def _provisioned(
    arguments: argparse.Namespace, backends: tuple[Backend, ...], cluster: Cluster
) -> dict[str, str]:
    return files.provisioning_files(
        PurePosixPath(arguments.read_at or arguments.output),
        backends,
        prefix=cluster.prefix,
        interval_s=cluster.interval_s,
        graphite_url=address(arguments.graphite_url or provisioning.GRAPHITE_URL, "--graphite-url"),
        prometheus_url=address(
            arguments.prometheus_url or provisioning.PROMETHEUS_URL, "--prometheus-url"
        ),
    )


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all files below a folder, or none where one of them is somebody's own."""
    for name in texts:
        output_files.check_is_ours(folder / name, _MARKS[Path(name).suffix])
    for name, text in texts.items():
        output_files.make_folder((folder / name).parent)
        output_files.write(folder / name, text)
        print(f"written: {folder / name}")


def _push(arguments: argparse.Namespace, backends: tuple[Backend, ...], cluster: Cluster) -> None:
    from .push import client, push  # requests takes longer to import than most commands run

    place = client.place(
        arguments.push,
        ca=arguments.ca,
        token_file=arguments.token_file,
        user=arguments.user,
        password_file=arguments.password_file,
    )
    models = files.models(backends, cluster.prefix, cluster.interval_s)
    push.push(place, models, print, is_dry=arguments.dry_run)
