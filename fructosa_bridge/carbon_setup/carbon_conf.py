"""carbon.conf: where it is on this machine, and the limits of its carbon-cache instances.

It is parsed as carbon does: [cache:b] overrides [cache]. Errors that would keep carbon from
starting are tolerated where possible, because only the limits matter here.
"""

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser, Error
from dataclasses import dataclass
from pathlib import Path

from fructosa_service.errors import FileError, shown, visible, visible_path

from .capacity import CarbonLimits

_USUAL_PATHS = (Path("/etc/carbon/carbon.conf"), Path("/opt/graphite/conf/carbon.conf"))
# A hundred times the size of carbon's example: a larger file is something else.
_MAX_BYTES = 2**21
_MAX_PATH = 4096
_YES = ("1", "yes", "true", "on")
_REFERENCE = re.compile(r"%\((\w+)\)s")
_OTHER_FILE = "give the right file with --carbon-conf FILE"
CANNOT_READ = f"cannot read {{path}}: {{reason}}; run this as a user who can, or {_OTHER_FILE}"
NOT_A_FILE = f"{{path}} is not a file; {_OTHER_FILE}"


@dataclass(frozen=True, kw_only=True)
class CarbonCache:
    """A carbon-cache instance; *folder* has its Whisper files, or is None if that is unknown."""

    name: str
    limits: CarbonLimits
    folder: Path | None
    ports: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class CarbonConf:
    """The instances of a carbon.conf; *problems* are messages about invalid numbers in it."""

    path: Path
    instances: Sequence[CarbonCache]
    problems: Sequence[str] = ()

    def instances_behind(self, port: int) -> Sequence[CarbonCache]:
        """Return the instance that listens on *port*, or all of them if it is that of a relay."""
        return [one for one in self.instances if port in one.ports] or self.instances


def find(environment: Mapping[str, str], usual: Sequence[Path] = _USUAL_PATHS) -> Path | None:
    """Return the path of this machine's carbon.conf, or None if there is none."""
    candidates = []
    if folder := environment.get("GRAPHITE_CONF_DIR"):
        candidates.append(Path(folder) / "carbon.conf")
    if root := environment.get("GRAPHITE_ROOT"):
        candidates.append(Path(root) / "conf" / "carbon.conf")
    return next(filter(_may_exist, [*candidates, *usual]), None)


def read_local(environment: Mapping[str, str]) -> CarbonConf | None:
    """Return this machine's carbon.conf, or None if there is none.

    Raises: FileError if it can't be read.
    """
    path = find(environment)
    return None if path is None else read(path, environment)


def _may_exist(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return True  # reading it raises an error with the reason
    except (OSError, ValueError):
        return False


def read(path: Path, environment: Mapping[str, str]) -> CarbonConf:
    """Return the instances of a carbon.conf.

    Raises: FileError if it can't be read, or is not a carbon.conf.
    """
    # Without interpolation: a stray % in another value must not be an error here.
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(_text(path))
    except Error as error:
        raise FileError(
            f"{visible_path(path)}{_line(error)}: has invalid syntax, which carbon cannot read "
            f"either; fix it, or {_OTHER_FILE}"
        ) from error
    sections = {name: dict(parser.items(name)) for name in parser.sections()}
    if not any(name.partition(":")[0] == "cache" for name in sections):
        raise FileError(f"{visible_path(path)} has no [cache] section; {_OTHER_FILE}")
    parsed = [
        _instance(name, values, path)
        for name, values in _instance_settings(sections, path, environment)
    ]
    problems = dict.fromkeys(problem for _, problems in parsed for problem in problems)
    return CarbonConf(path=path, instances=[one for one, _ in parsed], problems=list(problems))


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise FileError(NOT_A_FILE.format(path=visible_path(path)))
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FileError(CANNOT_READ.format(path=visible_path(path), reason=reason)) from error
    if len(raw) > _MAX_BYTES:
        raise FileError(
            f"{visible_path(path)} is larger than 2 MiB, so it is not a carbon.conf; {_OTHER_FILE}"
        )
    return os.fsdecode(raw)  # paths in it may have any encoding


def _line(error: Error) -> str:
    first = next(iter(getattr(error, "errors", ())), (getattr(error, "lineno", None), ""))
    return "" if first[0] is None else f":{first[0]}"


def _instance_settings(
    sections: Mapping[str, Mapping[str, str]], path: Path, environment: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the name and the settings of each carbon-cache instance.

    [cache] is an instance itself if it is the only section, or if no other listens on its ports.
    """
    base = _with_folders(dict(sections.get("cache", {})), path, environment)
    named = {
        name: base | dict(values) for name, values in sections.items() if name.startswith("cache:")
    }
    others = [
        *named.values(),
        *(sections[name] for name in ("relay", "aggregator") if name in sections),
    ]
    used_ports = frozenset[int]().union(*map(_ports, others))
    if not named or ("cache" in sections and not _ports(base) & used_ports):
        yield "cache", base
    yield from named.items()


def _with_folders(
    base: dict[str, str], path: Path, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings of [cache], with carbon's defaults for the folders."""
    root = environment.get("GRAPHITE_ROOT")
    if root is None and path.parent.name == "conf":
        root = str(path.parent.parent)
    storage = environment.get("GRAPHITE_STORAGE_DIR") or (root and f"{root}/storage")
    if storage:
        base.setdefault("storage_dir", storage)
    if "storage_dir" in base:
        base.setdefault("local_data_dir", f"{base['storage_dir']}/whisper")
    return base


def _instance(name: str, values: Mapping[str, str], path: Path) -> tuple[CarbonCache, list[str]]:
    """Return an instance, and messages about its invalid numbers."""
    problems: list[str] = []

    def number(key: str, default: float) -> float:
        try:
            value = float(values.get(key, default))
        except ValueError:
            value = math.nan
        if math.isnan(value):
            problems.append(
                f"{visible_path(path)}: [{visible(name)}] {key.upper()} = {shown(values[key])} is "
                "not a number; write a number, or inf"
            )
            return math.inf
        return value

    limits = CarbonLimits(
        creates_per_min=number("max_creates_per_minute", math.inf),
        updates_per_s=number("max_updates_per_second", 500),
        cache_points=number("max_cache_size", math.inf),
        has_flow_control=_is_set(values, "use_flow_control", "yes"),
        # As in Whisper: fallocate has priority over sparse.
        is_sparse=_is_set(values, "whisper_sparse_create")
        and not _is_set(values, "whisper_fallocate_create"),
    )
    folder = _folder(values)
    return CarbonCache(name=name, limits=limits, folder=folder, ports=_ports(values)), problems


def _is_set(values: Mapping[str, str], key: str, default: str = "no") -> bool:
    return values.get(key, default).lower() in _YES


def _ports(values: Mapping[str, str]) -> frozenset[int]:
    """Return the TCP ports of an instance's receivers."""
    texts = (
        values.get("line_receiver_port", "2003"),
        values.get("pickle_receiver_port", "2004"),
    )
    return frozenset(int(text) for text in texts if text.isdecimal() and len(text) < 6)


def _resolved(values: Mapping[str, str], reference: re.Match[str]) -> str:
    """Return the value of a reference, cut so that nested references can't fill the memory."""
    return values.get(reference[1].lower(), reference[0])[: _MAX_PATH + 1]


def _folder(values: Mapping[str, str]) -> Path | None:
    """Return the folder of the Whisper files, or None if it can't be resolved."""
    text = values.get("local_data_dir", "")
    for _ in range(10):  # the maximum depth of carbon's parser
        if not _REFERENCE.search(text) or len(text) > _MAX_PATH:
            break
        text = _REFERENCE.sub(lambda reference: _resolved(values, reference), text)
    if not text or _REFERENCE.search(text) or len(text) > _MAX_PATH or "\0" in text:
        return None
    # Like carbon: pathlib would raise an error for an unknown user's home.
    return Path(os.path.normpath(os.path.expanduser(text.replace("%%", "%"))))  # noqa: PTH111
