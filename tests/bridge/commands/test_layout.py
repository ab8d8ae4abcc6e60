"""Where the commands of lmaster are, and what they load."""

import subprocess
import sys

from fructosa_bridge.cli import _COMMANDS


def test_each_command_is_in_the_module_of_its_name():
    """So it is found without a search."""
    modules = {name: run.__module__ for name, run in _COMMANDS.items()}

    assert {name: f"fructosa_bridge.commands.{name}" for name in _COMMANDS} == modules


def test_what_loads_slowly_is_loaded_by_the_commands_that_need_it():
    """To ask a running lmaster, or nodes over ssh, costs `lmaster check` nothing."""
    code = "import sys, fructosa_bridge.cli; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())

    assert set() == loaded & {"requests", "ClusterShell.Task"}
