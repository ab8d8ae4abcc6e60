"""The command lmaster: its table of commands, and what it imports."""

import os
import subprocess
import sys

from fructosa_bridge.cli import _COMMANDS, main
from fructosa_bridge.queue.segments import Segments
from fructosa_service.daemon.lifecycle import PID


def test_each_command_is_in_the_module_of_its_name():
    """So it is easy to find. That of scrape is imported only when it runs."""
    modules = {name: run.__module__ for name, run in _COMMANDS.items() if name != "scrape"}

    assert {name: f"fructosa_bridge.commands.{name}" for name in modules} == modules


def test_the_file_may_be_given_before_the_command(tmp_path, capsys):
    """As in FrUCToSA 0.x."""
    config = tmp_path / "lmaster.conf"
    config.write_text("[nodes:a]\nhosts = n1\n")

    assert 0 == main(["-c", str(config), "targets"])
    assert '"n1:9888"' in capsys.readouterr().out


def test_slow_imports_are_left_to_the_commands_that_need_them():
    """`lmaster check` needs neither HTTP nor ssh; TAB completes nodes with such a command."""
    code = "import sys, fructosa_bridge.cli; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())

    assert set() == loaded & {"aiohttp", "jinja2", "requests", "ClusterShell.Task"}


def test_status_sees_an_lmaster_in_the_foreground_by_its_queue(tmp_path, capsys):
    """Also if its page is not where the configuration says: here this process uses the queue."""
    config = tmp_path / "lmaster.conf"
    config.write_text(f"[lmaster]\ndata directory = {tmp_path}\nport = 0\n")
    segments = Segments(tmp_path / "queue", limit_bytes=2**20, limit_age_s=60)

    def status():
        code = main(["status", "-c", str(config), "-p", str(tmp_path / "pid")])
        return code, PID.format(pid=os.getpid()) in capsys.readouterr().out

    before = status()
    segments.open()
    running = status()
    segments.close()

    assert (0, True) == running
    assert [(3, False)] * 2 == [before, status()]
