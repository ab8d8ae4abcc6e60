"""`lmaster agents`: ssh to many nodes at once, some of which hang, fail or print garbage."""

import os
import re
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from fructosa_bridge.agents.fan_out import PLAN, _interruptible
from fructosa_bridge.agents.results import (
    ALL_OK,
    ALL_RUNNING,
    AND_FAILED,
    AND_NOT_RUNNING,
    FAILED,
    INTERRUPTED,
    NO_RESPONSE,
)
from fructosa_bridge.agents.ssh import SSHD_DOWN, UNREACHABLE
from fructosa_bridge.cli import main
from fructosa_bridge.nodes.node_sets import NOT_AMONG
from fructosa_service.daemon.lifecycle import ENDED, IS_RUNNING, STARTED, details
from fructosa_service.daemon.pid_file import DaemonState, PidFileStatus
from fructosa_service.daemon.terminate import STOPPED

from .page_sandbox import within
from .processes import BIN, Program, wait_until
from .ssh_hosts import SshHosts, hosts_or_skip

# A replacement of ssh: the arguments after -- are the node and the command.
_FAKE_SSH = """\
#!/bin/sh
echo $$ >>"$FAKE/pids"
while [ "$1" != -- ]; do shift; done
case $2 in
  silent*) exec sleep 600 ;;
  loud*) printf '%0100000d\\033]0;owned\\007' 0; exit 1 ;;
  strange*) echo "ssh: Could not resolve hostname $2: Name or service not known" >&2; exit 255 ;;
esac
echo "lagent started: pid $$"
"""
_AGENT = """\
[lagent]
host = {address}
pid file = {folder}/{name}.pid
[logging]
filename = {folder}/{name}.lagent.log
[sensor:CPUCount]
"""


@pytest.fixture
def fake_ssh(tmp_path, monkeypatch):
    """A script that replaces ssh; none of its processes may be left running."""
    path = tmp_path / "bin" / "ssh"
    path.parent.mkdir()
    path.write_text(_FAKE_SSH)
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE", str(tmp_path))
    yield
    assert [] == [pid for pid in pids(tmp_path) if is_ours(pid, tmp_path)]


def pids(folder):
    """Return the pids of the script."""
    path = folder / "pids"
    return path.read_text().split() if path.exists() else []


def is_ours(pid, folder):
    """Return whether a process still runs, and is not a later one with the same pid."""
    try:
        return f"FAKE={folder}".encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def configured(folder, hosts, agents=""):
    """Write a configuration; return its path."""
    path = folder / "lmaster.conf"
    path.write_text(f"[nodes:all]\nhosts = {hosts}\n[agents]\n{agents}")
    return path


def run(*words):
    """Run lmaster agents in this process; return exit code, lines of stdout, lines of stderr."""
    done = within(main, ["lmaster", "agents", *map(str, words)], "/")
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


def counted(ok, nodes, failed=0, message=ALL_OK):
    """Return the last line, of which *message* is the first part."""
    failures = AND_FAILED.format(nodes=failed) if failed else ""
    return message.format(ok=ok, nodes=nodes) + failures


def run_apart(*words, inside=()):
    """Run lmaster agents in a child process, *inside* a namespace; return the same as run()."""
    done = subprocess.run(
        [*inside, BIN / "lmaster", "agents", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


@pytest.mark.usefixtures("fake_ssh")
def test_nodes_that_hang_do_not_delay_the_others(tmp_path):
    """Of two hundred nodes, ten hang until their timeout; all results are reported."""
    config = configured(
        tmp_path, "node[001-187], silent[01-10], strange[1-2], loud", "fan out = 64"
    )

    code, succeeded, failed = run_apart("start", "-c", config, "--timeout", 2)

    errors = [line.partition(": ")[::2] for line in failed if not line.startswith(" ")]
    assert 1 == code
    assert ["node[001-187]: lagent started: pid …", counted(187, 200, 13)] == succeeded
    assert 200 == len(pids(tmp_path))
    assert {"silent[01-10]", "strange[1-2]", "loud"} == {nodes for nodes, _ in errors}
    assert NO_RESPONSE.format(timeout_s=2) == dict(errors)["silent[01-10]"]
    assert FAILED.format(code=1) == dict(errors)["loud"]
    assert "Could not resolve hostname" in dict(errors)["strange[1-2]"]


@pytest.mark.usefixtures("fake_ssh")
def test_long_output_of_a_node_is_truncated(tmp_path):
    """Control characters are escaped, and discarded bytes are counted."""
    code, succeeded, failed = run("stop", "-c", configured(tmp_path, "loud[1-2]"))

    assert (1, [counted(0, 2, 2)]) == (code, succeeded)
    assert f"loud[1-2]: {FAILED.format(code=1)}" == failed[0]
    assert any(
        re.fullmatch(r"    \.\.\. \d+ bytes or more omitted \.\.\.", line) for line in failed
    )
    assert 2000 > sum(map(len, failed))


@pytest.mark.usefixtures("fake_ssh")
def test_only_the_given_nodes_are_contacted(tmp_path):
    """Each is contacted once, even if two sections contain it; an unknown node is an error."""
    config = configured(tmp_path, "node[1-9]")
    config.write_text(f"{config.read_text()}[nodes:two]\nhosts = node1\nport = 9100\nprefix = p\n")

    code, succeeded, failed = run("status", "node[1-2]", "-c", config)
    unknown = run("status", "nod1", "-c", config)

    assert (0, []) == (code, failed)
    assert ["node[1-2]: lagent started: pid …", counted(2, 2, message=ALL_RUNNING)] == succeeded
    assert 2 == unknown[0]
    assert f"nod1 is {NOT_AMONG.format(source=config)}" in unknown[2][0]


@pytest.mark.usefixtures("fake_ssh")
def test_a_dry_run_only_prints_the_command(tmp_path):
    """It prints the command line of ssh and the maximum duration."""
    config = configured(tmp_path, "node[1-9]", "command = openrc\nssh user = admin\n")

    code, printed, _ = run("stop", "-c", config, "--dry-run", "--fan-out", 3)

    assert 0 == code
    assert printed[0].startswith("node[1-9]: ssh -n -T -oBatchMode=yes ")
    assert printed[0].endswith(" -l admin -- NODE 'rc-service lagent stop'")
    assert PLAN.format(nodes="9 nodes", fan_out=3, timeout_s=60, max_s=180) == printed[1]
    assert [] == pids(tmp_path)


@pytest.mark.usefixtures("fake_ssh")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_every_ssh_and_reports_what_was_done(tmp_path, number):
    """The exit code is that of an interrupted program, 130."""
    config = configured(tmp_path, "node[1-3], silent[1-9]")
    words = ("agents", "start", "-c", config)
    with Program(tmp_path / "log", BIN / "lmaster", *words) as running:
        wait_until(lambda: len(pids(tmp_path)) == 12, lambda: pids(tmp_path))

        code = running.end(number)

        assert 130 == code
        assert f"silent[1-9]: {INTERRUPTED}\n" in running.text()
        assert "node[1-3]: lagent started: pid …\n" in running.text()
        assert f"{counted(3, 12, 9)}\n" in running.text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_does_not_raise_an_exception(number):
    """Python ignores an exception in a fork hook, so the interrupt would be lost."""
    worker = SimpleNamespace(is_interrupted=False)

    with _interruptible(worker):
        signal.raise_signal(number)

    assert worker.is_interrupted


def test_without_ssh_it_says_what_to_install(tmp_path, monkeypatch):
    """It reports this before it contacts any node."""
    monkeypatch.setenv("PATH", str(tmp_path))

    code, printed, failed = run("status", "-c", configured(tmp_path, "node1"))

    assert (1, []) == (code, printed)
    assert [
        "lmaster: ssh is not installed; install OpenSSH's client, e.g. openssh-client"
    ] == failed


@pytest.fixture
def hosts(tmp_path):
    """Ten hosts, one without sshd and one cut off; agents that still run are stopped."""
    hosts_or_skip()
    with SshHosts(tmp_path, 10, without_sshd=["node09"], cut_off=["node10"]) as made:
        for name in made.names:
            text = _AGENT.format(address=made.address(name), folder=tmp_path, name=name)
            (tmp_path / f"{name}.conf").write_text(text)
        yield made.wait()
        for name in [name for name in made.names if (tmp_path / f"{name}.pid").exists()]:
            subprocess.run(
                [BIN / "lagent", "stop", "-c", tmp_path / f"{name}.conf"],
                check=False,
                capture_output=True,
            )


def test_start_status_and_stop_of_real_agents_on_real_hosts(hosts, tmp_path):
    """Of ten hosts, one has no sshd and one is cut off; the commands work on the other eight."""
    lagent = f"{BIN}/lagent {{action}} -c {tmp_path}/$NODE.conf"
    config = configured(
        tmp_path, "node[01-10]", f"command = {lagent}\nssh options = -F {hosts.ssh_config}\n"
    )
    inside = ("ip", "netns", "exec", hosts.hub)
    results = {}

    for step in ("start", "status", "stop"):
        results[step] = run_apart(step, "-c", config, inside=inside)
    stopped = run_apart("status", "node[01-08]", "-c", config, inside=inside)

    unreachable = [
        f"node09: ssh: Connection refused: {SSHD_DOWN}",
        f"node10: ssh: No route to host: {UNREACHABLE}",
    ]
    assert dict.fromkeys(results, 1) == {step: code for step, (code, _, _) in results.items()}
    assert dict.fromkeys(results, unreachable) == {
        step: bad for step, (_, _, bad) in results.items()
    }
    first = {step: succeeded[0] for step, (_, succeeded, _) in results.items()}
    masked = PidFileStatus(DaemonState.RUNNING, "…", ["http://…:9888/metrics"])
    started = STARTED.format(name="lagent", details=details(masked))
    running = IS_RUNNING.format(name="lagent", details=details(masked, "…"))
    ended = ENDED.format(name="lagent", outcome=STOPPED, pid="…")
    assert first["start"].startswith(f"node[01-08]: {started}")
    assert first["status"].startswith(f"node[01-08]: {running}")
    assert f"node[01-08]: {ended}" == first["stop"]
    assert {"start": counted(8, 10, 2), "status": counted(8, 10, 2, ALL_RUNNING)} == {
        step: results[step][1][-1] for step in ("start", "status")
    }
    none = counted(0, 8, message=ALL_RUNNING) + AND_NOT_RUNNING.format(nodes=8)
    assert (3, none, []) == (stopped[0], stopped[1][-1], stopped[2])
