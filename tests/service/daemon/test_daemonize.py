"""A process that forks itself into the background."""

import json
import os
import subprocess
import sys

CODE = """
import json, os, signal, sys
from fructosa_service.daemon import daemonize

signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.umask(0o077)
other = os.open(os.devnull, os.O_RDONLY)
os.set_inheritable(other, True)
kept = int(sys.argv[1])
if daemonize.fork([kept]):
    report = {
        "pid": os.getpid(),
        "session": os.getsid(0),
        "directory": os.getcwd(),
        "umask": os.umask(0),
        "is other open": os.path.exists(f"/proc/self/fd/{other}"),
        "ignores SIGTERM": signal.getsignal(signal.SIGTERM) is signal.SIG_IGN,
    }
    print("ready", flush=True)
    daemonize.leave_terminal()
    print("not shown", flush=True)
    report["output"] = os.readlink("/proc/self/fd/1")
    os.write(kept, json.dumps(report).encode())
    os._exit(0)
"""


def test_a_daemon_is_detached_from_its_parent():
    """Session, directory, umask, signals, open files; and the terminal when it leaves it."""
    read_end, write_end = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", CODE, str(write_end)],
        stdout=subprocess.PIPE,
        pass_fds=[write_end],
        text=True,
    ) as parent:
        os.close(write_end)
        output = parent.stdout.read()
    with os.fdopen(read_end) as pipe:
        report = json.load(pipe)

    assert 0 == parent.returncode
    assert "ready\n" == output
    assert report.pop("pid") not in (parent.pid, report["session"])
    assert os.getsid(0) != report.pop("session")
    assert {
        "directory": "/",
        "umask": 0o022,
        "is other open": False,
        "ignores SIGTERM": False,
        "output": os.devnull,
    } == report
