"""A local carbon.conf: where it is, and what its carbon-cache instances allow themselves.

It is read as carbon reads it: [cache:b] is [cache] with what differs. Where carbon would not start
this goes on as well as it can, for it is asked about limits alone.
"""

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser, Error
from dataclasses import dataclass
from pathlib import Path

from fructosa_service.errors import UsageError, shown, visible

from .capacity import CarbonLimits

_USUAL = (Path("/etc/carbon/carbon.conf"), Path("/opt/graphite/conf/carbon.conf"))
# A hundred times what carbon comes with: the file is something else.
_MOST_BYTES = 2**21
_LONGEST_PATH = 4096
_YES = ("1", "yes", "true", "on")
_REFERENCE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, kw_only=True)
class CarbonCache:
    """A carbon-cache: what it allows, where its files are (if that is told), where it listens."""

    name: str
    limits: CarbonLimits
    folder: Path | None
    ports: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class CarbonConf:
    """A carbon.conf; *problems* are values in it that are no numbers."""

    path: Path
    instances: Sequence[CarbonCache]
    problems: Sequence[str] = ()

    def behind(self, port: int) -> Sequence[CarbonCache]:
        """Return the instances that get what is sent to *port*: the one there, or all of them."""
        return [one for one in self.instances if port in one.ports] or self.instances


def find(environment: Mapping[str, str], usual: Sequence[Path] = _USUAL) -> Path | None:
    """Return where the carbon.conf of this machine is; None if there is none."""
    named = []
    if folder := environment.get("GRAPHITE_CONF_DIR"):
        named.append(Path(folder) / "carbon.conf")
    if root := environment.get("GRAPHITE_ROOT"):
        named.append(Path(root) / "conf" / "carbon.conf")
    return next(filter(_may_be_there, [*named, *usual]), None)


def local(environment: Mapping[str, str]) -> CarbonConf | None:
    """Return the carbon.conf of this machine; None if there is none.

    Raises: UsageError when it can't be read.
    """
    path = find(environment)
    return None if path is None else read(path, environment)


def _may_be_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return True  # to read it tells what is wrong
    except (OSError, ValueError):
        return False


def read(path: Path, environment: Mapping[str, str]) -> CarbonConf:
    """Return what a carbon.conf says.

    Raises: UsageError when it can't be read, or isn't one.
    """
    # Limits and folders only: what carbon makes of a % elsewhere is its own business.
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(_text(path))
    except Error as error:
        raise UsageError(f"{visible(str(path))}{_line(error)}: carbon can't read it") from error
    sections = {name: dict(parser.items(name)) for name in parser.sections()}
    if not any(name.partition(":")[0] == "cache" for name in sections):
        raise UsageError(
            f"{visible(str(path))} has no section [cache]; name carbon's with --carbon-conf FILE"
        )
    found = [
        _instance(name, values, path, environment)
        for name, values in _of_instances(sections, path, environment)
    ]
    problems = dict.fromkeys(problem for _, problems in found for problem in problems)
    return CarbonConf(path=path, instances=[one for one, _ in found], problems=list(problems))


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{visible(str(path))} is no file; name carbon.conf")
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"can't read {visible(str(path))}: {reason}; run as a user who may, or name "
            "another with --carbon-conf FILE"
        ) from error
    if len(raw) > _MOST_BYTES:
        raise UsageError(f"{visible(str(path))} is no carbon.conf: it is larger than 2 MiB")
    return os.fsdecode(raw)  # a path may be anything


def _line(error: Error) -> str:
    first = next(iter(getattr(error, "errors", ())), (getattr(error, "lineno", None), ""))
    return "" if first[0] is None else f":{first[0]}"


def _of_instances(
    sections: Mapping[str, Mapping[str, str]], path: Path, environment: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the settings of each carbon-cache.

    [cache] is one itself where it is alone, or listens where no other does.
    """
    base = _with_folders(dict(sections.get("cache", {})), path, environment)
    own = {name: base | dict(of) for name, of in sections.items() if name.startswith("cache:")}
    others = [
        *own.values(),
        *(sections[name] for name in ("relay", "aggregator") if name in sections),
    ]
    if not own or ("cache" in sections and not _ports(base) & _taken(others)):
        yield "cache", base
    yield from own.items()


def _taken(sections: Sequence[Mapping[str, str]]) -> frozenset[int]:
    return frozenset[int]().union(*map(_ports, sections))


def _with_folders(
    base: dict[str, str], path: Path, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings of [cache] with carbon's own folders where it has none."""
    root = environment.get("GRAPHITE_ROOT")
    if root is None and path.parent.name == "conf":
        root = str(path.parent.parent)
    storage = environment.get("GRAPHITE_STORAGE_DIR") or (root and f"{root}/storage")
    if storage:
        base.setdefault("storage_dir", storage)
    if "storage_dir" in base:
        base.setdefault("local_data_dir", f"{base['storage_dir']}/whisper")
    return base


def _instance(
    name: str, values: Mapping[str, str], path: Path, environment: Mapping[str, str]
) -> tuple[CarbonCache, list[str]]:
    problems: list[str] = []

    def number(key: str, default: float) -> float:
        try:
            found = float(values.get(key, default))
        except ValueError:
            found = math.nan
        if math.isnan(found):
            problems.append(
                f"{visible(str(path))}: [{visible(name)}] {key.upper()} = {shown(values[key])} is "
                "no number; write one, or inf"
            )
            return math.inf
        return found

    limits = CarbonLimits(
        creates_per_min=number("max_creates_per_minute", math.inf),
        updates_per_s=number("max_updates_per_second", 500),
        cache_points=number("max_cache_size", math.inf),
        waits_when_full=_is_set(values, "use_flow_control", "yes"),
        # Whisper's own order: what is allocated at once is not sparse.
        is_sparse=_is_set(values, "whisper_sparse_create")
        and not _is_set(values, "whisper_fallocate_create"),
    )
    folder = _folder(values)
    return CarbonCache(name=name, limits=limits, folder=folder, ports=_ports(values)), problems


def _is_set(values: Mapping[str, str], key: str, default: str = "no") -> bool:
    return values.get(key, default).lower() in _YES


def _ports(values: Mapping[str, str]) -> frozenset[int]:
    """Return the TCP ports of the receivers of points."""
    texts = (
        values.get("line_receiver_port", "2003"),
        values.get("pickle_receiver_port", "2004"),
    )
    return frozenset(int(text) for text in texts if text.isdecimal() and len(text) < 6)


def _part(values: Mapping[str, str], found: re.Match[str]) -> str:
    """Return what a reference stands for, cut so that many of them don't fill the memory."""
    return values.get(found[1].lower(), found[0])[: _LONGEST_PATH + 1]


def _folder(values: Mapping[str, str]) -> Path | None:
    """Return where the Whisper files are; None if that can't be told."""
    text = values.get("local_data_dir", "")
    for _ in range(10):  # as often as carbon's parser would
        if not _REFERENCE.search(text) or len(text) > _LONGEST_PATH:
            break
        text = _REFERENCE.sub(lambda found: _part(values, found), text)
    if not text or _REFERENCE.search(text) or len(text) > _LONGEST_PATH or "\0" in text:
        return None
    # As carbon does: pathlib would raise where there is no such home.
    return Path(os.path.normpath(os.path.expanduser(text.replace("%%", "%"))))  # noqa: PTH111
