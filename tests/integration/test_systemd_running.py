"""The units with a real systemd: users, sandboxing, restarts."""

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
[slurm]
[jobs]
"""


@pytest.fixture(scope="module")
def machine():
    """A container with both units configured and started."""
    with systemd_or_skip() as machine:
        machine.write("/etc/fructosa/lagent.conf", LAGENT)
        machine.write("/etc/fructosa/lmaster.conf", LMASTER)
        assert (0, "") == machine.run("systemctl", "daemon-reload")
        assert (0, "") == machine.run("systemctl", "start", "lagent", "lmaster")
        yield machine


def pid(machine, unit):
    """Return the pid of a unit's main process; 0 if there is none."""
    return int(machine.run("systemctl", "show", "-P", "MainPID", unit)[1])


def targets(machine):
    """Return the number of lmaster's targets by state; {} if it does not respond."""
    code, output = machine.run("curl", "-sf", "http://localhost:9889/api/targets")
    return json.loads(output)["counts"] if code == 0 else {}


def test_all_sensors_work_in_the_sandbox(machine):
    """The unit takes away no permission or file that they need."""
    page = machine.wait_for(lambda: machine.run("curl", "-sf", "http://localhost:9888/metrics")[1])

    failed = [line for line in page.splitlines() if line.startswith("fructosa_sensor_success")]
    assert len(failed) >= 20
    assert [] == [line for line in failed if line.endswith(" 0")]


def test_lmaster_scrapes_and_stores(machine):
    """It writes into its state directory, which systemd creates for its user."""
    machine.wait_for(lambda: targets(machine) == {"down": 0, "waiting": 0, "up": 1})

    find = ("find", "/var/lib/fructosa/whisper", "-name", "*.wsp", "-user", "fructosa")
    assert machine.wait_for(lambda: machine.run(*find)[1])


def test_lmaster_knows_who_asks_for_jobs(machine):
    """The unit has no user namespace, in which all others would be the same user."""
    ask = ("lmaster", "job", "1")
    unknown = "lmaster: no job 1 is known here{}; Slurm was not read yet since lmaster's start\n"
    machine.wait_for(lambda: machine.run("test", "-S", "/run/fructosa/lmaster.sock")[0] == 0)

    for user, other in (("0", ""), ("1234", ", or it is not yours")):
        as_user = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups")
        assert (1, unknown.format(other)) == machine.run(*as_user, *ask)


@pytest.mark.parametrize("unit", ["lagent", "lmaster"])
def test_a_killed_daemon_is_restarted(machine, unit):
    """The new process runs as its user."""
    before = pid(machine, unit)

    assert (0, "") == machine.run("systemctl", "kill", "--signal=KILL", unit)
    machine.wait_for(lambda: pid(machine, unit) not in {0, before})

    machine.wait_for(lambda: machine.run("systemctl", "is-active", unit)[1] == "active\n")
    assert pid(machine, unit) not in {0, before}
    assert "fructosa" == machine.run("ps", "-o", "user=", pid(machine, unit))[1].strip()


def test_a_wrong_configuration_is_logged_and_not_retried(machine):
    """The exit code is 2."""
    machine.write("/etc/fructosa/lagent.conf", "[lagent]\nprot = 9888\n")

    code, _ = machine.run("systemctl", "restart", "lagent")
    state = machine.run("systemctl", "is-active", "lagent")[1].strip()
    machine.write("/etc/fructosa/lagent.conf", LAGENT)
    restarted = machine.run("systemctl", "restart", "lagent")

    assert 0 != code
    assert "failed" == state
    assert (0, "") == restarted
    assert "prot" in machine.run("journalctl", "--no-pager", "-u", "lagent")[1]
