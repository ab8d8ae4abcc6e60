"""Where the lmaster is that runs, for the commands that ask it."""

import argparse
from typing import TYPE_CHECKING

from fructosa_service import cli
from fructosa_service.errors import UsageError

from ..config.settings import DEFAULT_FILE, read_config

if TYPE_CHECKING:
    from .client import MasterAddress


def place(arguments: argparse.Namespace) -> "MasterAddress":
    """Return where the running lmaster is: as the command line says, or the configuration.

    Raises: UsageError when they don't say it, or name a user without a password.
    """
    from . import client  # requests takes longer to import than most commands run

    if (arguments.user is None) != (arguments.password_file is None):
        raise UsageError("--user and --password-file go together; give both, or neither")
    password = "" if arguments.user is None else client.password(arguments.password_file)
    url = arguments.url
    if url is None:
        path = cli.chosen_config(arguments.config, DEFAULT_FILE)
        config = read_config(path)
        url = client.own_url(config.master, config.web)
    return client.MasterAddress(url=url, ca=arguments.ca, user=arguments.user, password=password)
