"""What a silent name server costs: the nodes whose names it should know, and no other."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .processes import BIN, Program, wait_until

GOOD, DEAD = 50, 1000
CONFIG = f"""\
[lmaster]
port = 9889
data directory = DATA
[nodes:good]
hosts = good[1-{GOOD}]
interval = 2
[nodes:dead]
hosts = dead[1-{DEAD}]
interval = 2
timeout = 1
[Graphite]
send = no
"""
# A network of its own with loopback alone, and another /etc.
WITHIN = (
    'mount -t overlay none -o lowerdir="$1:/etc" /etc && ip link set lo up && shift && exec "$@"'
)
TARGETS = "http://127.0.0.1:9889/api/targets"
ASK = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())"
NO_NAME_SERVER = "no name server responds"


class Lab:
    """lmaster, nodes and a name server in namespaces of their own."""

    def __init__(self, folder):
        self.responds = folder / "responds"
        within = ["unshare", "--mount", "--net", "sh", "-c", WITHIN, "sh", folder / "etc"]
        (folder / "etc").mkdir()
        hosts = "".join(f"127.0.0.1 good{n}\n" for n in range(1, GOOD + 1))
        (folder / "etc/hosts").write_text(f"127.0.0.1 localhost\n{hosts}")
        (folder / "etc/nsswitch.conf").write_text("hosts: files dns\n")
        (folder / "etc/resolv.conf").write_text(
            "nameserver 127.0.0.1\noptions timeout:2 attempts:2\n"
        )
        if subprocess.run([*within, "true"], capture_output=True, check=False).returncode:
            pytest.skip("only root can have a network and an /etc of its own")
        (folder / "lmaster.conf").write_text(CONFIG.replace("DATA", str(folder / "data")))
        server = [sys.executable, Path(__file__).with_name("name_server.py"), self.responds]
        self.servers = Program(folder / "servers.log", *within, *server)
        self.servers.wait_for_output("ready")
        self._inside = ["nsenter", f"--target={self.servers.process.pid}", "--mount", "--net"]
        lmaster = [BIN / "lmaster", "scrape", "-c", folder / "lmaster.conf"]
        self.lmaster = Program(folder / "lmaster.log", *self._inside, *lmaster)

    def targets(self, section):
        """Return the targets of a section, as lmaster sees them; none before it responds."""
        ask = [*self._inside, sys.executable, "-c", ASK, f"{TARGETS}?group={section}"]
        found = subprocess.run(ask, capture_output=True, check=False, text=True)
        return json.loads(found.stdout)["targets"] if found.returncode == 0 else []

    def up(self, section):
        """Return how many nodes of a section are up."""
        return sum(one["state"] == "up" for one in self.targets(section))


@pytest.fixture
def lab(tmp_path):
    """A lab whose processes are ended."""
    made = Lab(tmp_path)
    with made.servers, made.lmaster:
        yield made


def test_a_silent_name_server_costs_only_the_nodes_whose_names_it_should_know(lab):
    """Those in the hosts file are up; the others say why they are not, and are up in the end."""
    wait_until(lambda: lab.up("good") == GOOD, lab.lmaster.text)

    def errors():
        found = [one["error"] or "" for one in lab.targets("dead")]
        return len(found) == DEAD and all(NO_NAME_SERVER in error for error in found)

    wait_until(errors, lambda: lab.targets("dead")[-1])
    before = {one["error"] for one in lab.targets("good")}
    lab.responds.touch()
    wait_until(lambda: lab.up("dead") == DEAD, lambda: lab.targets("dead")[-1], 60)

    assert {None} == before
    assert GOOD == lab.up("good")
