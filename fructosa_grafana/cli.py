"""The command ``lmaster dashboards``: write files for Grafana and Prometheus, or push."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fructosa_service import output_files
from fructosa_service.errors import UsageError

from . import files, provisioning
from .panels.panel import BACKENDS, Backend
from .push.base_url import base_url

# How generated files begin. A file that begins otherwise is somebody's own, and is kept.
_MARK = "# Made by `lmaster dashboards`"
_MARKS = {".yaml": _MARK, ".yml": _MARK, ".json": '{\n "uid": "fructosa-'}
# Options that require another one.
_REQUIRES = {
    "push": ("token_file", "user", "password_file", "ca", "dry_run"),
    "output": ("graphite_url", "prometheus_url", "read_at"),
}
_DEFAULT_URLS = {"graphite": provisioning.GRAPHITE_URL, "prometheus": provisioning.PROMETHEUS_URL}


@dataclass(frozen=True)
class Cluster:
    """What a configuration sets as defaults of the dashboards."""

    prefix: str = ""
    interval_s: int = 10


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command, except the configuration file."""
    command.add_argument(
        "--output",
        metavar="DIR",
        type=_path,
        help="write data sources and dashboards for Grafana to this directory",
    )
    command.add_argument(
        "--read-at",
        metavar="DIR",
        type=_path,
        help="directory from which Grafana will read these files, if you copy them to another "
        "place (default: the directory of --output)",
    )
    command.add_argument(
        "--rules",
        metavar="DIR",
        type=_path,
        help="write recording and alerting rules for Prometheus to this directory",
    )
    command.add_argument(
        "--push", metavar="URL", help="upload the dashboards to the Grafana at this URL"
    )
    command.add_argument(
        "--for",
        dest="backend",
        choices=BACKENDS,
        help="write or push only what this type of data source needs (default: both)",
    )
    for backend in BACKENDS:
        command.add_argument(
            f"--{backend}-url",
            metavar="URL",
            help=f"URL at which Grafana reaches {backend.capitalize()} "
            f"(default: {_DEFAULT_URLS[backend]})",
        )
    _add_access_options(command)


def _add_access_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--token-file",
        metavar="FILE",
        type=_path,
        help="file with the token of a Grafana service account for --push, in one line",
    )
    command.add_argument(
        "--user", metavar="NAME", help="Grafana user for --push, instead of a token"
    )
    command.add_argument(
        "--password-file",
        metavar="FILE",
        type=_path,
        help="file with the password of --user, in one line",
    )
    command.add_argument(
        "--ca",
        metavar="FILE",
        type=_path,
        help="PEM file of the CA to trust for --push (default: the CAs of the system)",
    )
    command.add_argument(
        "--dry-run", action="store_true", help="print what --push would do, but do not do it"
    )


def _path(text: str) -> Path:
    return Path(text).absolute()


def run(arguments: argparse.Namespace, cluster: Cluster) -> int:
    """Write files or push dashboards; return the exit code."""
    _check(arguments)
    backends = (arguments.backend,) if arguments.backend else BACKENDS
    if arguments.output is not None:
        _write(arguments.output, _provisioning_files(arguments, backends, cluster))
    if arguments.rules is not None:
        _write(arguments.rules, files.rule_files())
    if arguments.push is not None:
        _push(arguments, backends, cluster)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Raise UsageError if options are missing or cannot be combined."""
    if arguments.output is arguments.push is arguments.rules is None:
        raise UsageError(
            "nothing to do; give --output DIR to write files for Grafana "
            f"(e.g. {provisioning.FOLDER}), --push URL to push dashboards to a running Grafana, "
            "or --rules DIR to write rules for Prometheus"
        )
    for required, options in _REQUIRES.items():
        given = [name for name in options if getattr(arguments, name)]
        if given and getattr(arguments, required) is None:
            raise UsageError(f"--{given[0].replace('_', '-')} requires --{required}; give both")


def _provisioning_files(
    arguments: argparse.Namespace, backends: tuple[Backend, ...], cluster: Cluster
) -> dict[str, str]:
    urls = {
        backend: base_url(getattr(arguments, f"{backend}_url") or default, f"--{backend}-url")
        for backend, default in _DEFAULT_URLS.items()
    }
    return files.provisioning_files(
        PurePosixPath(arguments.read_at or arguments.output),
        backends,
        prefix=cluster.prefix,
        interval_s=cluster.interval_s,
        graphite_url=urls["graphite"],
        prometheus_url=urls["prometheus"],
    )


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all files to a directory, or none if one of them is somebody's own."""
    for name in texts:
        output_files.check_is_ours(folder / name, _MARKS[Path(name).suffix])
    for name, text in texts.items():
        output_files.make_folder((folder / name).parent)
        output_files.write(folder / name, text)
        print(f"written: {folder / name}")


def _push(arguments: argparse.Namespace, backends: tuple[Backend, ...], cluster: Cluster) -> None:
    # Importing requests takes longer than most commands run.
    from .push.access import grafana_access
    from .push.push import push

    access = grafana_access(
        arguments.push,
        ca=arguments.ca,
        token_file=arguments.token_file,
        user=arguments.user,
        password_file=arguments.password_file,
    )
    models = files.models(backends, cluster.prefix, cluster.interval_s)
    push(access, models, print, is_dry_run=arguments.dry_run)
