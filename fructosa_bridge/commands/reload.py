"""`lmaster reload`: let the running lmaster read its configuration again."""

import argparse
import sys

from fructosa_service import cli

from ..client.address import place


def run(arguments: argparse.Namespace) -> int:
    """Ask for it, and print what has come of it; return the exit code."""
    from ..client import client  # requests takes longer to import than most commands run

    answer = client.post(place(arguments), "/-/reload")
    print(answer.text.rstrip("\n"), file=sys.stdout if answer.ok else sys.stderr)
    return 0 if answer.ok else cli.EXIT_USAGE
