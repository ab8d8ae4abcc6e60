"""A container that a real systemd manages, made of Linux namespaces.

Its root is an overlay on that of the host, with the units of this repository. When its first
process, systemd, is killed, the kernel kills all others.
"""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.services import missing

from .openrc import ROOT, closed_folders
from .processes import BIN, wait_until

SYSTEMD = Path("/lib/systemd/systemd")
_SPACES = ("--mount", "--pid", "--net", "--cgroup", "--ipc", "--uts")

# At the end it runs systemd as process 1. It uses pivot_root instead of chroot, because the kernel
# does not allow user namespaces, which PrivateUsers needs, in a chroot.
_FIRST_PROCESS = r"""
set -e
bin=$1; shift
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/root
chmod 755 /mnt/upper
mount -t overlay none -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
for folder in "$@"; do chmod o+x "/mnt/root$folder"; done
cp systemd/*.service /mnt/root/etc/systemd/system
rm -rf /mnt/root/etc/systemd/system/*.wants /mnt/root/etc/fructosa
cd /mnt/root
for program in lagent lmaster; do ln -sf "$bin/$program" usr/bin/$program; done
mkdir -p etc/fructosa etc/systemd/system/lmaster.service.d before
# The programs of the tests and their Python may be in a home or in /tmp. systemd cannot create a
# private /dev in this root.
printf '[Service]\n%s=no\n%s=no\n%s=no\n' ProtectHome PrivateTmp PrivateDevices \
  >etc/systemd/system/lmaster.service.d/here.conf
# It would scan all of the host's /tmp.
ln -s /dev/null etc/systemd/system/systemd-tmpfiles-setup.service
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs none run
mount -t tmpfs none var/lib
mount -t tmpfs -o mode=755 none dev
n=3
for name in null - zero - full random urandom; do
  [ $name = - ] || mknod -m 666 dev/$name c 1 $n
  n=$((n + 1))
done
mknod -m 666 dev/tty c 5 0
mknod -m 600 dev/console c 5 1
mkdir dev/shm dev/pts
ln -s /proc/self/fd dev/fd
chroot . useradd --system fructosa
ip link set lo up
pivot_root . before
cd /
umount -l /before
exec env -i container=fructosa PATH="$PATH" \
  /lib/systemd/systemd --system --unit=basic.target --log-target=journal
"""


class SystemdMachine:
    """A container with systemd as process 1, and only a loopback network."""

    def __init__(self):
        words = ["unshare", *_SPACES, "--fork", "--kill-child"]
        self._outer = subprocess.Popen(
            [*words, "bash", "-c", _FIRST_PROCESS, "bash", str(BIN), *closed_folders()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._outer.poll() is None:
            os.kill(self._pid(), signal.SIGKILL)
        self._outer.wait(10)
        self._outer.stdout.close()

    def _pid(self):
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children")
        return int(children.read_text())

    def is_up(self):
        """Return whether systemd has reached its basic target.

        Raises: OSError if systemd has exited.
        """
        if self._outer.poll() is not None:
            raise OSError(f"systemd does not start in namespaces: {self._outer.stdout.read()}")
        try:
            is_systemd = Path(f"/proc/{self._pid()}/comm").read_text() == "systemd\n"
        except ValueError:  # there is no child yet
            return False
        return is_systemd and self.run("systemctl", "is-active", "basic.target")[0] == 0

    def run(self, *words):
        """Run a command in the container; return its exit code and output."""
        done = subprocess.run(
            # With --root: if these tests run in a chroot, the namespace has the root of the host.
            ["nsenter", "-t", str(self._pid()), "--all", "--root", "--wd", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
            text=True,
            timeout=60,
            cwd="/",
        )
        return done.returncode, done.stdout

    def write(self, name, text):
        """Write a file in the container."""
        Path(f"/proc/{self._pid()}/root{name}").write_text(text)

    def wait_for(self, condition):
        """Wait until *condition* is true; on failure, show the journal."""
        return wait_until(condition, lambda: self.run("journalctl", "--no-pager", "-n", "40")[1])


def systemd_or_skip():
    """Return a container with a running systemd; skip the test if none can be created."""
    if os.geteuid() != 0:
        pytest.skip("only root can create the container")
    if not SYSTEMD.exists():
        missing("systemd", "Debian's systemd")
    if subprocess.run(["unshare", "--user", "true"], check=False, capture_output=True).returncode:
        pytest.skip("the units need user namespaces, which the kernel forbids, as in a chroot")
    machine = SystemdMachine()
    try:
        wait_until(machine.is_up, lambda: "systemd does not respond")
    except OSError as error:
        machine.__exit__()
        pytest.skip(str(error))
    except BaseException:
        machine.__exit__()
        raise
    return machine
