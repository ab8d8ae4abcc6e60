"""Slurm's state of each target, with a real Slurm: drained is not dead."""

import contextlib
import re
import subprocess

import pytest
import requests

from fructosa_bridge.slurm_states.conditions import AGENT_DEAD, LOST_BY_SLURM, NAMES
from fructosa_bridge.slurm_states.unmatched import NO_NODE, NO_SECTION

from .conftest import program
from .processes import BIN, Agent, Master, free_port, wait_until
from .slurm import Slurm

pytestmark = pytest.mark.integration
# n1 is well, Slurm has lost n2, n3 is drained, and jobs run on n4, where only lagent is dead.
CONDITIONS = {"n1": None, "n2": LOST_BY_SLURM, "n3": "drained", "n4": AGENT_DEAD, "n5": "died"}


class Lab:
    """A Slurm whose nodes are scraped by an lmaster: two have agents, and one is not scraped."""

    def __init__(self, folder, running):
        program("sbatch", "slurm-client")
        self.port = free_port()
        self.slurm = Slurm(folder, nodes=6)
        running.callback(self.slurm.end)
        for node in ("n1", "n2"):
            (folder / node).mkdir()
            address = self.slurm.addresses[node]
            arguments = ("--host", address, "--port", self.port)
            running.enter_context(Agent(folder / node, *arguments))
        job = self.slurm.submit("-w", "n4", "-c", "2")
        self.slurm.wait_for_job(job, "RUNNING")
        self.slurm.run("scontrol", "update", "nodename=n3", "state=drain", "reason=bad DIMM")
        for node in ("n2", "n5"):
            self.slurm.kill_node(node)
        self.slurm.wait_for_states(dict.fromkeys(("n2", "n5"), "DOWN+NOT_RESPONDING"))
        hosts = [self.slurm.addresses[node] for node in CONDITIONS]
        self.config = folder / "lmaster.conf"
        self.config.write_text(
            f"[lmaster]\nport = {free_port()}\ndata directory = {folder}/data\n"
            f"[nodes:all]\nhosts = {','.join(hosts)}\nport = {self.port}\ninterval = 1\n"
            f"[nodes:login]\nhosts = 127.0.0.9\nport = {free_port()}\n"
            f"[slurm]\nslurm conf = {self.slurm.conf}\n[Graphite]\nsend = no\n"
        )
        url = re.search(r"port = (\d+)", self.config.read_text())[1]
        arguments = ("-c", self.config, "--port", url)
        self.master = running.enter_context(Master(folder, *arguments))
        self.nodes = {address: node for node, address in self.slurm.addresses.items()}
        wait_until(lambda: self.conditions() == CONDITIONS, self.conditions)

    def get(self, path):
        """Return a page of lmaster."""
        return requests.get(f"{self.master.url.rstrip('/')}/{path}", timeout=30)

    def conditions(self):
        """Return the condition of each node."""
        targets = self.get("api/targets?group=all").json()["targets"]
        return {self.nodes[one["name"].partition(":")[0]]: one["condition"] for one in targets}

    def run(self, command):
        """Run a command of lmaster; return the completed process."""
        return subprocess.run(
            [BIN / "lmaster", command, "-c", self.config],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The cluster, started once."""
    with contextlib.ExitStack() as running:
        yield Lab(tmp_path_factory.mktemp("slurm"), running)


def test_the_states_are_on_the_page_of_nodes(lab, promtool):
    """The drained node is not expected, the dead ones are."""
    page = lab.get("metrics/nodes").text

    found = dict(re.findall(r'fructosa_node_expected{node="127-0-2-(\d)".*} (\d)', page))
    states = dict(
        re.findall(r'fructosa_slurm_node_state{node="127-0-2-(\d)",state="(\w+)"} 1', page)
    )
    assert {"1": "1", "2": "1", "3": "0", "4": "1", "5": "1"} == found
    assert {"1": "idle", "2": "down", "3": "drained", "4": "mixed", "5": "down"} == states
    assert (0, "") == promtool(page)


def test_targets_are_counted_by_condition(lab):
    """On lmaster's own page, and so for alerts."""
    page = lab.get("metrics").text

    pattern = r'fructosa_slurm_targets{condition="(\w+)",section="all"} ([1-9]).0'
    assert {
        "died": "2",
        "agent_dead": "1",
        "lost_by_slurm": "1",
        "drained": "1",
    } == dict(re.findall(pattern, page))


def test_lmaster_nodes_shows_state_and_reason(lab):
    """Of all targets."""
    done = lab.run("nodes")

    assert "SLURM" in done.stdout.splitlines()[0]
    assert re.search(r"127\.0\.2\.3:\d+ +all +drained: bad DIMM +\d\d:\d\d ", done.stdout)


def test_lmaster_ping_says_why_a_node_is_down(lab):
    """It scrapes the nodes itself, and asks lmaster what Slurm says of them."""
    done = lab.run("ping")

    assert re.search(r'127\.0\.2\.3:\d+  down: drained since \d\d:\d\d, "bad DIMM"; ', done.stdout)
    assert re.search(rf"127\.0\.2\.4:\d+  {NAMES[AGENT_DEAD]} \(mixed\); ", done.stdout)
    assert re.search(r"127\.0\.2\.5:\d+  down: down in Slurm since", done.stdout)
    assert re.search(rf"\[ok\] +127\.0\.2\.2:.*; {NAMES[LOST_BY_SLURM]} \(down", done.stdout)
    assert done.stdout.endswith("2 of 6 respond, 4 do not: 3 died, 1 drained\n")


def test_lmaster_check_lists_what_does_not_match(lab):
    """As the running lmaster knows it; without one, Slurm is read once: the same."""
    running = lab.run("check")
    text = lab.config.read_text()
    lab.config.write_text(
        re.sub(r"^port = \d+", f"port = {free_port()}", text, count=1, flags=re.M)
    )
    alone = lab.run("check")
    lab.config.write_text(text)

    for done in (running, alone):
        assert (0, "") == (done.returncode, done.stderr)
        assert [
            "Slurm: " + NO_NODE.format(count=1, hosts=6, names="127.0.0.9"),
            "Slurm: " + NO_SECTION.format(count=1, names="n6"),
        ] == done.stdout.splitlines()[-2:]
