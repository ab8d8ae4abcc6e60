"""`rc-service fructosa` on a head node: the whole system, with lagents on nodes over ssh."""

import re
import subprocess

import pytest

from fructosa_service.daemon.lifecycle import ENDED, IS_RUNNING, STARTED
from fructosa_service.daemon.terminate import STOPPED

from .openrc import machine_or_skip
from .openrc_parts import configure, graphite_or_skip
from .processes import BIN
from .ssh_hosts import SshHosts, hosts_or_skip

_AGENT = """\
[lagent]
host = {address}
port = {port}
pid file = {folder}/{name}.pid
[logging]
filename = {folder}/{name}.lagent.log
[sensor:CPUCount]
"""


@pytest.fixture
def hosts(tmp_path):
    """Three hosts with a real sshd each, the last one cut off; lagents are stopped at the end."""
    hosts_or_skip()
    with SshHosts(tmp_path, 3, cut_off=["node03"]) as made:
        yield made.wait()
        for pid_file in tmp_path.glob("node*.pid"):
            words = [BIN / "lagent", "stop", "-c", pid_file.with_suffix(".conf")]
            subprocess.run(words, check=False, capture_output=True)


@pytest.fixture
def head_node(hosts, tmp_path):
    """A container in the network of the hosts, with an lmaster that is configured for them."""
    graphite_or_skip()
    agents = (
        f"[agents]\ncommand = {BIN}/lagent {{action}} -c {tmp_path}/$NODE.conf\n"
        f"ssh options = -F {hosts.ssh_config}\n"
    )
    with machine_or_skip(["ip", "netns", "exec", hosts.hub]) as made:
        port = configure(made, nodes="node[01-03]", agents=agents)["lagent"]
        for name in hosts.names:
            its = {"address": hosts.address(name), "port": port, "folder": tmp_path, "name": name}
            (tmp_path / f"{name}.conf").write_text(_AGENT.format(**its))
        known = "".join(f"{hosts.address(name)} {name}\n" for name in hosts.names)
        made.write("/etc/hosts", f"127.0.0.1 localhost\n{known}")
        made.write(
            "/etc/conf.d/fructosa",
            f'FRUCTOSA_AGENTS_NODES="all"\nFRUCTOSA_AGENTS_COMMAND="{BIN}/lmaster agents"\n'
            'FRUCTOSA_AGENTS_OPTIONS="-c /etc/fructosa/lmaster.conf"\n',
        )
        yield made


@pytest.fixture
def transcript(request):
    """A function that runs a command of the service, and saves its output for people to read."""
    transcripts = []

    def service(machine, command):
        code, output = machine.service("fructosa", command)
        transcripts.append(f"# rc-service fructosa {command}\n{output}[exit code {code}]\n")
        return code, output

    yield service
    output = request.config.rootpath / "test-output"
    output.mkdir(exist_ok=True)
    (output / "openrc.txt").write_text("\n".join(transcripts))


def _order(output, words):
    """Return the given texts that occur in the output, in the order of the output."""
    return re.findall("|".join(map(re.escape, words)), output)


def test_the_whole_system_starts_in_order_and_stops_in_reverse_order(
    head_node, transcript, tmp_path
):
    """A point of a node arrives in Graphite; an unreachable node is reported and delays nothing."""
    parts = ["Graphite (carbon)", "Graphite (web)", "lmaster"]
    whisper = head_node.path("/var/lib/graphite/whisper")

    started, start = transcript(head_node, "start")
    head_node.wait_for(lambda: list(whisper.rglob("node01/**/fructosa_cpu_*.wsp")))
    running, status = transcript(head_node, "status")
    stopped, stop = transcript(head_node, "stop")

    began = [
        *("Starting " + part for part in parts),
        "agents: start\n",
        f"node[01-02]: {STARTED.format(name='lagent', details='pid')}",
    ]
    assert began == _order(start, began)
    ended = [
        "agents: stop\n",
        f"node[01-02]: {ENDED.format(name='lagent', outcome=STOPPED, pid='…')}",
        *("Stopping " + part for part in parts[::-1]),
    ]
    assert ended == _order(stop, ended)
    assert "Grafana is not installed: skipped" in start
    parts_status = re.findall(r"\* (.*: (?:started|skipped|stopped)|agents:)", status)
    assert parts_status == [
        "graphite: started",
        "graphite-web: started",
        "grafana: skipped",
        "lmaster: started",
        "agents:",
    ]
    assert f"node[01-02]: {IS_RUNNING.format(name='lagent', details='pid')}" in status
    for output in (start, status, stop):
        assert "node03: ssh: No route to host" in output
    assert (0, 3, 0) == (started, running, stopped)
    assert [] == list(tmp_path.glob("node*.pid"))
    assert [] == head_node.pids("lmaster scrape|carbon-cache|waitress")
