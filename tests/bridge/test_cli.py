"""The command lmaster: its table of commands, and what it imports."""

import subprocess
import sys

from fructosa_bridge.cli import _COMMANDS


def test_each_command_is_in_the_module_of_its_name():
    """So it is easy to find."""
    modules = {name: run.__module__ for name, run in _COMMANDS.items()}

    assert {name: f"fructosa_bridge.commands.{name}" for name in _COMMANDS} == modules


def test_slow_imports_are_left_to_the_commands_that_need_them():
    """`lmaster check` needs neither an HTTP client nor ssh."""
    code = "import sys, fructosa_bridge.cli; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())

    assert set() == loaded & {"requests", "ClusterShell.Task"}
