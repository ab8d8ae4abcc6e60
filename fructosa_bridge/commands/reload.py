"""`lmaster reload`: makes the running lmaster reload its configuration."""

import argparse
import sys

from fructosa_service import cli


def run(arguments: argparse.Namespace) -> int:
    """Request the reload, and print its outcome; return the exit code."""
    from ..client import client  # requests takes longer to import than most commands run

    result = client.from_arguments(arguments).post("/-/reload")
    print(result.text.rstrip("\n"), file=sys.stdout if result.ok else sys.stderr)
    return 0 if result.ok else cli.EXIT_USAGE
