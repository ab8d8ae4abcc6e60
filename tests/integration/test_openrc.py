"""The OpenRC scripts, run by a real OpenRC on a machine of their own."""

import shutil
import subprocess

import pytest

from .conftest import missing
from .openrc import ROOT, machine_or_skip
from .openrc_parts import configure, graphite_or_skip
from .processes import listens

SCRIPTS = sorted(path for path in (ROOT / "openrc").glob("*.d/*"))
GRAFANA = '#!/bin/sh\necho "grafana-server $*"\nexec sleep infinity\n'


@pytest.fixture(scope="module")
def machine():
    """A machine with the scripts, configured for programs of this checkout."""
    graphite_or_skip()
    with machine_or_skip() as made:
        made.ports = configure(made)
        yield made


def _fine(machine, name, command):
    code, said = machine.service(name, command)
    assert code == 0, said
    return said


def _runs_at(machine, pattern, but=()):
    """Wait for one process that a pattern fits, and that is none of those; return its pid."""
    return machine.wait_for(lambda: set(machine.pids(pattern)) - set(but)).pop()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: "/".join(path.parts[-2:]))
def test_the_scripts_have_nothing_that_shellcheck_finds_wrong(script):
    """Each is sh without what only bash knows."""
    shellcheck = shutil.which("shellcheck") or missing("shellcheck", "Debian's shellcheck")
    words = [shellcheck, "--shell=sh", "--exclude=SC2034", script]

    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)

    assert done.stdout == ""


@pytest.mark.parametrize("name", ["lagent", "lmaster"])
def test_a_daemon_runs_as_its_user_from_start_to_stop(machine, name):
    """OpenRC starts it, says that it runs, and stops it; the pid file is root's."""
    started = _fine(machine, name, "start")
    status = _fine(machine, name, "status")
    machine.wait_for(lambda: listens(machine.ports[name]))
    owners = machine.run("ps", "-o", "user=", "-p", *machine.pids(f"bin/{name} s"))[1].split()
    pid_file = machine.run("stat", "-c", "%U", f"/run/{name}.pid")[1]
    _fine(machine, name, "stop")

    assert "Starting " + name in started
    assert "status: started" in status
    assert owners[-1] == "fructosa"
    assert pid_file == "root\n"
    assert machine.service(name, "status")[0] == 3
    assert not listens(machine.ports[name])


def test_a_daemon_that_is_killed_is_started_again(machine):
    """The supervisor sees it end."""
    _fine(machine, "lagent", "start")
    killed = _runs_at(machine, "bin/python3? .*lagent serve")

    machine.kill(killed)
    machine.wait_for(lambda: listens(machine.ports["lagent"]))
    again = _runs_at(machine, "bin/python3? .*lagent serve", but=[killed])

    assert again != killed
    assert "status: started" in _fine(machine, "lagent", "status")
    _fine(machine, "lagent", "stop")


def test_a_carbon_that_is_killed_is_started_again_whoever_has_its_number_by_then(machine):
    """It leaves a pid file of its own, and does not start where any process has that number."""
    _fine(machine, "fructosa-graphite", "start")
    machine.wait_for(lambda: listens(machine.ports["pickle"]))
    killed = _runs_at(machine, "^[^ ]*python[^ ]* .*carbon-cache")
    machine.write("/run/fructosa-graphite/carbon.pid", "1")

    machine.kill(killed)
    again = _runs_at(machine, "^[^ ]*python[^ ]* .*carbon-cache", but=[killed])
    machine.wait_for(lambda: listens(machine.ports["pickle"]))

    assert f"{again}" == machine.path("/run/fructosa-graphite/carbon.pid").read_text()
    _fine(machine, "fructosa-graphite", "stop")


@pytest.mark.parametrize("name", ["lagent", "lmaster"])
def test_a_wrong_configuration_is_told_on_the_terminal_and_nothing_starts(machine, name):
    """With the file, the section and what it may have."""
    config = f"/etc/fructosa/{name}.conf"
    right = machine.path(config).read_text() if machine.path(config).exists() else ""
    machine.write(config, "[nonsense]\n")

    code, said = machine.service(name, "start")
    machine.write(config, right)

    assert code == 1
    assert f"{config}:1: [nonsense]: unknown section" in said
    assert machine.service(name, "status")[0] == 3


def test_a_restart_or_reload_with_a_wrong_configuration_leaves_alone_what_runs(machine):
    """The lmaster that runs goes on; a right one is read again."""
    right = machine.path("/etc/fructosa/lmaster.conf").read_text()
    _fine(machine, "lmaster", "start")
    machine.wait_for(lambda: listens(machine.ports["lmaster"]))
    runs = machine.pids("lmaster scrape")
    machine.write("/etc/fructosa/lmaster.conf", "[nonsense]\n")

    refused = [machine.service("lmaster", command)[0] for command in ("restart", "reload")]
    machine.write("/etc/fructosa/lmaster.conf", right + "[nodes:more]\nhosts = 127.0.0.2\n")
    _fine(machine, "lmaster", "reload")
    log = machine.path("/var/log/lmaster.log")
    machine.wait_for(lambda: "2 targets: 1 new" in log.read_text())

    assert refused == [1, 1]
    assert runs == machine.pids("lmaster scrape")
    machine.write("/etc/fructosa/lmaster.conf", right)
    _fine(machine, "lmaster", "stop")


def test_the_user_that_is_missing_is_named(machine):
    """With what makes it."""
    right = machine.path("/etc/conf.d/lagent").read_text()
    machine.write("/etc/conf.d/lagent", right + "LAGENT_USER=nobody-else\n")

    code, said = machine.service("lagent", "start")
    machine.write("/etc/conf.d/lagent", right)

    assert code == 1
    assert "useradd --system nobody-else" in said


def test_grafana_is_started_where_it_is_installed(machine):
    """With its own user, home and configuration."""
    machine.write("/etc/fructosa/grafana-server", GRAFANA, 0o755)
    right = machine.path("/etc/conf.d/fructosa-grafana").read_text()
    other = "GRAFANA=/etc/fructosa/grafana-server\nGRAFANA_USER=fructosa\n"
    machine.write("/etc/conf.d/fructosa-grafana", other)

    _fine(machine, "fructosa-grafana", "start")
    log = machine.path("/var/log/fructosa-grafana.log")
    machine.wait_for(lambda: "--homepath=/usr/share/grafana" in log.read_text())
    status = _fine(machine, "fructosa-grafana", "status")
    _fine(machine, "fructosa-grafana", "stop")
    machine.write("/etc/conf.d/fructosa-grafana", right)

    assert "status: started" in status


def test_the_whole_is_not_well_while_a_part_is_stopped(machine):
    """Status tells which one; stop takes the rest down."""
    _fine(machine, "fructosa", "start")
    _fine(machine, "lmaster", "stop")

    code, said = machine.service("fructosa", "status")
    _fine(machine, "fructosa", "stop")

    assert code == 3
    assert "lmaster: stopped" in said
    assert "graphite: started" in said


def test_nothing_of_the_whole_starts_where_one_part_is_wrong(machine):
    """The configuration of all is checked first."""
    right = machine.path("/etc/fructosa/lmaster.conf").read_text()
    machine.write("/etc/fructosa/lmaster.conf", "[nonsense]\n")

    code, said = machine.service("fructosa", "start")
    machine.write("/etc/fructosa/lmaster.conf", right)

    assert code == 1
    assert "[nonsense]: unknown section" in said
    assert "Starting" not in said


def test_a_part_that_does_not_start_leaves_the_others_running_until_the_stop(machine):
    """lmaster keeps its points while Graphite is away."""
    machine.run("rm", "-rf", "/run/fructosa-graphite")
    machine.write("/run/fructosa-graphite", "a file, where carbon's folder should be")

    code, said = machine.service("fructosa", "start")
    status = machine.service("fructosa", "status")[1]
    stop = _fine(machine, "fructosa", "stop")
    machine.path("/run/fructosa-graphite").unlink()

    assert code == 1
    assert "failed to start: graphite graphite-web" in said
    assert "lmaster: started" in status
    assert "Stopping lmaster" in stop
