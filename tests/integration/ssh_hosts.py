"""Hosts with a real sshd each: network namespaces on a bridge, and one for lmaster.

The addresses exist only in the namespaces. The sshds are ordinary processes with their keys and
configurations in the folder of the test. It is the home of those who log in, too: what root's own
.bashrc prints would be part of the results.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.services import program

from .processes import Program, wait_until

_SSHD = """\
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
ListenAddress {address}
SetEnv NODE={name} HOME={folder}
"""
_SSH = """\
Host {name}
HostName {address}
"""
_SSH_FOR_ALL = """\
Host *
IdentityFile {folder}/key
IdentitiesOnly yes
UserKnownHostsFile {folder}/known_hosts
GlobalKnownHostsFile /dev/null
StrictHostKeyChecking yes
"""
# sshd does not start without this folder, which Debian creates at boot.
_SEPARATION = Path("/run/sshd")


def ip(*words):
    """Run ip, which must succeed."""
    subprocess.run(["ip", *map(str, words)], check=True, capture_output=True)


def hosts_or_skip():
    """Skip the test if the hosts cannot be created."""
    program("ssh-keygen", "openssh-client")
    program("ip", "iproute2")
    program("/usr/sbin/sshd", "openssh-server")
    if not _may_make_namespaces():
        pytest.skip("cannot create network namespaces: this needs root with CAP_NET_ADMIN")


def _may_make_namespaces():
    """Return whether this process may create them (CAP_NET_ADMIN, and the mounts of ip)."""
    name = f"fr{os.getpid()}-may"
    if subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True).returncode:
        return False
    made = subprocess.run(
        ["ip", "-n", name, "link", "set", "lo", "up"], check=False, capture_output=True
    )
    ip("netns", "del", name)
    return made.returncode == 0


class SshHosts:
    """Hosts node01, node02, …, and the namespace *hub*, which can reach them.

    Hosts in *without_sshd* have no sshd. The link of those in *cut_off* is down.
    """

    def __init__(self, folder, count, *, without_sshd=(), cut_off=()):
        self.folder = folder
        self.names = [f"node{number:02}" for number in range(1, count + 1)]
        self._prefix = f"fr{os.getpid()}-"
        self.hub = f"{self._prefix}hub"
        self._namespaces, self._sshds = [], []
        try:
            self._make(without_sshd, cut_off)
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def address(self, name):
        """Return the address of a host."""
        return f"10.99.0.{self.names.index(name) + 1}"

    @property
    def ssh_config(self):
        """The configuration of ssh with the names of the hosts."""
        return self.folder / "ssh_config"

    def end(self):
        """End the sshds, and delete the namespaces."""
        for sshd in self._sshds:
            sshd.end()
        for name in self._namespaces:
            ip("netns", "del", name)
        self._namespaces.clear()

    def _make(self, without_sshd, cut_off):
        _SEPARATION.mkdir(exist_ok=True)
        self._write_keys()
        self._add_namespace(self.hub)
        ip("-n", self.hub, "link", "add", "name", "br0", "type", "bridge")
        ip("-n", self.hub, "addr", "add", "10.99.0.254/24", "dev", "br0")
        ip("-n", self.hub, "link", "set", "br0", "up")
        # Report an unreachable host sooner than after the kernel's three seconds.
        ip("-n", self.hub, "ntable", "change", "name", "arp_cache", "dev", "br0", "retrans", 100)
        for name in self.names:
            self._add_host(name)
            if name not in without_sshd:
                self._start_sshd(name)
        for name in cut_off:
            ip("-n", self._prefix + name, "link", "set", "eth", "down")

    def _write_keys(self):
        for name in ("host_key", "key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name],
                check=True,
            )
        kind, key, *_ = (self.folder / "host_key.pub").read_text().split()
        addresses = ",".join(self.address(name) for name in self.names)
        (self.folder / "known_hosts").write_text(f"{addresses} {kind} {key}\n")
        hosts = [_SSH.format(name=name, address=self.address(name)) for name in self.names]
        text = "".join([*hosts, _SSH_FOR_ALL.format(folder=self.folder)])
        self.ssh_config.write_text(text)

    def _add_namespace(self, name):
        ip("netns", "add", name)
        self._namespaces.append(name)
        ip("-n", name, "link", "set", "lo", "up")

    def _add_host(self, name):
        host = self._prefix + name
        self._add_namespace(host)
        ip(
            "link",
            "add",
            "name",
            name,
            "netns",
            self.hub,
            "type",
            "veth",
            "peer",
            "eth",
            "netns",
            host,
        )
        ip("-n", self.hub, "link", "set", "dev", name, "master", "br0", "up")
        ip("-n", host, "addr", "add", f"{self.address(name)}/24", "dev", "eth")
        ip("-n", host, "link", "set", "eth", "up")

    def _start_sshd(self, name):
        config = self.folder / f"{name}.sshd"
        config.write_text(_SSHD.format(folder=self.folder, address=self.address(name), name=name))
        log = self.folder / f"{name}.log"
        inside = ("ip", "netns", "exec", self._prefix + name)
        sshd = Program(log, *inside, "/usr/sbin/sshd", "-D", "-e", "-f", config)
        self._sshds.append(sshd)

    def wait(self):
        """Wait until all sshds listen."""
        for sshd in self._sshds:
            sshd.wait_for_output("Server listening on")
        return self


def is_gone(pid):
    """Wait until a process has ended."""
    return wait_until(lambda: not Path(f"/proc/{pid}").exists(), lambda: f"{pid} to end")
