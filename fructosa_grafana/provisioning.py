"""The provisioning files of Grafana: data sources, and providers of dashboards."""

from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from fructosa_service.errors import UsageError, shown

from .json_model.dashboard import FOLDER_TITLE, FOLDER_UID
from .panels.panel import BACKENDS, Backend

FOLDER = PurePosixPath("/etc/grafana/provisioning")  # in Grafana's packages
GRAPHITE_URL = "http://localhost:8080"
PROMETHEUS_URL = "http://localhost:9090"

_SOURCES_HEAD = """\
# Made by `lmaster dashboards`: the data sources of FrUCToSA's dashboards.
# Grafana reads this file when it starts. To set a password or a certificate, add to a data source:
# basicAuth, basicAuthUser, and secureJsonData with basicAuthPassword, tlsCACert, ...
apiVersion: 1

datasources:
"""
_PROVIDERS_HEAD = """\
# Made by `lmaster dashboards`: where FrUCToSA's dashboards are.
# Grafana reads this file when it starts, and rereads the directories below from time to time.
apiVersion: 1

providers:
"""


def provisioning(
    folder: PurePosixPath = FOLDER,
    *,
    backends: Collection[Backend] = BACKENDS,
    graphite_url: str = GRAPHITE_URL,
    prometheus_url: str = PROMETHEUS_URL,
    interval_s: int = 10,
) -> dict[str, str]:
    """Return the text of each provisioning file, by its path below *folder*.

    *folder* is where Grafana will find them, which may differ from where they are written now.
    *interval_s* is the interval between scrapes, the shortest step of Prometheus queries.

    Raises: UsageError if Grafana cannot use the folder.
    """
    if not folder.is_absolute() or "\0" in str(folder):
        raise UsageError(f"{shown(str(folder))} is not an absolute path; give one, e.g. {FOLDER}")
    known = [name for name in BACKENDS if name in backends]
    sources: dict[Backend, list[str]] = {
        "graphite": _graphite(graphite_url),
        "prometheus": _prometheus(prometheus_url, interval_s),
    }
    return {
        "datasources/fructosa.yaml": _SOURCES_HEAD + _joined(sources[name] for name in known),
        "dashboards/fructosa.yaml": _PROVIDERS_HEAD
        + _joined(_provider(name, folder) for name in known),
    }


def quoted(text: str) -> str:
    """Return *text* as a YAML string that Grafana reads unchanged.

    Grafana replaces $NAME by an environment variable, and $$ by a dollar sign.

    Raises: UsageError if the text is not valid Unicode, as is possible for a file name.
    """
    return f'"{"".join(map(_escaped, text.replace("$", "$$")))}"'


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:  # stands for a byte of a file name that is not UTF-8
        raise UsageError(
            "the name of the directory is not UTF-8, which Grafana cannot read; choose another"
        )
    if char in {'"', "\\"}:
        return f"\\{char}"
    if char.isprintable():  # not a control character, or one of the line breaks of YAML
        return char
    return f"\\x{code:02x}" if code < 0x100 else f"\\U{code:08x}"


def _graphite(url: str) -> list[str]:
    return [
        *_source("graphite", url),
        "      graphiteVersion: " + quoted("1.1") + "  # 1.1 and newer; supports tags",
    ]


def _prometheus(url: str, interval_s: int) -> list[str]:
    return [
        *_source("prometheus", url),
        f"      timeInterval: {quoted(f'{interval_s}s')}  # the scrape interval; the shortest step",
        "      httpMethod: " + quoted("POST") + "  # queries may be too long for a URL",
    ]


def _source(backend: str, url: str) -> list[str]:
    return [
        f"  - name: {quoted(f'{FOLDER_TITLE} {backend.capitalize()}')}",
        f"    uid: {quoted(f'{FOLDER_UID}-{backend}')}",
        f"    type: {quoted(backend)}",
        f"    access: {quoted('proxy')}  # the server sends queries, not the browser",
        f"    url: {quoted(url)}",
        "    orgId: 1",
        "    isDefault: false",
        "    editable: false  # the next start would undo changes in Grafana",
        "    version: 1",
        "    jsonData:",
    ]


def _provider(backend: str, folder: PurePosixPath) -> list[str]:
    place = folder / "dashboards" / "fructosa" / backend
    return [
        f"  - name: {quoted(f'{FOLDER_UID}-{backend}')}",
        "    orgId: 1",
        f"    folder: {quoted(FOLDER_TITLE)}",
        f"    folderUid: {quoted(FOLDER_UID)}",
        f"    type: {quoted('file')}",
        "    disableDeletion: false  # a dashboard is deleted with its file",
        "    updateIntervalSeconds: 30",
        "    allowUiUpdates: false  # the next version would undo them; save a copy instead",
        "    options:",
        f"      path: {quoted(str(place))}",
    ]


def _joined(blocks: Iterator[list[str]]) -> str:
    return "\n".join("\n".join(block) + "\n" for block in blocks)
