"""`lmaster reload`: let the running lmaster read its configuration again."""

import argparse
import sys

from fructosa_service import cli

from .running import place


def run(arguments: argparse.Namespace) -> int:
    """Ask for it, and print what has come of it; return the exit code."""
    from .. import ask  # requests takes longer to import than most commands run

    answer = ask.post(place(arguments), "/-/reload")
    print(answer.text.rstrip("\n"), file=sys.stdout if answer.ok else sys.stderr)
    return 0 if answer.ok else cli.EXIT_USAGE
