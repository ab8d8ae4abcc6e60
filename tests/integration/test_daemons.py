"""lagent and lmaster as daemons without an init system: real processes, real signals."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import psutil
import pytest
import requests

from fructosa_bridge.app.engine import READ_AGAIN
from fructosa_bridge.web.server import CANNOT_LISTEN
from fructosa_service.daemon.lifecycle import (
    ALREADY_RUNNING,
    DEAD,
    ENDED,
    IS_RUNNING,
    PID,
    SERVES,
    STALE,
    STARTED,
    details,
)
from fructosa_service.daemon.pid_file import CAN_NOT_BE_WRITTEN, DaemonState, PidFileStatus
from fructosa_service.daemon.privileges import ONLY_ROOT
from fructosa_service.daemon.terminate import KILLED, STOPPED
from fructosa_service.errors import DID_YOU_MEAN
from fructosa_service.logs import LOGS_TO

from .packaged import ROOT, needed_packages
from .processes import BIN, free_port, wait_until

PACKAGES = {"lagent": "exporter", "lmaster": "bridge"}
# Runs a program from packages in a folder: `python -c RUN FOLDER MODULE COMMAND …`.
RUN = """
import importlib, sys
folder, module, *sys.argv[1:] = sys.argv[1:]
sys.path.insert(0, folder)
sys.exit(importlib.import_module(module).main())
"""
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


class Daemon:
    """A daemon with all its files in one folder."""

    def __init__(self, name, folder, extra="", sections=""):
        self.name, self.folder, self.port = name, folder, free_port()
        self.pid_file, self.config = folder / "x.pid", folder / f"{name}.conf"
        self.log = folder / "log" / "x.log"
        self.extra, self.sections, self.python = extra, sections, ()
        self.write()

    def write(self, text=None):
        """Write the configuration, or *text* instead of it."""
        self.config.write_text(
            text
            or f"[{self.name}]\nport = {self.port}\npid file = {self.pid_file}\n{self.extra}\n"
            f"{self.sections}\n[logging]\nfilename = {self.log}\n"
        )
        self.log.parent.mkdir(exist_ok=True)
        return self

    @property
    def program(self):
        if not self.python:
            return [str(BIN / self.name)]
        return [*self.python, f"fructosa_{PACKAGES[self.name]}.cli"]

    def popen(self, command, *arguments):
        return subprocess.Popen(
            [*self.program, command, "-c", str(self.config), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, command, *arguments):
        """Run a command; return the exit code, and the output of stdout and stderr."""
        process = self.popen(command, *arguments)
        stdout, stderr = process.communicate(timeout=60)
        return process.returncode, stdout + stderr

    @property
    def pid(self):
        return int(self.pid_file.read_text().split()[0])

    def responds(self):
        return requests.get(f"http://127.0.0.1:{self.port}/", timeout=5).ok

    def end(self):
        """Kill all processes whose command line has this configuration file."""
        for process in psutil.process_iter(["cmdline"]):
            if str(self.config) in (process.info["cmdline"] or []):
                with suppress(psutil.NoSuchProcess):
                    process.kill()


@pytest.fixture
def made(tmp_path):
    """A function that creates a daemon, which is killed after the test."""
    daemons = []

    def make(name="lagent", **more):
        daemons.append(Daemon(name, tmp_path, **more))
        return daemons[-1]

    yield make
    for daemon in daemons:
        daemon.end()


@pytest.fixture(scope="module")
def readable_packages(tmp_path_factory):
    """A folder of our packages and their requirements, for users who can't read those of root."""
    folder = tmp_path_factory.mktemp("packages")
    ours = {path.name: path for path in ROOT.glob("fructosa_*")}
    needed = needed_packages(metadata.distribution("FrUCToSA"), "master")
    for name, path in {**needed, **ours}.items():
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / name)
    return folder


@pytest.fixture
def readable_python(readable_packages, tmp_path):
    """Runs a module as any user, with a Python of the same version; the test's own if possible."""
    open_to_all(tmp_path, readable_packages)
    for path in (sys.executable, "/usr/bin/python3"):
        if not Path(path).exists():
            continue
        code = "import os, sys; print(os.__file__, *sys.version_info[:2])"
        library, *version = subprocess.check_output([path, "-c", code], text=True).split()
        can_run = ["test", "-x", path, "-a", "-r", library]
        is_readable = subprocess.run([*AS_NOBODY, *can_run], check=False).returncode == 0
        if is_readable and version == [str(part) for part in sys.version_info[:2]]:
            return path, "-c", RUN, str(readable_packages)
    pytest.skip("no Python of this version can be run by an ordinary user here")


def open_to_all(*folders, mode=0o755):
    """Let all users into folders of tests. Another pytest that starts makes their base private."""
    for folder in folders:
        for one in folder.parents[:2]:  # with --basetemp, this may be /tmp: it keeps its mode
            one.chmod(stat.S_IMODE(one.stat().st_mode) | 0o055)
        folder.chmod(mode)


@pytest.fixture
def agent(made):
    """An lagent with one sensor that is not started yet."""
    return made(sections="[sensor:CPUCount]")


@pytest.fixture
def master(made, tmp_path):
    """An lmaster without a destination that is not started yet."""
    return made(
        "lmaster",
        extra=f"data directory = {tmp_path}/data",
        sections="[nodes:x]\nhosts = 127.0.0.1\nport = 1\n[Graphite]\nsend = no",
    )


@pytest.mark.parametrize("which", ["agent", "master"])
def test_start_status_and_stop_of_a_daemon(request, which):
    """After start returns, a request succeeds; the exit codes are those of LSB."""
    daemon = request.getfixturevalue(which)
    assert daemon("status")[0] == 3

    code, output = daemon("start")
    assert daemon.responds()
    assert 0 == code, output
    assert f"{PID.format(pid=daemon.pid)}, {SERVES.format(urls='http://')}" in output
    assert LOGS_TO.format(path=daemon.log) in output

    code, output = daemon("status")
    assert 0 == code
    running = PidFileStatus(DaemonState.RUNNING, daemon.pid, [f".*:{daemon.port}/"])
    expected = IS_RUNNING.format(name=daemon.name, details=details(running, "2.*"))
    assert re.search(expected, output)
    already = ALREADY_RUNNING.format(name=daemon.name, details=details(running))
    assert (0, True) == (daemon("start")[0], bool(re.search(already, daemon("start")[1])))

    ended = ENDED.format(name=daemon.name, outcome=STOPPED, pid=daemon.pid)
    assert (0, f"{ended}\n") == daemon("stop")
    assert (3, 0) == (daemon("status")[0], daemon("stop")[0])
    assert daemon.log.read_text().endswith(": stopped\n")


def test_a_request_succeeds_as_soon_as_start_returns(agent):
    """The same holds for nine restarts."""
    agent("start")

    for _ in range(10):
        assert agent.responds()
        assert agent("restart")[0] == 0


def test_a_daemon_is_detached_from_its_parent(agent):
    """It has another session, which it does not lead, no terminal, / as folder, only its files."""
    agent("start")

    pid = agent.pid
    process = psutil.Process(pid)
    assert "/" == process.cwd()
    assert process.terminal() is None
    assert os.getsid(pid) not in (pid, os.getsid(0))
    fds = {int(fd.name): str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()}
    assert {"/dev/null"} == {fds[number] for number in (0, 1, 2)}
    files = {path for number, path in fds.items() if number > 2 and path.startswith("/")}
    assert {str(agent.pid_file), str(agent.log)} == files


def test_five_starts_at_once_give_one_daemon(agent):
    """All succeed, and all print the same pid."""
    starts = [agent.popen("start") for _ in range(5)]

    outputs = [start.communicate(timeout=60)[0] for start in starts]

    assert [0] * 5 == [start.returncode for start in starts]
    assert {str(agent.pid)} == {re.search(r"pid (\d+)", output)[1] for output in outputs}
    started = STARTED.format(name="lagent", details="pid")
    assert 1 == sum(started in output for output in outputs)


def test_a_killed_daemon_is_reported_dead_and_can_be_started_again(agent):
    """Its pid file is left behind, unlocked."""
    agent("start")
    os.kill(pid := agent.pid, signal.SIGKILL)

    code, output = wait_until(lambda: (found := agent("status"))[0] and found, lambda: "dead")

    assert (1, True) == (code, DEAD.format(name="lagent", path=agent.pid_file) in output)
    assert agent("start")[0] == 0
    assert pid != agent.pid


def test_a_reused_pid_in_the_pid_file_is_not_signalled(agent):
    """The process that has the pid by now is left alone."""
    with subprocess.Popen(["sleep", "60"]) as other:
        agent.pid_file.write_text(f"{other.pid}\nlagent\nhttp://x/\n")

        before, (code, output), is_alive = agent("status")[0], agent("stop"), other.poll() is None
        other.kill()

    assert 1 == before
    assert (0, True) == (code, STALE.format(name="lagent") in output)
    assert is_alive


def test_a_daemon_that_does_not_exit_is_killed_with_a_message(agent):
    """A stopped process does not handle SIGTERM."""
    agent("start")
    os.kill(agent.pid, signal.SIGSTOP)

    code, output = agent("stop", "--timeout", "0.2")

    assert (0, True) == (code, KILLED.format(timeout_s=0.2) in output)
    assert agent("status")[0] == 3


def test_a_broken_configuration_is_reported_on_the_terminal(agent):
    """Nothing is started, and a running daemon can still be stopped."""
    agent("start")
    agent.write(agent.config.read_text().replace("port =", "prot ="))

    for command in ("start", "restart"):
        code, output = agent(command)
        assert (2, True) == (code, DID_YOU_MEAN.format(name="port") in output)
    assert agent.responds()
    ended = ENDED.format(name="lagent", outcome=STOPPED, pid=agent.pid)
    assert (0, f"{ended}\n") == agent("stop")


def test_a_failed_start_is_reported_on_the_terminal(agent, master):
    """The port is in use: the exit code is 1, and no pid file is left."""
    agent("start")
    for other in (agent, master):
        other.port = agent.port
        other.write()

    code, output = agent("start", "-p", str(agent.folder / "other.pid"))
    assert (1, True) == (code, " listen on" in output)
    code, output = master("start", "-p", str(agent.folder / "other.pid"))
    assert (1, True) == (code, CANNOT_LISTEN.partition("{")[0] in output)
    assert not (agent.folder / "other.pid").exists()


def test_a_pid_file_that_cannot_be_written_is_reported(agent):
    """Nothing is started."""
    code, output = agent("start", "-p", "/proc/x/x.pid")

    reason = "No such file or directory"
    refused = CAN_NOT_BE_WRITTEN.format(path="/proc/x/x.pid", reason=reason)
    assert (1, True) == (code, refused in output)


def test_at_sighup_a_daemon_opens_its_log_again(agent, master):
    """As logrotate may ask for; lmaster reads its configuration too."""
    for daemon in (agent, master):
        daemon("start")
        daemon.log.rename(daemon.log.with_suffix(".1"))
        os.kill(daemon.pid, signal.SIGHUP)
        wait_until(daemon.log.exists, lambda: "no new log")
        assert daemon.responds()
        if daemon is agent:
            daemon("stop")

    wait_until(lambda: READ_AGAIN % "" in master.log.read_text(), master.log.read_text)


def test_the_example_for_logrotate_rotates_the_log(agent):
    """By Debian's logrotate if it is installed, else in its steps; no message is lost."""
    agent("start")
    text = (ROOT / "examples" / "logrotate.conf").read_text().partition("# The output of OpenRC")[0]
    config, old = agent.folder / "logrotate.conf", agent.log.with_name("x.log.1")
    user = f"{agent.log.owner()} {agent.log.group()}"
    text = text.replace("/var/log/fructosa", str(agent.log.parent))
    config.write_text(text.replace("fructosa fructosa", user))
    agent.log.parent.chmod(0o755)
    config.chmod(0o644)

    if program := shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin"):
        state = agent.folder / "state"
        subprocess.run([program, "-f", "-s", state, config], check=True, timeout=30)
    else:
        agent.log.rename(old)
        agent.log.touch()
    agent("stop")

    assert " served on " in old.read_text()
    assert [": stopped"] == [line[-9:] for line in agent.log.read_text().splitlines()]


@AS_ROOT
@pytest.mark.parametrize("name", ["lagent", "lmaster"])
def test_a_daemon_drops_root_and_still_rotates_its_log(made, tmp_path, name, readable_python):
    """All ids and groups are those of the user, who owns the folder of the log and the data."""
    sections = (
        "[sensor:DiskUsage]"
        if name == "lagent"
        else "[nodes:x]\nhosts = 127.0.0.1\nport = 1\n[Graphite]\nhost = 127.0.0.1\n"
        f"[slurm]\n[jobs]\nsocket = {tmp_path}/of-root/socket\n"
    )
    extra = "user = nobody\n" + (f"data directory = {tmp_path}/data" * (name == "lmaster"))
    daemon = made(name, extra=extra, sections=sections)
    daemon.python = readable_python
    daemon.log = tmp_path / "own" / "x.log"
    daemon.write(daemon.write().config.read_text() + "maxBytes = 1\n")
    daemon.log.parent.rmdir()

    code, output = daemon("start")

    assert 0 == code, output
    assert daemon.responds()
    status = Path(f"/proc/{daemon.pid}/status").read_text()
    assert ["65534"] * 4 == re.search(r"Uid:\s(.*)", status)[1].split()
    assert "65534" == re.search(r"Groups:\s(.*)", status)[1].strip()
    assert "0" * 16 == re.search(r"CapPrm:\s(.*)", status)[1].strip()
    page = requests.get(f"http://127.0.0.1:{daemon.port}/metrics", timeout=5).text
    assert 'fructosa_sensor_success{sensor="DiskUsage"} 0' not in page
    if name == "lmaster":  # it listens in a directory in which its user can make nothing
        ask = [BIN / "lmaster", "job", "1", "--socket", tmp_path / "of-root/socket"]
        assert "no job 1 is known" in subprocess.run(ask, capture_output=True, text=True).stderr
        code, output = daemon("status", "-p", str(tmp_path / "other.pid"))
        assert (0, True) == (code, PID.format(pid=daemon.pid) in output), output
    daemon.config.chmod(0o600)  # root reads it before it becomes the user
    assert daemon("check")[0] == 0
    assert daemon("stop")[0] == 0
    logs = list(daemon.log.parent.iterdir())
    assert 1 < len(logs)
    assert {65534} == {log.stat().st_uid for log in logs}
    assert (tmp_path / "data").exists() == (name == "lmaster")


@AS_ROOT
def test_an_ordinary_user_can_run_a_daemon(agent, tmp_path, readable_python):
    """It has its own pid file; only root can run it as another user."""
    agent.python = readable_python

    def as_nobody(command, user=""):
        open_to_all(tmp_path, mode=0o777)
        agent.config.write_text(f"[lagent]\nport = {agent.port}\n{user}\n[sensor:CPUCount]\n")
        done = subprocess.run(
            [*AS_NOBODY, *agent.program, command, "-c", agent.config],
            env={"XDG_RUNTIME_DIR": str(tmp_path / "run")},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr

    code, output = as_nobody("start", "user = daemon")
    assert (2, True) == (code, ONLY_ROOT.format(section="lagent", user="daemon") in output)
    code, output = as_nobody("start")
    assert 0 == code, output
    assert agent.responds()
    assert (tmp_path / "run" / "fructosa" / "lagent.pid").exists()
    code, output = as_nobody("stop")
    assert 0 == code, output
