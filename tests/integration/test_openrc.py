"""The OpenRC scripts, run by a real OpenRC in a container."""

import shutil
import subprocess

import pytest

from fructosa_bridge.app.engine import CHANGES
from fructosa_service.config.load import UNKNOWN_SECTION
from tests.services import missing

from .openrc import ROOT, machine_or_skip
from .openrc_parts import configure, graphite_or_skip
from .processes import listens

SCRIPTS = sorted([*(ROOT / "openrc").glob("*.d/*"), *ROOT.glob("examples/*.sh")])
GRAFANA = '#!/bin/sh\necho "grafana-server $*"\nexec sleep infinity\n'


@pytest.fixture(scope="module")
def machine():
    """A container with the scripts, configured for the programs of this checkout."""
    graphite_or_skip()
    with machine_or_skip() as made:
        made.ports = configure(made)
        yield made


def _run(machine, name, command):
    code, output = machine.service(name, command)
    assert code == 0, output
    return output


def _wait_for_pid(machine, pattern, but=()):
    """Wait for a process that matches a pattern, except those in *but*; return its pid."""
    return machine.wait_for(lambda: set(machine.pids(pattern)) - set(but)).pop()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: "/".join(path.parts[-2:]))
def test_shellcheck_accepts_the_scripts(script):
    """They are POSIX sh."""
    shellcheck = shutil.which("shellcheck") or missing("shellcheck", "Debian's shellcheck")
    words = [shellcheck, "--shell=sh", "--exclude=SC2034", script]

    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)

    assert done.stdout == ""


@pytest.mark.parametrize("name", ["lagent", "lmaster"])
def test_a_daemon_runs_as_its_user_from_start_to_stop(machine, name):
    """OpenRC starts it, reports its status, and stops it; root owns the pid file."""
    started = _run(machine, name, "start")
    status = _run(machine, name, "status")
    machine.wait_for(lambda: listens(machine.ports[name]))
    owners = machine.run("ps", "-o", "user=", "-p", *machine.pids(f"bin/{name} s"))[1].split()
    pid_file = machine.run("stat", "-c", "%U", f"/run/{name}.pid")[1]
    _run(machine, name, "stop")

    assert "Starting " + name in started
    assert "status: started" in status
    assert owners[-1] == "fructosa"
    assert pid_file == "root\n"
    assert machine.service(name, "status")[0] == 3
    assert not listens(machine.ports[name])


def test_a_killed_daemon_is_restarted(machine):
    """The supervisor restarts it."""
    _run(machine, "lagent", "start")
    killed = _wait_for_pid(machine, "bin/python3? .*lagent serve")

    machine.kill(killed)
    machine.wait_for(lambda: listens(machine.ports["lagent"]))
    again = _wait_for_pid(machine, "bin/python3? .*lagent serve", but=[killed])

    assert again != killed
    assert "status: started" in _run(machine, "lagent", "status")
    _run(machine, "lagent", "stop")


def test_a_killed_carbon_is_restarted_even_if_its_pid_is_in_use(machine):
    """It leaves its own pid file, with which it would not start if any process had that pid."""
    _run(machine, "fructosa-graphite", "start")
    machine.wait_for(lambda: listens(machine.ports["pickle"]))
    killed = _wait_for_pid(machine, "^[^ ]*python[^ ]* .*carbon-cache")
    machine.write("/run/fructosa-graphite/carbon.pid", "1")

    machine.kill(killed)
    again = _wait_for_pid(machine, "^[^ ]*python[^ ]* .*carbon-cache", but=[killed])
    machine.wait_for(lambda: listens(machine.ports["pickle"]))

    assert f"{again}" == machine.path("/run/fructosa-graphite/carbon.pid").read_text()
    _run(machine, "fructosa-graphite", "stop")


@pytest.mark.parametrize("name", ["lagent", "lmaster"])
def test_a_wrong_configuration_is_reported_and_nothing_starts(machine, name):
    """The message has the file, the line and the section."""
    config = f"/etc/fructosa/{name}.conf"
    right = machine.path(config).read_text() if machine.path(config).exists() else ""
    machine.write(config, "[nonsense]\n")

    code, output = machine.service(name, "start")
    machine.write(config, right)

    assert code == 1
    assert f"{config}:1: [nonsense]: {UNKNOWN_SECTION}" in output
    assert machine.service(name, "status")[0] == 3


def test_a_restart_or_reload_with_a_wrong_configuration_is_refused(machine):
    """The running lmaster continues; a valid configuration is reloaded."""
    right = machine.path("/etc/fructosa/lmaster.conf").read_text()
    _run(machine, "lmaster", "start")
    machine.wait_for(lambda: listens(machine.ports["lmaster"]))
    runs = machine.pids("lmaster scrape")
    machine.write("/etc/fructosa/lmaster.conf", "[nonsense]\n")

    refused = [machine.service("lmaster", command)[0] for command in ("restart", "reload")]
    machine.write("/etc/fructosa/lmaster.conf", right + "[nodes:more]\nhosts = 127.0.0.2\n")
    _run(machine, "lmaster", "reload")
    log = machine.path("/var/log/lmaster.log")
    changes = CHANGES.format(targets=2, new=1, changed=0, removed=0)
    machine.wait_for(lambda: changes in log.read_text())

    assert refused == [1, 1]
    assert runs == machine.pids("lmaster scrape")
    machine.write("/etc/fructosa/lmaster.conf", right)
    _run(machine, "lmaster", "stop")


def test_a_missing_user_is_reported(machine):
    """The message has the command that creates the user."""
    right = machine.path("/etc/conf.d/lagent").read_text()
    machine.write("/etc/conf.d/lagent", right + "LAGENT_USER=nobody-else\n")

    code, output = machine.service("lagent", "start")
    machine.write("/etc/conf.d/lagent", right)

    assert code == 1
    assert "useradd --system nobody-else" in output


def test_grafana_is_started_if_it_is_installed(machine):
    """It runs with its own user, home and configuration."""
    machine.write("/etc/fructosa/grafana-server", GRAFANA, 0o755)
    right = machine.path("/etc/conf.d/fructosa-grafana").read_text()
    other = "GRAFANA=/etc/fructosa/grafana-server\nGRAFANA_USER=fructosa\n"
    machine.write("/etc/conf.d/fructosa-grafana", other)

    _run(machine, "fructosa-grafana", "start")
    log = machine.path("/var/log/fructosa-grafana.log")
    machine.wait_for(lambda: "--homepath=/usr/share/grafana" in log.read_text())
    status = _run(machine, "fructosa-grafana", "status")
    _run(machine, "fructosa-grafana", "stop")
    machine.write("/etc/conf.d/fructosa-grafana", right)

    assert "status: started" in status


def test_the_whole_system_is_not_running_while_a_part_is_stopped(machine):
    """Its status shows which part; stop ends the others."""
    _run(machine, "fructosa", "start")
    _run(machine, "lmaster", "stop")

    code, output = machine.service("fructosa", "status")
    _run(machine, "fructosa", "stop")

    assert code == 3
    assert "lmaster: stopped" in output
    assert "graphite: started" in output


def test_no_part_starts_if_the_configuration_of_one_is_wrong(machine):
    """The configurations of all parts are checked first."""
    right = machine.path("/etc/fructosa/lmaster.conf").read_text()
    machine.write("/etc/fructosa/lmaster.conf", "[nonsense]\n")

    code, output = machine.service("fructosa", "start")
    machine.write("/etc/fructosa/lmaster.conf", right)

    assert code == 1
    assert f"[nonsense]: {UNKNOWN_SECTION}" in output
    assert "Starting" not in output


def test_if_a_part_does_not_start_the_others_keep_running(machine):
    """lmaster queues its points while Graphite is down."""
    machine.run("rm", "-rf", "/run/fructosa-graphite")
    machine.write("/run/fructosa-graphite", "a file, where carbon's folder should be")

    code, output = machine.service("fructosa", "start")
    status = machine.service("fructosa", "status")[1]
    stop = _run(machine, "fructosa", "stop")
    machine.path("/run/fructosa-graphite").unlink()

    assert code == 1
    assert "not started: graphite graphite-web" in output
    assert "lmaster: started" in status
    assert "Stopping lmaster" in stop
