"""lmaster's commands with running agents, a running lmaster and promtool."""

import json
import os
import re
import subprocess

from fructosa_bridge.scrape.ping import ALL_RESPOND, FAILED, RESPONDS, SAMPLES, SOME_DO_NOT
from fructosa_bridge.scrape.scrape_errors import REFUSED
from fructosa_service.config.load import MISSING
from fructosa_service.errors import DID_YOU_MEAN
from tests.services import program

from .processes import BIN, free_port, wait_until

_GROUPS = "[Main]\ndefault: here\n[here]\nmap: echo 127.0.0.1\nlist: echo all\n"


def lmaster(*words, **environment):
    """Run lmaster; return exit code, stdout and stderr."""
    done = subprocess.run(
        [BIN / "lmaster", *map(str, words)],
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def configured(folder, text):
    """Write a configuration; return its path."""
    path = folder / "lmaster.conf"
    path.write_text(text)
    return path


def port_of(agent):
    """Return the port of an agent."""
    return agent.address.rpartition(":")[2]


def test_ping_reports_which_targets_respond(agent, tmp_path):
    """A real agent responds; a closed port does not, so the exit code is 1."""
    closed = free_port()
    config = configured(
        tmp_path,
        f"[nodes:on]\nhosts = localhost\nport = {port_of(agent)}\n"
        f"[nodes:off]\nhosts = 127.0.0.[1-3]\nport = {closed}\n",
    )

    code, output, error = lmaster("ping", "-c", config)

    ok, failed, summary = output.splitlines()
    assert (1, "") == (code, error)
    samples, duration_ms = map(int, re.findall(r" (\d+)", ok))
    measured = SAMPLES.format(samples=samples, duration_ms=duration_ms)
    assert RESPONDS.format(name=f"localhost:{port_of(agent)}", samples=measured) == ok
    assert FAILED.format(names=f"127.0.0.[1-3]:{closed}", error=REFUSED) == failed
    assert ALL_RESPOND.format(up=1, targets=4) + SOME_DO_NOT.format(failed=3) == summary


def test_ping_contacts_only_the_given_nodes(agent, tmp_path):
    """They are a node set, a group, or a file; the exit code depends only on them."""
    config = configured(
        tmp_path,
        f"[nodes:all]\nhosts = localhost, 127.0.0.1, nosuch.invalid\nport = {port_of(agent)}\n",
    )
    (tmp_path / "groups.conf").write_text(_GROUPS)
    (tmp_path / "some").write_text("# two of three\nlocalhost\n127.0.0.1\n")

    one = lmaster("ping", "-c", config, "localhost")
    group = lmaster("ping", "-c", config, "@any", CLUSTERSHELL_CFGDIR=str(tmp_path))
    some = lmaster("ping", "-q", "-c", config, tmp_path / "some")

    assert (0, 0, 0) == (one[0], group[0], some[0])
    for (_, output, _), host in ((one, "localhost"), (group, "127.0.0.1")):
        assert RESPONDS.format(name=f"{host}:{port_of(agent)}", samples="") in output
    assert ALL_RESPOND.format(up=2, targets=2) + "\n" == some[1]


def test_nodes_shows_the_targets_of_the_running_lmaster(agent, master, tmp_path):
    """It finds lmaster by its configuration. Targets that are down come first, with their error."""
    config, port = running_config(tmp_path, agent)
    master("-c", config, "--port", port)
    wait_until(lambda: states(config) == {"on": "up", "off": "down"}, lambda: states(config))

    code, output, error = lmaster("nodes", "-c", config)
    down = lmaster("nodes", "-c", config, "--state", "down", "127.0.0.1")
    unknown = lmaster("nodes", "-c", config, "localhosd")

    head, first, second = output.splitlines()
    assert (0, "") == (code, error)
    assert head.startswith("STATE  TARGET")
    assert first.startswith("down   127.0.0.1:")
    assert first.endswith(REFUSED)
    assert second.startswith("up     localhost:")
    (alone,) = down[1].splitlines()[1:]
    assert first.split()[:3] == alone.split()[:3]  # the rest has an age, which changes
    assert (2, "") == unknown[:2]
    assert DID_YOU_MEAN.format(name="localhost") in unknown[2]


def test_reload_applies_a_valid_configuration_and_refuses_a_broken_one(agent, master, tmp_path):
    """A valid one is in use at once; a broken one changes nothing."""
    config, port = running_config(tmp_path, agent)
    master("-c", config, "--port", port)
    text = config.read_text()
    more = f"[nodes:more]\nhosts = localhost\nport = {port_of(agent)}\nprefix = more\n"

    configured(tmp_path, text + more)
    applied = lmaster("reload", "-c", config)
    configured(tmp_path, text + more + "[nodes:wrong]\n")
    refused = lmaster("reload", "-c", config, "--url", f"http://localhost:{port}")

    assert (0, "") == (applied[0], applied[2])
    assert (2, "") == refused[:2]
    assert f"{config}:" in refused[2]
    missing = MISSING.format(key="hosts", example="node[001-128]")
    assert f"hosts: {missing}" in refused[2]
    assert {"on", "off", "more"} == set(states(config, "--url", f"http://localhost:{port}"))


def running_config(folder, agent):
    """Write a configuration with a node that is up and one that is down; return path and port."""
    port = free_port()
    config = configured(
        folder,
        f"[lmaster]\nport = {port}\n[Graphite]\nsend = no\n"
        f"[nodes:on]\nhosts = localhost\nport = {port_of(agent)}\ninterval = 1\n"
        f"[nodes:off]\nhosts = 127.0.0.1\nport = {free_port()}\ninterval = 1\n",
    )
    return config, port


def states(config, *words):
    """Return the state of the single target of each section, from `lmaster nodes --json`."""
    words = words or ("-c", config)
    code, output, error = lmaster("nodes", "--json", *words)
    assert (0, "") == (code, error)
    return {one["group"]: one["state"] for one in json.loads(output)}


def test_prometheus_reads_the_target_list(tmp_path):
    """promtool finds the targets with the timeout, scheme and path of their sections."""
    promtool = program("promtool", "prometheus")
    config = configured(
        tmp_path,
        "[nodes:fast]\nhosts = n[1-2]\nsensors = CPUPercent\ntimeout = 0.5\n"
        "[nodes:gpu]\nhosts = g1\nport = 9400\npath = /probe?module=a&b[]=1\ntls = yes\n",
    )
    targets, prometheus = tmp_path / "targets.json", tmp_path / "prometheus.yml"
    prometheus.write_text(
        f"scrape_configs: [{{job_name: all, file_sd_configs: [{{files: ['{targets}']}}]}}]\n"
    )

    code, _, error = lmaster("targets", "-c", config, "--output", targets)
    done = subprocess.run(
        [promtool, "check", "service-discovery", "--timeout=2s", prometheus, "all"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    found = {one["labels"]["instance"]: one["labels"] for one in json.loads(done.stdout)}
    assert (0, "") == (code, error)
    assert {"n1:9888", "n2:9888", "g1:9400"} == set(found)
    assert "500ms" == found["n1:9888"]["__scrape_timeout__"]
    assert ("https", "/probe", "a") == tuple(
        found["g1:9400"][label] for label in ("__scheme__", "__metrics_path__", "__param_module")
    )
