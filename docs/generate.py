"""Writes man pages, completion and docs/configuration.md anew; `make docs` calls it.

It stands outside of the packages, as it alone reads the declarations of both programs.
"""

import argparse
import copy
import sys
from pathlib import Path

import shtab

from fructosa_bridge import cli as master
from fructosa_bridge.config.settings import SCHEMA
from fructosa_exporter import cli as agent
from fructosa_exporter.config import sections
from fructosa_exporter.sensors import SENSORS
from fructosa_service import __version__
from fructosa_service.config.settings import options_of
from fructosa_service.man_pages import ManBlock, ManPage, actions_of, command_page, file_page

ROOT = Path(__file__).resolve().parents[1]
# Changed when a version is released.
DATE = "November 24, 2026"

_EXIT = """\
0: All went well.
1: Something kept the program from running, or a node or a sensor failed.
2: The command line or the configuration is wrong; the message says what to write.
3: With status alone: it is not running; 1 is then a pid file left behind, and 4 unknown."""

_MADE = (
    "# Made by shtab from the command line's declarations, by `make docs`; changes here are lost."
)
_AGENT = """\
lagent serves the readings of the machine that it runs on as a page in the text format of
Prometheus. It reads a sensor when it is asked for the page, and never otherwise.

Without a configuration file it serves every sensor that it can read cheaply here, and listens on
the loopback address. It runs as an ordinary user."""
_MASTER = """\
lmaster scrapes the nodes of a cluster on their intervals, and writes what they say into Graphite:
into a carbon, or into Whisper files of its own. A page on port 9889 tells how it is doing.

NODES is a node set of ClusterShell such as node[001-128], a group as @compute, or the path of a
file with a set a line."""
_FILE = """\
The file is read as UTF-8 text in the INI format: sections in brackets, and lines key = value below
them. A line that is indented deeper than its key goes on with the value. What stands behind # or ;
at the beginning of a line, or behind a space, is a comment. Case does not count in names of
sections and keys.

Mistakes are all told at once, with their lines. """


def _page(name: str, section: int, summary: str, text: str, *chapters: tuple[str, str]) -> ManPage:
    names = ["lagent.1", "lmaster.1", "lagent.conf.5", "lmaster.conf.5"]
    names.remove(f"{name}.{section}")
    others = [one.rpartition(".") for one in names]
    return ManPage(
        name=name,
        section=section,
        summary=summary,
        date=DATE,
        version=__version__,
        description=text,
        chapters=chapters,
        see_also=[(other, int(number)) for other, _, number in others],
    )


def agent_parser() -> argparse.ArgumentParser:
    """Return the parser of lagent."""
    return agent._parser()


def lmaster_parser() -> argparse.ArgumentParser:
    """Return the parser of lmaster."""
    return master.build_parser()


def blocks_of_agent() -> list[ManBlock]:
    """Return the sections of lagent.conf, each sensor's own among them."""
    return [ManBlock(*section) for section in sections(SENSORS)]


def blocks_of_master() -> list[ManBlock]:
    """Return the sections of lmaster.conf."""
    return [
        ManBlock(one, f"{one.name}:NAME" if one.labelled else one.name, one.settings)
        for one in SCHEMA
        if isinstance(one.settings, type)
    ]


def _signals(parser: argparse.ArgumentParser) -> str:
    """Return what ``--help`` says at its end of signals."""
    return (parser.epilog or "").partition(" Exit codes: ")[0].removeprefix("Signals: ")


def man_pages() -> dict[str, str]:
    """Return the man pages by their file names."""
    agent_text = (
        _FILE + "The command lagent check -c FILE tells whether one is right. No key must be given."
    )
    master_text = _FILE + (
        "The command lmaster check -c FILE tells whether one is right. "
        "Only the hosts of a [nodes:NAME] section must be given."
    )
    lagent = _page(
        "lagent", 1, "serve the readings of a node as metrics", _AGENT,
        ("FILES", "/etc/fructosa/lagent.conf: The configuration, see lagent.conf(5).\n"
         "/run/fructosa/lagent.pid: The pid of the daemon that lagent start began as root."),
        ("EXIT STATUS", _EXIT),
        ("EXAMPLES", "    lagent sensors DiskUsage\n    lagent read CPUPercent LoadAverage\n"
         "    lagent serve --host 0.0.0.0 --port 9888"),
        ("SIGNALS", _signals(agent_parser())),
    )  # fmt: skip
    lmaster = _page(
        "lmaster", 1, "scrape the nodes of a cluster and write into Graphite", _MASTER,
        ("FILES", "/etc/fructosa/lmaster.conf: The configuration, see lmaster.conf(5).\n"
         "/run/fructosa/lmaster.pid: The pid of the daemon that lmaster start began as root.\n"
         "/var/lib/fructosa: What waits to be sent, and Whisper files of its own."),
        ("EXIT STATUS", _EXIT),
        ("EXAMPLES", "    lmaster check -c lmaster.conf\n    lmaster ping node[001-016]\n"
         "    lmaster nodes --state down"),
        ("SIGNALS", _signals(lmaster_parser())),
    )  # fmt: skip
    agent_file = _page("lagent.conf", 5, "configuration of lagent", agent_text,
        ("FILES", "/etc/fructosa/lagent.conf: Read where it exists and no other is named."),
        ("EXAMPLES", "    [lagent]\n    host = 0.0.0.0\n\n    [sensor:CPUPercent]\n"
         "    time_interval = 10"))  # fmt: skip
    master_file = _page("lmaster.conf", 5, "configuration of lmaster", master_text,
        ("FILES", "/etc/fructosa/lmaster.conf: Read where it exists and no other is named."),
        ("EXAMPLES", "    [nodes:compute]\n    hosts = node[001-128]\n    interval = 10\n\n"
         "    [Graphite]\n    host = localhost"))  # fmt: skip
    return {
        "lagent.1": command_page(lagent, agent_parser()),
        "lmaster.1": command_page(lmaster, lmaster_parser()),
        "lagent.conf.5": file_page(agent_file, blocks_of_agent()),
        "lmaster.conf.5": file_page(master_file, blocks_of_master()),
    }


def configuration() -> str:
    """Return docs/configuration.md: every section and key of both files."""
    head = (
        "# Configuration\n\nMade from the declarations by `make docs`. `lagent check` and `lmaster "
        "check` tell whether a file\nis right; with `--example` they print one with every key. "
        "Only `hosts` of a `[nodes:NAME]` section must\nbe given."
    )
    parts = [head]
    for name, blocks in (("lagent.conf", blocks_of_agent()), ("lmaster.conf", blocks_of_master())):
        parts += [f"## {name}", *(_table(block) for block in blocks)]
    return "\n\n".join(parts) + "\n"


def _table(block: ManBlock) -> str:
    rows = [f"### `[{block.header}]`", "", block.declared.help, ""]
    rows += ["| key | kind | default | what it means |", "| --- | --- | --- | --- |"]
    for one in options_of(block.settings):
        default = f"`{one.default_text}`" if one.default_text else ""
        default = "must be given" if one.is_required else default
        cells = (f"`{one.key}`", one.kind.name, default, one.help)
        rows.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(rows)


def completions() -> dict[str, str]:
    """Return the scripts for bash, zsh and fish by their paths below completion/."""
    found = {}
    for name, parser in (("lagent", agent_parser()), ("lmaster", lmaster_parser())):
        _complete(parser)
        for shell, file in (("bash", name), ("zsh", f"_{name}"), ("fish", f"{name}.fish")):
            found[f"{shell}/{file}"] = _script(shtab.complete(copy.deepcopy(parser), shell))
    return found


def _script(text: str) -> str:
    """Return a script of shtab's without its advice on where to put it."""
    lines = [line.rstrip() for line in text.strip().split("\n")]
    marks = [line for line in lines[:1] if line.startswith("#compdef")]
    code = next(at for at, line in enumerate(lines) if line and not line.startswith("#"))
    return "\n".join([*marks, _MADE, "", *lines[code:]]) + "\n"


def _complete(parser: argparse.ArgumentParser) -> None:
    """Say what may stand for an argument: files, folders, sensors."""
    for action in actions_of(parser):
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _complete(command)
        elif action.metavar in ("FILE", "PIDFILE"):
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar == "DIR":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif action.dest in ("name", "names") and action.metavar == "NAME":
            action.choices = list(SENSORS)


def texts() -> dict[str, str]:
    """Return all that is written here, by paths below the repository."""
    return {
        "docs/configuration.md": configuration(),
        **{f"docs/man/{name}": text for name, text in man_pages().items()},
        **{f"completion/{path}": text for path, text in completions().items()},
    }


if __name__ == "__main__":
    for name, text in texts().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    sys.exit(0)
