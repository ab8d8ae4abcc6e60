"""The units as a real systemd runs them: users, closed doors, restarts."""

import json

import pytest

from .systemd_machine import systemd_or_skip

LAGENT = "[lagent]\nport = 9888\n"
LMASTER = """[lmaster]
port = 9889
[nodes:all]
hosts = localhost
port = 9888
interval = 1
[Graphite]
whisper directory = /var/lib/fructosa/whisper
"""


@pytest.fixture(scope="module")
def machine():
    """A machine with both units, configured and started."""
    with systemd_or_skip() as machine:
        machine.write("/etc/fructosa/lagent.conf", LAGENT)
        machine.write("/etc/fructosa/lmaster.conf", LMASTER)
        assert (0, "") == machine.run("systemctl", "daemon-reload")
        assert (0, "") == machine.run("systemctl", "start", "lagent", "lmaster")
        yield machine


def pid(machine, unit):
    """Return the number of a unit's main process; 0 while it has none."""
    return int(machine.run("systemctl", "show", "-P", "MainPID", unit)[1])


def targets(machine):
    """Return lmaster's targets by their state; none while it does not answer."""
    code, said = machine.run("curl", "-sf", "http://localhost:9889/api/targets")
    return json.loads(said)["counts"] if code == 0 else {}


def test_every_sensor_is_read_behind_the_closed_doors(machine):
    """None fails for want of a right or a file that the unit takes away."""
    page = machine.wait_for(lambda: machine.run("curl", "-sf", "http://localhost:9888/metrics")[1])

    failed = [line for line in page.splitlines() if line.startswith("fructosa_sensor_success")]
    assert len(failed) > 20
    assert [] == [line for line in failed if line.endswith(" 0")]


def test_lmaster_scrapes_and_stores(machine):
    """Into its state folder, which systemd has made for its user."""
    machine.wait_for(lambda: targets(machine) == {"down": 0, "waiting": 0, "up": 1})

    find = ("find", "/var/lib/fructosa/whisper", "-name", "*.wsp", "-user", "fructosa")
    assert machine.wait_for(lambda: machine.run(*find)[1])


@pytest.mark.parametrize("unit", ["lagent", "lmaster"])
def test_what_was_killed_is_started_again(machine, unit):
    """With another process, which runs as its user."""
    before = pid(machine, unit)

    assert (0, "") == machine.run("systemctl", "kill", "--signal=KILL", unit)
    machine.wait_for(lambda: pid(machine, unit) not in {0, before})

    machine.wait_for(lambda: machine.run("systemctl", "is-active", unit)[1] == "active\n")
    assert pid(machine, unit) not in {0, before}
    assert "fructosa" == machine.run("ps", "-o", "user=", pid(machine, unit))[1].strip()


def test_a_wrong_configuration_is_told_and_not_tried_again(machine):
    """Exit code 2: somebody must mend it first."""
    machine.write("/etc/fructosa/lagent.conf", "[lagent]\nprot = 9888\n")

    code, _ = machine.run("systemctl", "restart", "lagent")
    state = machine.run("systemctl", "is-active", "lagent")[1].strip()
    machine.write("/etc/fructosa/lagent.conf", LAGENT)
    restarted = machine.run("systemctl", "restart", "lagent")

    assert 0 != code
    assert "failed" == state
    assert (0, "") == restarted
    assert "prot" in machine.run("journalctl", "--no-pager", "-u", "lagent")[1]
