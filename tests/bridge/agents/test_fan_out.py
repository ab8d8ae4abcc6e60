"""What a fan-out would run, and that it needs ssh."""

import pytest

from fructosa_bridge.agents.fan_out import PLAN, fan_out, plan
from fructosa_bridge.config.agents_settings import AgentsSettings
from fructosa_service.errors import ServiceError


def test_a_plan_has_the_command_and_the_longest_time():
    """Ten nodes, four at a time, take at most three timeouts."""
    lines = list(plan(AgentsSettings(fan_out=4), [f"n{number}" for number in range(10)], "stop"))

    assert lines[0].startswith("n[0-9]: ssh ")
    assert lines[0].endswith(" -- NODE 'systemctl stop lagent'")
    assert PLAN.format(nodes="10 nodes", fan_out=4, timeout_s=60, max_s=180) == lines[1]


def test_a_plan_tells_hosts_with_another_address_apart():
    """Their command is another one."""
    first, second, _ = plan(AgentsSettings(), ["n1", "n2"], "stop", {"n2": "10.0.0.2"})

    assert first.startswith("n1: ssh ")
    assert second.startswith("n2: ssh ")
    assert "HostName" not in first
    assert "-oHostName=ADDRESS -oHostKeyAlias=NODE" in second


def test_without_ssh_nothing_runs(tmp_path, monkeypatch):
    """The error says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ServiceError, match="ssh is not installed"):
        fan_out(AgentsSettings(), ["n1"], "status", lambda done, running: None)


def test_nodes_run_at_the_same_time_and_time_out_alone(tmp_path, monkeypatch):
    """A script in place of ssh: one node succeeds, one fails, one does not respond."""
    ssh = tmp_path / "ssh"
    ssh.write_text(
        '#!/bin/sh\nall="$*"\nwhile [ "$1" != -- ]; do shift; done\n'
        "case $2 in silent) exec sleep 60;; bad) echo no >&2; exit 5;; esac\necho done $2 $all\n"
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    progress = []

    results = fan_out(
        AgentsSettings(timeout_s=1, connect_timeout_s=1),
        ["good", "silent", "bad"],
        "start",
        lambda done, running: progress.append((done, running)),
        {"good": "10.0.0.1"},
    )

    assert ["good", "silent", "bad"] == list(results)
    assert 0 == results["good"].code
    assert results["good"].output.startswith(b"done good ")
    assert b"-oHostName=10.0.0.1" in results["good"].output
    assert (5, b"no") == (results["bad"].code, results["bad"].output.strip())
    assert results["silent"].code is None
    assert (3, []) == progress[-1]
