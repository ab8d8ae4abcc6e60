"""Debian's Graphite, run by the OpenRC scripts with the default conf.d."""

import json
import os
from pathlib import Path

import pytest

from tests.services import missing

from . import markdown
from .openrc import ROOT, machine_or_skip

PROGRAMS = {
    "/usr/bin/carbon-cache": "graphite-carbon",
    "/usr/bin/graphite-manage": "graphite-web",
    "/usr/bin/gunicorn": "gunicorn",
}
# Folders of the packages, which are empty in the container and have to be created.
FOLDERS = ("/var/lib/graphite", "/var/lib/graphite/whisper", "/var/log/carbon", "/var/log/graphite")
A_POINT = "echo cluster.node1.point 42 $(date +%s) >/dev/tcp/127.0.0.1/2003"
URL = "http://127.0.0.1:8080"


@pytest.fixture
def machine():
    """A container with its own network, with Debian's packages and our scripts installed."""
    for path, package in PROGRAMS.items():
        if not Path(path).exists():
            missing(path, f"Debian's {package}")
    with machine_or_skip(["unshare", "--net"]) as made:
        assert (0, "") == made.run("ip", "link", "set", "lo", "up")
        for folder in FOLDERS:
            here, there = Path(folder).stat(), made.path(folder)
            there.mkdir(mode=here.st_mode & 0o777)
            os.chown(there, here.st_uid, here.st_gid)
        yield made


def _steps():
    """Return the commands of openrc/README.md after the installation."""
    page = (ROOT / "openrc/README.md").read_text().partition("## Graphite of Debian's packages")[2]
    install, *steps = markdown.blocks(page)[0].text.splitlines()
    assert install == f"apt-get install {' '.join(PROGRAMS.values())}"
    return steps


def _get(machine, path):
    """Return the response of graphite-web; None on an error."""
    code, output = machine.run("curl", "-fsSg", f"{URL}{path}")
    return json.loads(output) if code == 0 else None


def _values(machine):
    path = "/render?target=cluster.node1.point&from=-10min&format=json&noCache=1"
    found = _get(machine, path) or [{"datapoints": []}]
    return [value for value, _ in found[0]["datapoints"] if value is not None]


def test_a_point_sent_to_debians_carbon_can_be_queried(machine):
    """After the steps of openrc/README.md, with the default conf.d; its name is found too."""
    steps = {step: machine.run("sh", "-ec", step) for step in _steps()}
    code, output = machine.service("fructosa-graphite-web", "start")  # this also starts carbon

    machine.wait_for(lambda: machine.run("bash", "-c", A_POINT)[0] == 0)
    values = machine.wait_for(lambda: _values(machine))
    names = _get(machine, "/metrics/find?query=cluster.*")
    logs = "".join(log.read_text() for log in machine.path("/var/log").glob("fructosa-*.log"))

    assert dict.fromkeys(steps, 0) == {step: code for step, (code, _) in steps.items()}, steps
    assert (0, True) == (code, "Starting Graphite (carbon)" in output)
    assert [42.0] == values
    assert ["node1"] == [name["text"] for name in names]
    assert "Error" not in logs
    assert "SECRET_KEY" not in logs
