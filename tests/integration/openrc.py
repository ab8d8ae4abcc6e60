"""A container that OpenRC manages, made of Linux namespaces; nothing is left of it afterwards.

Its /etc is an overlay on that of the host; it has its own /run and /var. Its first process exits
when the test closes its standard input, and the kernel then kills all other processes in it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import missing

from .processes import wait_until

ROOT = Path(__file__).parents[2]

# As process 1, bash reaps orphans.
_FIRST_PROCESS = r"""
set -e
mount -t tmpfs none /mnt
layer() { # FOLDER: an overlay, so that writes stay in the container; all users may pass it
  n=$((n + 1)); mkdir -p /mnt/$n/upper /mnt/$n/work; chmod 755 /mnt/$n/upper
  mount -t overlay none -o lowerdir="$1",upperdir=/mnt/$n/upper,workdir=/mnt/$n/work "$1"
}
layer /etc
for folder in "$@"; do layer "$folder"; done
for folder in /run /var/log /var/lib; do mount -t tmpfs -o mode=755 none $folder; done
rm -rf /etc/init.d /etc/conf.d /etc/fructosa
mkdir -p /etc/init.d /etc/conf.d /etc/fructosa
mkdir -p /run/openrc/{started,starting,stopping,inactive,wasinactive,failed,hotplugged}
mkdir -p /run/openrc/{daemons,options,exclusive,scheduled,tmp}
cp openrc/init.d/* /etc/init.d
cp openrc/conf.d/* /etc/conf.d
printf '#!/sbin/openrc-run\ndepend() { provide localmount; }\nstart() { :; }\n' >/etc/init.d/disks
chmod +x /etc/init.d/disks
touch /run/openrc/softlevel
useradd --system fructosa
cd /
echo ready
read -r || true
"""
_NAMESPACES = ("--mount", "--pid", "--net", "--uts")


class OpenRCMachine:
    """A container with the OpenRC scripts of this repository.

    It uses the network of the host, unless the command *inside*, which runs it, provides another.
    """

    def __init__(self, inside=()):
        words = [*inside, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        words += ["--propagation", "private", "bash", "-c", _FIRST_PROCESS, "bash"]
        self._outer = subprocess.Popen(
            [*words, *closed_folders()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )
        output = self._outer.stdout.readline()
        if output != "ready\n":
            rest = self._outer.communicate()[0]
            raise OSError(f"cannot create namespaces: {output}{rest}")
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children")
        self._pid = int(children.read_text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._outer.stdin.close()
        self._outer.wait(10)
        self._outer.stdout.close()

    def path(self, name):
        """Return the path on the host of a file in the container."""
        return Path(f"/proc/{self._pid}/root{name}")

    def write(self, name, text, mode=0o644):
        """Write a file in the container."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def run(self, *words):
        """Run a command in the container; return its exit code and output."""
        # With --root: if these tests run in a chroot, the namespace has the root of the host.
        enter = ["nsenter", "-t", str(self._pid), *_NAMESPACES, "--root", "--wd"]
        done = subprocess.run(
            [*enter, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
            text=True,
            timeout=60,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        )
        return done.returncode, done.stdout

    def service(self, name, command):
        """Run a command of a service; return its exit code and output."""
        return self.run("rc-service", "--nocolor", name, command)

    def pids(self, pattern):
        """Return the pids in the container of processes whose command line matches *pattern*."""
        return [int(pid) for pid in self.run("pgrep", "-f", pattern)[1].split()]

    def kill(self, pid, number="KILL"):
        """Send a signal to one process in the container."""
        assert self.run("kill", f"-{number}", pid) == (0, "")

    def wait_for(self, condition, deadline_s=20.0):
        """Wait until *condition* is true; on failure, show the logs of the services."""
        return wait_until(condition, self._logs, deadline_s)

    def _logs(self):
        logs = self.path("/var/log").glob("*.log")
        return "\n".join(f"{log.name}:\n{log.read_text()[-1500:]}" for log in logs)


def closed_folders():
    """Return the folders above the Python of these tests that other users cannot pass."""
    bases = (ROOT, Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve())
    folders = {folder for base in bases for folder in (base, *base.parents) if folder.is_dir()}
    closed = {folder for folder in folders if not folder.stat().st_mode & 0o001}
    return sorted(str(folder) for folder in closed)


def machine_or_skip(inside=()):
    """Return a container; skip the test if none can be created."""
    if os.geteuid() != 0:
        pytest.skip("only root can create the container")
    if packages := _missing_programs():
        missing(", ".join(packages), f"Debian's {', '.join(packages.values())}")
    try:
        return OpenRCMachine(inside)
    except OSError as error:
        pytest.skip(str(error))


def _missing_programs():
    """Return the required programs that are not installed: ``{program: package}``."""
    needed = {
        "rc-service": "openrc",
        "unshare": "util-linux",
        "nsenter": "util-linux",
        "pgrep": "procps",
        "su": "util-linux",
    }
    return {program: package for program, package in needed.items() if not shutil.which(program)}
