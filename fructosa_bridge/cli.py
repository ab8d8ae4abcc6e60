"""The command lmaster. What each of its commands does is in `commands`, in a module of its name."""

from collections.abc import Mapping, Sequence

from fructosa_service import cli
from fructosa_service.daemon.commands import Daemon
from fructosa_service.daemon.lifecycle import CommandResult

from .commands import agents, check, dashboards, nodes, ping, reload, schemas, scrape, targets
from .commands.arguments import add_scraping, parser
from .config.settings import DEFAULT_FILE


def main(argv: Sequence[str] | None = None) -> int:
    """Run lmaster with the arguments *argv*; return its exit code."""
    arguments = parser(_COMMANDS, _DAEMON, _say).parse_args(argv)
    return cli.run("lmaster", lambda: arguments.command(arguments))


def _say(answer: CommandResult) -> int:
    if answer.text:
        print(answer.text)
    return answer.code


_COMMANDS: Mapping[str, cli.Command] = {
    "scrape": scrape.run,
    "ping": ping.run,
    "agents": agents.run,
    "nodes": nodes.run,
    "reload": reload.run,
    "targets": targets.run,
    "schemas": schemas.run,
    "dashboards": dashboards.run,
    "check": check.run,
}
# start, stop, restart and status, which lagent has as well.
_DAEMON = Daemon(
    name="lmaster", default_file=DEFAULT_FILE, options=add_scraping, prepare=scrape.prepare
)
