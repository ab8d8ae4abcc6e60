"""A container for a page about installing: bare, with the host names of the page.

Changes to folders, users, services and the firewall affect only the container, which has no other
network than its own.
"""

import shutil
import sys
from pathlib import Path

PYTHON = Path(sys.executable).resolve()
HEAD, NODE = "10.0.0.1", "10.0.0.17"
# All nodes are the same machine, which is also the head node. It connects from the address HEAD to
# the address NODE.
_HOSTS = "127.0.0.1 localhost head\n" + "".join(
    f"{NODE} node00{number}\n" for number in range(1, 5)
)
# Undoes the setup of openrc.py, because the page does that itself. $1 is the folder of wheels, $2
# the address of the head node, $3 that of the nodes.
_BARE = r"""
set -e
layer() { # FOLDER: an overlay, so that writes stay in the container
  mkdir -p /mnt/page$1/upper /mnt/page$1/work; chmod 755 /mnt/page$1/upper
  mount -t overlay none -o lowerdir=$1,upperdir=/mnt/page$1/upper,workdir=/mnt/page$1/work $1
}
for folder in /usr /opt /srv; do layer $folder; done
rm -rf /etc/carbon /etc/fructosa* /etc/grafana /etc/init.d/lagent /etc/init.d/lmaster
rm -rf /etc/init.d/fructosa* /etc/systemd/system /usr/local/share/man /opt/fructosa /srv/fructosa
rm -f /usr/bin/lagent /usr/bin/lmaster
userdel fructosa
mkdir -p /etc/carbon /etc/systemd/system
cp -r "$1" /srv/fructosa
ip link set lo up
ip addr add $2 dev lo
ip addr add $3 dev lo
ip route change local $3 dev lo table local src $2
nft add table inet filter
nft add chain inet filter input '{ type filter hook input priority 0; }'
"""


class PageMachine:
    """A container without FrUCToSA, but with the folder *wheels* as its /srv/fructosa."""

    def __init__(self, machine, wheels):
        self.machine = machine
        self.fine(_BARE, wheels, HEAD, NODE)
        machine.write("/etc/hosts", _HOSTS)

    def type(self, line, *words):
        """Run a line of a page as root; return its exit code and output."""
        return self.machine.run("bash", "-c", line, "bash", *words)

    def fine(self, line, *words):
        """Run a line, which must succeed; return its output.

        There is no running systemd: only what works offline is done. Python is that of the wheels.
        """
        line = line.replace("systemctl enable --now", "systemctl enable")
        code, output = self.type(line.replace("python3 -m venv", f"{PYTHON} -m venv"), *words)
        assert code == 0, f"{line}\n{output}"
        return output

    def text(self, name):
        """Return the content of a file in the container; "" if it does not exist."""
        path = self.machine.path(name)
        return path.read_text() if path.exists() else ""

    def leave(self, line, log):
        """Run a line in the background with its output in a file; return its pid."""
        return self.fine(f"{line} >>{log} 2>&1 & echo $!").strip()

    def end(self, pid):
        """Terminate a process, and wait until it has exited."""
        self.machine.kill(pid, "TERM")
        self.machine.wait_for(lambda: self.machine.run("kill", "-0", pid)[0])


def missing_programs():
    """Return the required programs that are not installed: ``{program: package}``."""
    needed = {"nft": "nftables", "ip": "iproute2", "systemctl": "systemd", "man": "man-db"}
    return {name: package for name, package in needed.items() if not shutil.which(name)}
