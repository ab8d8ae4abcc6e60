"""lagent in a container: namespaces of its own, and the host's /proc, /sys and / bound into it."""

import os
import re
import socket
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from fructosa_exporter.sources.mounts import SHARED
from fructosa_exporter.sources.namespaces import OTHER_NETWORK, OTHER_ROOT

from .processes import BIN

SENSORS = (
    *("NetIOCounters", "NetIFStats", "NetIFAddrs", "NetConnections"),
    *("DiskUsage", "DiskPartitions", "OperatingSystem", "LoadAverage"),
)
# The host's files are at /mnt/host*. The container has a mount, a host name and an interface alone.
ENTER = """
set -e
mount --make-rprivate /
mount -t tmpfs none /mnt
mkdir /mnt/hostproc /mnt/hostsys /mnt/host
mount --rbind /proc /mnt/hostproc
mount --rbind /sys /mnt/hostsys
mount --rbind / /mnt/host
mount -t proc proc /proc
mount -t tmpfs only-in-the-container /srv
"""
OF_ITS_OWN = """
mount -t sysfs sysfs /sys
hostname container
"""
NAMESPACES = ("unshare", "-m", "-p", "--fork")
SAMPLE = re.compile(r"fructosa_(\w+)\{([^}]*)\} (\S+)")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for namespaces")


def read(config, *sensors, has_own_network=True):
    """Return what lagent reads in the container, and what it says of what it cannot read."""
    own, script = ([], ENTER) if not has_own_network else (["-n", "-u"], ENTER + OF_ITS_OWN)
    enter = [*NAMESPACES, *own, "bash", "-c", f'{script}exec "$@"', "enter"]
    done = subprocess.run(
        [*enter, f"{BIN}/lagent", "read", "-c", str(config), *sensors],
        capture_output=True,
        text=True,
        check=False,
    )
    found = defaultdict(list)
    for name, labels, value in SAMPLE.findall(done.stdout):
        found[name].append((dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)))
    assert found, done.stderr
    return found, done.stderr


def names(found, metric, label):
    """Return the values of a label."""
    return {labels[label] for labels, _ in found[metric]}


@pytest.fixture
def config(tmp_path):
    """A configuration with paths of the container."""

    def write(**paths):
        lines = [f"{name} = /mnt/{path}" for name, path in paths.items()]
        file = tmp_path / "lagent.conf"
        file.write_text("\n".join(["[lagent]", *lines, ""]))
        return file

    return write


def test_one_page_speaks_of_one_machine(config):
    """All of it is the host's, and what cannot be is absent and named."""
    found, said = read(config(procfs="hostproc", sysfs="hostsys", rootfs="host"), *SENSORS)

    interfaces = {one.name for one in Path("/sys/class/net").iterdir() if one.is_dir()}
    assert interfaces == names(found, "network_receive_bytes_total", "interface")
    assert interfaces == names(found, "network_up", "interface")
    here = {mount.mountpoint for mount in SHARED.local(SHARED())}
    assert here == names(found, "disk_partition_info", "mountpoint")
    usage = os.statvfs("/")
    total = next(
        value for one, value in found["filesystem_total_bytes"] if one["mountpoint"] == "/"
    )
    assert usage.f_blocks * usage.f_frsize == total
    assert "/srv" not in names(found, "filesystem_total_bytes", "mountpoint")
    assert {Path("/etc/hostname").read_text().strip()} == names(found, "os_info", "node_name")
    assert [] == found["network_address_info"] + found["network_connections"]
    assert 2 == said.count(OTHER_NETWORK)


def test_without_the_files_of_the_host_nothing_is_said_of_them(config):
    """Neither are those of the container taken for them."""
    found, said = read(config(procfs="hostproc"), *SENSORS)

    assert {""} == names(found, "os_info", "node_name")
    assert [] == found["filesystem_total_bytes"] + found["os_release_info"] + found["network_up"]
    assert OTHER_ROOT in said
    assert socket.gethostname() != "container"
    assert (
        len(list(Path("/sys/class/net").iterdir())) >= len(found["network_receive_bytes_total"]) > 0
    )


def test_in_the_hosts_network_all_of_it_is_read(config):
    """As with hostNetwork of Kubernetes."""
    file = config(procfs="hostproc", sysfs="hostsys", rootfs="host")

    found, said = read(file, "NetIFAddrs", "NetConnections", has_own_network=False)

    assert "lo" in names(found, "network_address_info", "interface")
    assert OTHER_NETWORK not in said
